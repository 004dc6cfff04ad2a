package dev.drawbridge.hook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** drawbridge-runc where the first process is about to run. */
final class StartTest {
  @TempDir Path directory;

  @Test
  void theAgentIsAskedBeforeTheFirstProcessRuns() throws Exception {
    var shim = new Programs.Shim(directory);
    try (var agent = new RecordingAgent(shim.socket)) {
      assertEquals(0, shim.run("--root", "/r", "--log", "/l", "start", "box").exit());
      assertEquals(List.of("start box"), agent.asked);
      assertEquals(List.of("--root", "/r", "--log", "/l", "start", "box"), shim.reached());
      assertEquals(0, shim.run("start", "--help").exit());
      assertEquals(0, shim.run("state", "box").exit());
      assertEquals(0, shim.run("kill", "box", "KILL").exit());
      assertEquals(List.of("start box"), agent.asked);
    }
  }

  @Test
  void itDoesNotRunWhereTheAgentRefusesOrIsAway() throws Exception {
    var shim = new Programs.Shim(directory);
    Path log = directory.resolve("log.json");
    try (var agent = new RecordingAgent(shim.socket)) {
      agent.reply = HookReply.refuse("no interface");
      var outcome = shim.run("--log", log.toString(), "--log-format", "json", "start", "box");
      assertEquals(1, outcome.exit());
      assertEquals("drawbridge: no interface\n", outcome.err());
      assertTrue(Files.readString(log).contains("drawbridge: no interface"));
    }
    assertEquals(1, shim.run("start", "box").exit());
    assertEquals(List.of(), shim.reached());
    Files.createFile(shim.exempt.resolve("box"));
    assertEquals(0, shim.run("start", "box").exit());
    assertEquals(List.of("start", "box"), shim.reached());
  }

  @Test
  void whatIsUninstalledAsksNobody() throws Exception {
    var shim = new Programs.Shim(directory, "passthrough=true");
    assertEquals(0, shim.run("start", "box").exit());
    assertEquals(List.of("start", "box"), shim.reached());
  }
}
