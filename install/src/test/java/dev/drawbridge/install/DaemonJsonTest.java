package dev.drawbridge.install;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** daemon.json: our two keys change, nothing else does. */
final class DaemonJsonTest {
  private static final String SHIM = "/usr/libexec/drawbridge/drawbridge-runc";

  @Test
  void anAbsentFileBecomesOneWithOnlyOurRuntime() {
    assertEquals(
        """
        {
          "runtimes": {
            "drawbridge": {
              "path": "/usr/libexec/drawbridge/drawbridge-runc"
            }
          }
        }
        """,
        good("").with(SHIM, false).text());
  }

  @Test
  void everyOtherKeyKeepsItsPlaceItsSpellingAndTheFilesIndentation() {
    String before =
        """
        {
        \t"log-opts": {"max-size": "10m"},
        \t"max-concurrent-downloads": 1e1,
        \t"of-tomorrow": [18446744073709551615, null, {"a<b": "é&"}],
        \t"runtimes": {"nvidia": {"path": "nvidia-container-runtime", "runtimeArgs": []}},
        \t"debug": false
        }
        """;
    String after = good(before).with(SHIM, false).text();
    for (String kept :
        List.of("1e1", "18446744073709551615", "null", "\"a<b\": \"é&\"", "\"runtimeArgs\": []")) {
      assertTrue(after.contains(kept), kept + " in " + after);
    }
    assertTrue(after.contains("\n\t\"log-opts\""), after);
    assertTrue(after.indexOf("log-opts") < after.indexOf("runtimes"));
    assertTrue(after.indexOf("runtimes") < after.indexOf("debug"));
    assertTrue(after.indexOf("nvidia") < after.indexOf("drawbridge"));
  }

  @Test
  void registeringTwiceGivesTheVeryTextThatWasRead() {
    String odd = "{ \"runtimes\" :{\"drawbridge\":  {\"path\":\"" + SHIM + "\"}}}";
    assertEquals(odd, good(odd).with(SHIM, false).text());
    String once = good("{\"debug\":true}").with(SHIM, true).text();
    assertEquals(once, good(once).with(SHIM, true).text());
    assertEquals(once, good(once).with(SHIM, false).text());
  }

  @Test
  void registeringAndUnregisteringLeavesTheSameTree() {
    for (String before :
        List.of(
            "{}",
            "{\"debug\":true}",
            "{\"default-runtime\":\"nvidia\",\"runtimes\":{\"nvidia\":{\"path\":\"/n\"}}}")) {
      DaemonJson file = good(before);
      Optional<String> displaced = file.defaultRuntime();
      String after =
          good(file.with(SHIM, true).text())
              .withDefaultRestored(displaced, false)
              .without(false)
              .text();
      assertEquals(
          com.google.gson.JsonParser.parseString(before),
          com.google.gson.JsonParser.parseString(after));
    }
  }

  @Test
  void aDefaultThatSomebodyElseHasSetSinceIsLeftAlone() {
    DaemonJson file = good("{\"default-runtime\":\"kata\"}");
    assertEquals(
        Optional.of("kata"),
        file.withDefaultRestored(Optional.of("nvidia"), true).defaultRuntime());
  }

  @Test
  void aRunningDockerdIsToldWhatToForget() {
    DaemonJson file = good(good("{}").with(SHIM, true).text());
    assertEquals(
        "{\"runtimes\":{},\"default-runtime\":\"runc\"}",
        com.google.gson.JsonParser.parseString(
                file.withDefaultRestored(Optional.empty(), true).without(true).text())
            .toString());
  }

  @Test
  void findsTheProgramThatTheShimHasToChainTo() {
    DaemonJson file =
        good(
            """
            {"runtimes":{
              "nvidia":{"path":"nvidia-container-runtime","runtimeArgs":[]},
              "crun":{"runtimeType":"io.containerd.runc.v2","options":{"BinaryName":"/usr/bin/crun"}},
              "kata":{"runtimeType":"io.containerd.kata.v2"},
              "gvisor":{"path":"/usr/bin/runsc","runtimeArgs":["--network=host"]},
              "odd":5}}\
            """);
    assertEquals(new DaemonJson.Target.Program("runc"), file.program("runc"));
    assertEquals(new DaemonJson.Target.Program("nvidia-container-runtime"), file.program("nvidia"));
    assertEquals(new DaemonJson.Target.Program("/usr/bin/crun"), file.program("crun"));
    for (String name : List.of("kata", "gvisor", "odd", "absent")) {
      assertInstanceOf(DaemonJson.Target.Unsuitable.class, file.program(name), name);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{",
        "[]",
        "null",
        "\"x\"",
        "{} {}",
        "{\"a\":1,}",
        "# comment\n{}",
        "{a:1}",
        "{\"runtimes\":[]}",
        "{\"runtimes\":null}",
        "{\"default-runtime\":5}",
        "{\"default-runtime\":null}",
      })
  void whatDockerWouldNotAcceptIsNotEdited(String text) {
    assertInstanceOf(DaemonJson.Reading.Bad.class, DaemonJson.parse(text));
  }

  @Test
  void aFileCutAtEveryPlaceIsNotEdited() {
    String text = "{\"runtimes\":{\"x\":{\"path\":\"/x\"}},\"debug\":true}";
    for (int cut = 1; cut < text.length(); cut++) {
      assertInstanceOf(
          DaemonJson.Reading.Bad.class, DaemonJson.parse(text.substring(0, cut)), "cut " + cut);
    }
  }

  private static DaemonJson good(String text) {
    return switch (DaemonJson.parse(text)) {
      case DaemonJson.Reading.Good good -> good.file();
      case DaemonJson.Reading.Bad bad -> throw new AssertionError(bad.why());
    };
  }
}
