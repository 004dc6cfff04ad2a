package dev.drawbridge.hook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** config.json: what we add is there once and last, everything else is as it was. */
final class OciSpecTest {
  private static final HookEntry CREATE =
      HookEntry.createRuntime(Path.of("/usr/libexec/drawbridge-hook"), Path.of("/run/h.sock"), 8);
  private static final HookEntry STOP =
      HookEntry.poststop(Path.of("/usr/libexec/drawbridge-hook"), Path.of("/run/h.sock"));

  private static final String SPEC =
      """
      {"ociVersion":"1.0.2-dev","of":{"to":["morrow",null,{}]},
       "process":{"args":["a<b>&'c","\\u2028é\\u0000"],"capabilities":{"bounding":["CAP_CHOWN","CAP_NET_RAW"]}},
       "mounts":[{"destination":"/proc","type":"proc","source":"proc"},
                 {"destination":"/etc/hostname","type":"bind","source":"/d/containers/x/hostname"},7],
       "annotations":{"app":"api","odd":5},
       "linux":{"cgroupsPath":"/docker/x","resources":{"memory":{"limit":18446744073709551615},
         "cpu":{"shares":1e3,"quota":-0,"period":1.50}},"seccomp":{"args":[9007199254740993]},
         "namespaces":[{"type":"mount"},{"type":"network","path":"/proc/5/ns/net"}]}}
      """;

  @TempDir Path bundle;

  @Test
  void addsBothHooksAndKeepsUnknownFieldsAndNumbersAsTheyWereSpelled() throws Exception {
    write(SPEC);
    assertTrue(patch());
    String text = Files.readString(file());
    for (String spelled :
        List.of(
            "18446744073709551615", "1e3", "-0", "1.50", "9007199254740993", "a<b>&'c", "null")) {
      assertTrue(text.contains(spelled), spelled + " in " + text);
    }
    JsonObject tree = tree();
    JsonObject hooks = tree.remove("hooks").getAsJsonObject();
    assertEquals(JsonParser.parseString(SPEC).toString(), tree.toString());
    assertEquals(
        """
        {"path":"/usr/libexec/drawbridge-hook",\
        "args":["drawbridge-hook","createRuntime","--socket","/run/h.sock","--timeout-ms","8000"],\
        "env":["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],"timeout":10}\
        """,
        hooks.getAsJsonArray("createRuntime").get(0).toString());
    assertEquals(
        """
        {"path":"/usr/libexec/drawbridge-hook",\
        "args":["drawbridge-hook","poststop","--socket","/run/h.sock"],\
        "env":["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],"timeout":5}\
        """,
        hooks.getAsJsonArray("poststop").get(0).toString());
  }

  @Test
  void comesLastAndLeavesTheHooksOfOthersAlone() throws Exception {
    write(
        """
        {"hooks":{"prestart":[{"path":"/a"}],"createRuntime":[{"path":"/b","args":["x"]},{"path":"/c"}],
        "poststop":null,"startContainer":[]}}\
        """);
    assertTrue(patch());
    JsonObject hooks = tree().getAsJsonObject("hooks");
    assertEquals("[{\"path\":\"/a\"}]", hooks.get("prestart").toString());
    JsonArray create = hooks.getAsJsonArray("createRuntime");
    assertEquals(3, create.size());
    assertEquals("{\"path\":\"/b\",\"args\":[\"x\"]}", create.get(0).toString());
    assertTrue(create.get(2).toString().contains("drawbridge-hook"));
    assertEquals(1, hooks.getAsJsonArray("poststop").size());
    assertTrue(hooks.has("startContainer"));
  }

  @Test
  void doingItTwiceDoesNotTouchTheFile() throws Exception {
    write(SPEC);
    assertTrue(patch());
    byte[] once = Files.readAllBytes(file());
    Files.setLastModifiedTime(file(), FileTime.fromMillis(1000));
    assertFalse(patch());
    assertEquals(1000, Files.getLastModifiedTime(file()).toMillis());
    assertEquals(new String(once, StandardCharsets.UTF_8), Files.readString(file()));
  }

  @Test
  void anOlderEntryOfOursIsReplacedAndMovedToTheEnd() throws Exception {
    write(
        """
        {"hooks":{"createRuntime":[{"path":"/usr/libexec/drawbridge-hook","args":["old"]},{"path":"/b"}]}}\
        """);
    assertTrue(patch());
    JsonArray create = tree().getAsJsonObject("hooks").getAsJsonArray("createRuntime");
    assertEquals(2, create.size());
    assertEquals("{\"path\":\"/b\"}", create.get(0).toString());
    assertTrue(create.get(1).toString().contains("--socket"));
  }

  @Test
  void keepsModeAndLeavesNoTemporaryFileBehind() throws Exception {
    write(SPEC);
    Files.setPosixFilePermissions(file(), PosixFilePermissions.fromString("rw-r-----"));
    assertTrue(patch());
    assertEquals("rw-r-----", PosixFilePermissions.toString(Files.getPosixFilePermissions(file())));
    try (var files = Files.list(bundle)) {
      assertEquals(List.of(file()), files.toList());
    }
  }

  @Test
  void readsWhatTheAgentWantsToKnow() throws Exception {
    write(SPEC);
    OciSpec spec = OciSpec.read(bundle).toOptional().orElseThrow();
    assertEquals("{app=api}", spec.annotations().toString());
    assertEquals("/docker/x", spec.cgroupsPath().orElse(""));
    assertEquals(Set.of("CAP_CHOWN", "CAP_NET_RAW"), spec.capabilities());
    assertEquals(new OciSpec.Network.Joined(Path.of("/proc/5/ns/net")), spec.network());
    assertEquals(2, spec.mounts().size());
    assertEquals("/etc/hostname", spec.mounts().get(1).destination());
  }

  @Test
  void takesACapabilityFromEverySetAndNothingElse() throws Exception {
    write(
        """
        {"process":{"args":["CAP_NET_RAW"],"capabilities":{"bounding":["CAP_NET_RAW","CAP_CHOWN"],
        "effective":["CAP_CHOWN","CAP_NET_RAW","CAP_NET_RAW"],"permitted":["CAP_NET_RAW"],
        "inheritable":null,"ambient":["CAP_NET_RAW",5],"odd":["CAP_NET_RAW"]}}}\
        """);
    OciSpec spec = OciSpec.read(bundle).toOptional().orElseThrow();
    assertEquals(Set.of("CAP_CHOWN", "CAP_NET_RAW"), spec.capabilities());
    OciSpec without = spec.withoutCapability("CAP_NET_RAW").toOptional().orElseThrow();
    assertEquals(Set.of("CAP_CHOWN"), without.capabilities());
    assertTrue(without.write().toOptional().orElseThrow());
    assertEquals(
        "{\"process\":{\"args\":[\"CAP_NET_RAW\"],\"capabilities\":{\"bounding\":[\"CAP_CHOWN\"],"
            + "\"effective\":[\"CAP_CHOWN\"],\"permitted\":[],\"inheritable\":null,\"ambient\":[5],"
            + "\"odd\":[\"CAP_NET_RAW\"]}}}",
        Files.readString(file()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{\"process\":{}}",
        "{\"process\":{\"capabilities\":null}}",
        "{\"process\":5}"
      })
  void takesNothingWhereThereIsNothing(String spec) throws Exception {
    write(spec);
    OciSpec read = OciSpec.read(bundle).toOptional().orElseThrow();
    assertFalse(
        read.withoutCapability("CAP_NET_RAW")
            .toOptional()
            .orElseThrow()
            .write()
            .toOptional()
            .orElseThrow());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"process\":{\"capabilities\":[\"CAP_NET_RAW\"]}}",
        "{\"process\":{\"capabilities\":\"CAP_NET_RAW\"}}",
        "{\"process\":{\"capabilities\":{\"bounding\":\"CAP_NET_RAW\"}}}",
        "{\"process\":{\"capabilities\":{\"ambient\":{}}}}"
      })
  void refusesCapabilitiesOfAnUnknownShape(String spec) throws Exception {
    write(spec);
    assertTrue(
        OciSpec.read(bundle)
            .toOptional()
            .orElseThrow()
            .withoutCapability("CAP_NET_RAW")
            .toOptional()
            .isEmpty());
  }

  @Test
  void tellsTheThreeKindsOfNetworkApart() throws Exception {
    write("{\"linux\":{\"namespaces\":[{\"type\":\"network\"}]}}");
    assertEquals(
        new OciSpec.Network.Own(), OciSpec.read(bundle).toOptional().orElseThrow().network());
    write("{\"linux\":{\"namespaces\":[{\"type\":\"mount\"}]}}");
    assertEquals(
        new OciSpec.Network.Host(), OciSpec.read(bundle).toOptional().orElseThrow().network());
    write("{}");
    assertEquals(
        new OciSpec.Network.Host(), OciSpec.read(bundle).toOptional().orElseThrow().network());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "{",
        "[]",
        "null",
        "5",
        "\"x\"",
        "{}{}",
        "{} x",
        "{\"a\":1,}",
        "{a:1}",
        "{'a':1}",
        "{\"a\":NaN}",
        "{\"a\":01}",
        "// comment\n{}",
        "{\"a\":\"\n\"}",
        "{\"a\":\"\\x\"}",
      })
  void corruptTextIsASentenceThatNamesTheFile(String text) throws Exception {
    write(text);
    var failed = assertInstanceOf(Attempt.Failed.class, OciSpec.read(bundle));
    assertTrue(failed.sentence().startsWith(file().toString()), failed.sentence());
    assertEquals(1, failed.sentence().lines().count());
  }

  @Test
  void aSpecCutAtEveryPlaceIsASentence() throws Exception {
    String compact = JsonParser.parseString(SPEC).toString();
    for (int cut = 0; cut < compact.length(); cut++) {
      write(compact.substring(0, cut));
      assertInstanceOf(Attempt.Failed.class, OciSpec.read(bundle), "cut at " + cut);
    }
  }

  @Test
  void bytesThatAreNotUtf8AreASentence() throws Exception {
    Files.write(file(), new byte[] {'{', '"', (byte) 0xff, '"', ':', '1', '}'});
    assertInstanceOf(Attempt.Failed.class, OciSpec.read(bundle));
  }

  @Test
  void aLoneSurrogateIsNotWrittenAsSomethingElse() throws Exception {
    write("{\"a\":\"\\ud800\"}");
    assertInstanceOf(
        Attempt.Failed.class,
        OciSpec.read(bundle).then(s -> s.withHooks(CREATE, STOP)).then(OciSpec::write));
    assertEquals("{\"a\":\"\\ud800\"}", Files.readString(file()));
  }

  @Test
  void deepNestingIsASentenceNotAStackOverflow() throws Exception {
    write("{\"a\":" + "[".repeat(100_000) + "]".repeat(100_000) + "}");
    assertInstanceOf(Attempt.Failed.class, OciSpec.read(bundle));
  }

  @Test
  void absentDirectoryAndUnreadableFileAreSentences() throws Exception {
    assertInstanceOf(Attempt.Failed.class, OciSpec.read(bundle.resolve("nowhere")));
    Files.createDirectory(file());
    assertInstanceOf(Attempt.Failed.class, OciSpec.read(bundle));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"hooks\":[]}",
        "{\"hooks\":\"x\"}",
        "{\"hooks\":{\"createRuntime\":{}}}",
        "{\"hooks\":{\"poststop\":5}}",
      })
  void hooksOfAnUnexpectedTypeAreNotOverwritten(String text) throws Exception {
    write(text);
    var spec = OciSpec.read(bundle).toOptional().orElseThrow();
    assertInstanceOf(Attempt.Failed.class, spec.withHooks(CREATE, STOP));
    assertEquals(text, Files.readString(file()));
  }

  @Test
  void aSpecBehindASymbolicLinkIsNotReplaced() throws Exception {
    Path real = bundle.resolve("real.json");
    Files.writeString(real, SPEC);
    Files.createSymbolicLink(file(), real);
    var spec = OciSpec.read(bundle).then(s -> s.withHooks(CREATE, STOP)).toOptional().orElseThrow();
    assertInstanceOf(Attempt.Failed.class, spec.write());
    assertEquals(SPEC, Files.readString(real));
  }

  private boolean patch() {
    return switch (OciSpec.read(bundle)
        .then(spec -> spec.withHooks(CREATE, STOP))
        .then(OciSpec::write)) {
      case Attempt.Done<Boolean> done -> done.value();
      case Attempt.Failed<Boolean> failed -> throw new AssertionError(failed.sentence());
    };
  }

  private Path file() {
    return bundle.resolve("config.json");
  }

  private void write(String text) throws Exception {
    Files.writeString(file(), text);
  }

  private JsonObject tree() throws Exception {
    return JsonParser.parseString(Files.readString(file())).getAsJsonObject();
  }
}
