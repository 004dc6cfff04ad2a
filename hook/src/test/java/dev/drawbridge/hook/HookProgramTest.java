package dev.drawbridge.hook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** drawbridge-hook: every path ends in a decided exit code, standard output stays empty. */
// An agent that only has to be there is referenced by nobody.
@SuppressWarnings("try")
final class HookProgramTest {
  private static final String STATE =
      "{\"ociVersion\":\"1.0.2-dev\",\"id\":\"box\",\"status\":\"creating\",\"pid\":7,"
          + "\"bundle\":\"/b\"}";

  @TempDir Path directory;
  private Path socket;
  private Path exempt;

  @BeforeEach
  void prepare() throws Exception {
    socket = directory.resolve("run/hook.sock");
    exempt = Files.createDirectory(directory.resolve("exempt"));
  }

  @Test
  void goIsExitZeroAndSilence() throws Exception {
    try (var agent = new RecordingAgent(socket)) {
      var outcome = hook(STATE, "createRuntime");
      assertEquals(0, outcome.exit());
      assertEquals("", outcome.out() + outcome.err());
      assertEquals(List.of("createRuntime box /b"), agent.asked);
    }
  }

  @Test
  void refusalIsOneSentenceOnStandardErrorAndExitOne() throws Exception {
    try (var agent = new RecordingAgent(socket)) {
      agent.reply = HookReply.refuse("drawbridge: no");
      var outcome = hook(STATE, "createRuntime");
      assertEquals(1, outcome.exit());
      assertEquals("drawbridge: no\n", outcome.err());
      assertEquals("", outcome.out());
    }
  }

  @Test
  void refusalIsTheLastWordOfTheBundlesLogWhateverTheRuntimeGoesOnToWrite() throws Exception {
    Path log = directory.resolve("log.json");
    String earlier = "{\"level\":\"warning\",\"msg\":\"w\"}\n";
    Files.writeString(log, earlier);
    try (var agent = new RecordingAgent(socket);
        var runtime = Files.newBufferedWriter(log, StandardOpenOption.APPEND)) {
      agent.reply = HookReply.refuse("drawbridge: no \"box\"");
      assertEquals(1, hook(STATE.replace("/b", directory.toString()), "createRuntime").exit());
      runtime.write("{\"level\":\"error\",\"msg\":\"error executing hook\"}\n");
    }
    List<String> lines = Files.readAllLines(log);
    assertEquals(2, lines.size(), lines.toString());
    assertEquals(earlier.strip(), lines.getFirst());
    assertTrue(
        lines.getLast().startsWith("{\"level\":\"error\",\"msg\":\"drawbridge: no \\\"box\\\"\""),
        lines.getLast());
  }

  @Test
  void aLogThatIsNotThereOrNotAFileIsLeftAlone() throws Exception {
    Path elsewhere = Files.writeString(directory.resolve("elsewhere"), "mine");
    try (var agent = new RecordingAgent(socket)) {
      agent.reply = HookReply.refuse("drawbridge: no");
      String state = STATE.replace("/b", directory.toString());
      assertEquals(1, hook(state, "createRuntime").exit());
      assertFalse(Files.exists(directory.resolve("log.json")));
      Files.createSymbolicLink(directory.resolve("log.json"), elsewhere);
      assertEquals(1, hook(state, "createRuntime").exit());
      assertEquals("mine", Files.readString(elsewhere));
    }
  }

  @Test
  void stateReachesTheAgentByteForByteEvenIfItIsAlmostAMebibyte() throws Exception {
    String filler = "ü".repeat((1 << 19) - 200);
    String state = STATE.replace("}", ",\"annotations\":{\"a\":\"" + filler + "\"}}");
    try (var agent = new RecordingAgent(socket)) {
      assertEquals(0, hook(state, "createRuntime").exit());
      assertEquals(List.of("createRuntime box /b"), agent.asked);
    }
  }

  @Test
  void moreThanAMebibyteIsRefusedWithoutAskingAnybody() throws Exception {
    try (var agent = new RecordingAgent(socket)) {
      var outcome = hook(" ".repeat((1 << 20) + 1), "createRuntime");
      assertEquals(1, outcome.exit());
      assertTrue(outcome.err().contains("more than 1 MiB"), outcome.err());
      assertEquals(List.of(), agent.asked);
    }
  }

  @Test
  void emptyInputIsRefused() throws Exception {
    try (var agent = new RecordingAgent(socket)) {
      var outcome = hook("", "createRuntime");
      assertEquals(1, outcome.exit());
      assertEquals(1, outcome.errLines().size());
      assertEquals(List.of(), agent.asked);
    }
  }

  @Test
  void inputThatIsNoStateIsTheAgentsToRefuse() throws Exception {
    try (var agent = new RecordingAgent(socket)) {
      for (String state :
          List.of("{", "[]", "null", "{}", "{\"id\":\"../x\",\"bundle\":\"/b\"}", "\0\0", "\"")) {
        var outcome = hook(state, "createRuntime");
        assertEquals(1, outcome.exit(), state);
        assertEquals(1, outcome.errLines().size(), outcome.err());
        assertTrue(outcome.err().startsWith("drawbridge: container not started: "));
      }
      assertEquals(List.of(), agent.asked);
    }
  }

  @Test
  void absentAgentIsOneSentence() throws Exception {
    var outcome = hook(STATE, "createRuntime");
    assertEquals(1, outcome.exit());
    assertEquals(
        "drawbridge: container not started: the agent is not answering on "
            + socket
            + " (No such file or directory); start it (systemctl start drawbridge, or"
            + " ./drawbridge up); names in \"exempt\" of its agent.json start without it once it has"
            + " seen them\n",
        outcome.err());
  }

  @Test
  void silentAgentIsGivenUp() throws Exception {
    try (var agent = new RawAgent(socket, channel -> {})) {
      var outcome = hook(STATE, "createRuntime", "--timeout-ms", "300");
      assertEquals(1, outcome.exit());
      assertTrue(outcome.err().contains("(Connection timed out)"), outcome.err());
      assertTrue(outcome.took().toMillis() < 3000);
    }
  }

  @Test
  void exemptContainerStartsWithoutAnAgent() throws Exception {
    Files.createFile(exempt.resolve("box"));
    for (String state :
        List.of(
            STATE,
            "{ \"annotations\" : {\"id\":\"other\"} , \"id\" :\n\"box\" }",
            "{\"x\\\"id\":\"y\",\"list\":[{\"id\":\"other\"}],\"id\":\"box\"}")) {
      var outcome = hook(state, "createRuntime");
      assertEquals(0, outcome.exit(), state);
      assertEquals("", outcome.err());
    }
  }

  @Test
  void idThatIsNotTheContainersExemptsNobody() throws Exception {
    Files.createFile(exempt.resolve("box"));
    Files.createFile(directory.resolve("outside"));
    for (String state :
        List.of(
            "{\"annotations\":{\"id\":\"box\"},\"id\":\"other\"}",
            "{\"annotations\":{\"id\":\"box\"}}",
            "{\"name\":\"id\",\"x\":\"box\"}",
            "{\"id\":[\"box\"]}",
            "{\"id\":\"b\\u006fx\"}",
            "{\"id\":\"../outside\"}",
            "{\"id\":\"\"}",
            "{\"id\":\"box",
            "{\"id\":",
            "{\"id\"",
            "[\"id\",\"box\"]",
            "{\"id\":\"" + "x".repeat(5000) + "\"}")) {
      assertEquals(1, hook(state, "createRuntime").exit(), state);
    }
  }

  @Test
  void poststopNeverFailsAndNeverSpeaks() throws Exception {
    for (String state : List.of(STATE, "", "{", " ".repeat((1 << 20) + 1))) {
      var outcome = hook(state, "poststop");
      assertEquals(0, outcome.exit());
      assertEquals("", outcome.out() + outcome.err());
    }
    try (var agent = new RecordingAgent(socket)) {
      agent.reply = HookReply.refuse("no");
      assertEquals(0, hook(STATE, "poststop").exit());
      assertEquals(List.of("poststop box"), agent.asked);
    }
    var odd = hook(STATE, "poststop", "--timeout-ms", "soon");
    assertEquals(0, odd.exit());
    assertEquals("", odd.err());
  }

  @Test
  void pingTellsWhetherAnAgentListensAndAsksItNothing() throws Exception {
    assertEquals(1, hook("", "--ping").exit());
    try (var agent = new RecordingAgent(socket)) {
      var outcome = hook("", "--ping");
      assertEquals(0, outcome.exit());
      assertEquals("", outcome.out() + outcome.err());
      assertEquals(List.of(), agent.asked);
    }
    new RawAgent(socket, channel -> {}).close();
    assertEquals(1, hook("", "--ping").exit());
  }

  @Test
  void commandLinesThatAreNoneAreRefusedInOneSentence() throws Exception {
    List<List<String>> lines =
        List.of(
            List.of(),
            List.of("prestart"),
            List.of("createRuntime", "--socket"),
            List.of("createRuntime", "--timeout-ms", "0"),
            List.of("createRuntime", "--timeout-ms", "-5"),
            List.of("createRuntime", "--timeout-ms", "600001"),
            List.of("createRuntime", "--timeout-ms", "1e3"),
            List.of("createRuntime", "--wait-ms", "-1"),
            List.of("createRuntime", "--verbose", "yes"));
    for (List<String> line : lines) {
      List<String> command = new ArrayList<>(List.of(Programs.HOOK.toString()));
      command.addAll(line);
      var outcome = Programs.run(command, directory, STATE);
      assertEquals(1, outcome.exit(), line.toString());
      assertEquals(1, outcome.errLines().size());
    }
  }

  @Test
  void anAgentThatIsAwayIsWaitedForAndNotForEver() throws Exception {
    var outcome = hook(STATE, "createRuntime", "--wait-ms", "300");
    assertEquals(1, outcome.exit());
    assertTrue(outcome.took().toMillis() >= 300, outcome.took().toString());
    assertTrue(hook(STATE, "poststop", "--wait-ms", "600000").took().toMillis() < 5000);
    try (var agent = new RawAgent(socket, new AwayAndBack(2))) {
      assertEquals(0, hook(STATE, "createRuntime", "--wait-ms", "20000").exit());
    }
  }

  @Test
  void closedDescriptorsDoNotConfuseIt() throws Exception {
    String line = Programs.HOOK + " createRuntime --wait-ms 0 --socket " + socket + " <&- >&- 2>&-";
    assertEquals(1, Programs.run(List.of("/bin/sh", "-c", line), directory, "").exit());
  }

  private Programs.Outcome hook(String state, String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of(Programs.HOOK.toString()));
    command.addAll(Arrays.asList(arguments));
    if (!command.contains("--wait-ms")) {
      command.addAll(List.of("--wait-ms", "0"));
    }
    command.addAll(List.of("--socket", socket.toString(), "--exempt-dir", exempt.toString()));
    return Programs.run(command, directory, state);
  }
}
