package dev.drawbridge.hook;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.JsonParser;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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

  @ParameterizedTest
  @ValueSource(strings = {"", "{", "\"capabilities\":{\"CAP_NET_RAW", "\"capabilities\":"})
  void brokenFilesAreTheRuntimesToJudge(String text) throws Exception {
    assertEquals(text, executed(WITHOUT, text));
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
