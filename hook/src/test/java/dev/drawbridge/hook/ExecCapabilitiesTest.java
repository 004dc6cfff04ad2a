package dev.drawbridge.hook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonParser;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the shim leaves of CAP_NET_RAW in the process that an exec adds. Nobody is asked. */
final class ExecCapabilitiesTest {
  private static final String WITHOUT =
      "{\"config\":{\"capabilities\":{\"Bounding\":[\"CAP_CHOWN\"]}}}";
  private static final String WITH =
      "{\"config\":{\"capabilities\":{\"Bounding\":[\"CAP_NET_RAW\"]}}}";

  @TempDir Path directory;
  private Programs.Shim shim;
  private Path root;
  private Path process;

  @BeforeEach
  void prepare() throws Exception {
    shim = new Programs.Shim(directory);
    root = directory.resolve("root");
    process = directory.resolve("runc-process1");
    Files.createDirectories(root.resolve("box"));
  }

  private String executed(String state, String text) throws Exception {
    Files.writeString(root.resolve("box/state.json"), state);
    Files.writeString(process, text);
    var outcome =
        shim.run(
            "--root", root.toString(), "exec", "--process", process.toString(), "--detach", "box");
    assertEquals(0, outcome.exit(), outcome.err());
    return Files.readString(process);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {"capabilities":{"bounding":["CAP_NET_RAW"]}} | {"capabilities":{"bounding":[]}}
          {"capabilities":{"a":["CAP_NET_RAW","CAP_X"]}} | {"capabilities":{"a":["CAP_X"]}}
          {"capabilities":{"a":["CAP_X","CAP_NET_RAW"]}} | {"capabilities":{"a":["CAP_X"]}}
          {"capabilities":{"a":["CAP_X", "CAP_NET_RAW" , "CAP_Y"]}} | {"capabilities":{"a":["CAP_X","CAP_Y"]}}
          {"capabilities":{"a":["CAP_NET_RAW","CAP_NET_RAW"],"b":["CAP_NET_RAW"]}} | {"capabilities":{"a":[],"b":[]}}
          {"args":["capabilities"],"capabilities" : {"a":["CAP_NET_RAW"]}} | {"args":["capabilities"],"capabilities":{"a":[]}}
          {"args":["CAP_NET_RAW"],"capabilities":{"a":[]}} | {"args":["CAP_NET_RAW"],"capabilities":{"a":[]}}
          {"capabilities":{"a":["CAP_NET_RAWX"]}} | {"capabilities":{"a":["CAP_NET_RAWX"]}}
          {"capabilities":null} | {"capabilities":null}
          {"args":["sh"]} | {"args":["sh"]}
          """)
  void takesNetRawFromTheProcessAndNothingElse(String before, String after) throws Exception {
    String now = executed(WITHOUT, before);
    assertEquals(before.length(), now.length());
    assertEquals(JsonParser.parseString(after), JsonParser.parseString(now));
  }

  @Test
  void quotedTextInArgumentsIsNoCapability() throws Exception {
    String process =
        "{\"args\":[\"\\\"capabilities\\\":{\\\"CAP_NET_RAW\\\"\"],\"capabilities\":{\"a\":[\"CAP_Y\"]}}";
    assertEquals(process, executed(WITHOUT, process));
  }

  @Test
  void containerThatKeepsNetRawKeepsItInExec() throws Exception {
    String process = "{\"capabilities\":{\"a\":[\"CAP_NET_RAW\"]}}";
    assertEquals(process, executed(WITH, process));
  }

  @Test
  void privilegedExecIsTheOperatorsWish() throws Exception {
    String process = "{\"capabilities\":{\"a\":[\"CAP_NET_RAW\",\"CAP_SYS_ADMIN\"]}}";
    assertEquals(process, executed(WITHOUT, process));
  }

  @Test
  void containerWithoutReadableStateGetsNoNetRaw() throws Exception {
    Files.writeString(process, "{\"capabilities\":{\"a\":[\"CAP_NET_RAW\"]}}");
    shim.run("--root", root.toString(), "exec", "-p", process.toString(), "nobody");
    assertEquals("{\"capabilities\":{\"a\":[             ]}}", Files.readString(process));
  }

  @Test
  void anEmptyFileIsTheRuntimesToJudge() throws Exception {
    assertEquals("", executed(WITHOUT, ""));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{",
        "[]",
        "\"x\"",
        "{\"capabilities\":{\"CAP_NET_RAW",
        "\"capabilities\":",
        "{\"capabilities\":{\"a\":[\"CAP_NET_RAW\"]}",
        "{\"capabilities\":{\"a\":[\"CAP_NET_RAW\"]}} x",
        "{\"capabilities\":{\"a\":[\"CAP_NET_RAW\",]}}",
        "{\"capabilities\":{\"a\":[\"CAP_NET_RAW\" \"x\"]}}",
        "{\"capabilities\":{\"a\":[\"CAP_NET_RAW\"]},\"x\":\"\\q\"}",
        "{\"capabilities\":{\"a\":[\"CAP_NET_RAW\"]},\"capabilities\":{\"a\":[]}}",
        "{\"capabilities\":{\"a\":[\"CAP_NET_RAW\"]},\"\\u0063apabilities\":{\"a\":[]}}",
        "{\"capabilities\":{\"a\":[\"CAP_NET_RAW\"]},\"Capabilitie\u017f\":{\"a\":[]}}"
      })
  void aFileThatCanBeReadInTwoWaysOrNoneStartsNothing(String text) throws Exception {
    refused(WITHOUT, text);
  }

  @Test
  void depthHasTheLimitOfTheRuntimesReader() throws Exception {
    String raw = ",\"capabilities\":{\"a\":[\"CAP_NET_RAW\"]}}";
    String deep = "[".repeat(9_998) + "]".repeat(9_998);
    assertEquals(
        "{\"x\":" + deep + raw.replace("\"CAP_NET_RAW\"", " ".repeat(13)),
        executed(WITHOUT, "{\"x\":" + deep + raw));
    refused(WITHOUT, "{\"x\":" + "[".repeat(10_001) + "]".repeat(10_001) + raw);
  }

  @Test
  void aLargeFileIsReadToItsEnd() throws Exception {
    String text =
        "{\"env\":[\""
            + "CAP_SYS_ADMIN ".repeat(600_000)
            + "\"],"
            + "\"capabilities\":{\"a\":[\"CAP_NET_RAW\"]}}";
    assertEquals(text.replace("\"CAP_NET_RAW\"", " ".repeat(13)), executed(WITHOUT, text));
  }

  private void refused(String state, String text) throws Exception {
    Files.writeString(root.resolve("box/state.json"), state);
    Files.writeString(process, text);
    Files.deleteIfExists(shim.calls);
    var outcome = shim.run("--root", root.toString(), "exec", "-p", process.toString(), "box");
    assertEquals(1, outcome.exit(), text);
    assertTrue(outcome.err().contains("process not started"), outcome.err());
    assertEquals(List.of(), shim.reached());
    assertEquals(text, Files.readString(process));
  }

  /** A state as runc 1.1 keeps it, with a mark at each place where a string stands. */
  private static final String STATE =
      """
      {"id":"@","init_process_pid":7,"config":{"rootfs":"@","hostname":"@","labels":["bundle=@",
      "a=@"],"mounts":[{"source":"@","destination":"@","data":"@"}],"capabilities":{"Bounding":[
      "CAP_CHOWN"],"Effective":["CAP_CHOWN"],"x":"@","y":{"z":["@"]}},"Hooks":{"createRuntime":[
      {"path":"@","args":["@"],"env":["@"],"capabilities":{"a":["@"]}}]},"sysctl":{"@":"@"}},
      "capabilities":{"Bounding":["@"]},"namespace_paths":{"NEWNET":"@"},"h":{"config":{
      "capabilities":{"Bounding":["@"]}}}}\
      """;

  /** Each spelling that a reader of JSON takes for the word, and texts that only hold it. */
  private static List<String> spellings(String word) {
    return List.of(
        word,
        "\\u0043" + word.substring(1),
        word + "\\\" , \\\"" + word,
        "\\\"capabilities\\\":{\\\"a\\\":[\\\"" + word + "\\\"]}");
  }

  /** The text with the word at its n-th place and nothing at the others; empty past the last. */
  private static Optional<String> at(int place, String template, String word) {
    String[] parts = template.split("@", -1);
    if (place >= parts.length - 1) {
      return Optional.empty();
    }
    StringBuilder text = new StringBuilder(parts[0]);
    for (int i = 1; i < parts.length; i++) {
      text.append(i - 1 == place ? word : "x" + i).append(parts[i]);
    }
    return Optional.of(text.toString());
  }

  @Test
  void noStringButThoseOfTheCapabilitiesDecides() throws Exception {
    String plain = at(0, STATE, "x").orElseThrow();
    int tried = 0;
    for (String word : List.of("CAP_SYS_ADMIN", "CAP_NET_RAW")) {
      for (String spelling : spellings(word)) {
        for (int place = 0; ; place++) {
          Optional<String> process = at(place, process(false), spelling);
          Optional<String> state = at(place, STATE, spelling);
          if (process.isPresent()) {
            assertEquals(
                at(place, process(true), spelling).orElseThrow(),
                executed(plain, process.get()),
                word + " at " + place);
            tried++;
          }
          if (state.isPresent()) {
            assertEquals(
                at(0, process(true), "x"),
                Optional.of(executed(state.get(), at(0, process(false), "x").orElseThrow())),
                word + " in state at " + place);
            tried++;
          }
          if (process.isEmpty() && state.isEmpty()) {
            break;
          }
        }
      }
    }
    assertTrue(tried > 250, "only " + tried + " places were tried");
  }

  private static final String[] ASKED = {
    "\"CAP_NET_RAW\",", "\"\\u0043AP_NET_RAW\",", ",\"cap_net_raw\""
  };

  private static String process(boolean blanked) {
    Object[] parts = ASKED.clone();
    if (blanked) {
      Arrays.setAll(parts, i -> " ".repeat(ASKED[i].length()));
    }
    return """
    {"terminal":false,"user":{"uid":0,"gid":0,"username":"@"},"args":["@","@"],"env":["@","A=@"],
    "cwd":"@","apparmorProfile":"@","selinuxLabel":"@","rlimits":[{"type":"@","hard":1}],"x":
    {"capabilities":{"bounding":["@"]}},"capabilities":{"bounding":[%s"CAP_CHOWN"],"effective":
    [%s"CAP_CHOWN"],"permitted":["CAP_CHOWN"%s],"o":{"a":["@"]},"n":"@","k":[["@"]]},"ioPriority":
    {"class":"@"},"args2":[{"capabilities":["@"]},["@"]]}\
    """
        .formatted(parts);
  }

  @Test
  void flagsOfTheCommandAreNotTheShims() throws Exception {
    Files.writeString(process, "{\"capabilities\":{\"a\":[\"CAP_NET_RAW\"]}}");
    shim.run("exec", "box", "tool", "--process", process.toString());
    assertEquals("{\"capabilities\":{\"a\":[\"CAP_NET_RAW\"]}}", Files.readString(process));
    assertEquals(List.of("exec", "box", "tool", "--process", process.toString()), shim.reached());
  }

  @Test
  void passThroughLeavesProcessesAlone() throws Exception {
    shim = new Programs.Shim(directory.resolve("other"), "passthrough=true");
    String process = "{\"capabilities\":{\"a\":[\"CAP_NET_RAW\"]}}";
    assertEquals(process, executed(WITHOUT, process));
  }
}
