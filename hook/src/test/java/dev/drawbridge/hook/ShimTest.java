package dev.drawbridge.hook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** drawbridge-runc against agents that answer, refuse, hang, lie and are not there. */
// An agent that only has to be there is referenced by nobody.
@SuppressWarnings("try")
final class ShimTest {
  @TempDir Path directory;

  @Test
  void refusalIsPrintedOnceAndTheRuntimeIsNotReached() throws Exception {
    var shim = new Programs.Shim(directory);
    try (var agent = new RecordingAgent(shim.socket)) {
      agent.reply = HookReply.refuse("drawbridge: label x is broken at column 3");
      var outcome = shim.run("create", "box");
      assertEquals(1, outcome.exit());
      assertEquals("drawbridge: label x is broken at column 3\n", outcome.err());
      assertEquals("", outcome.out());
      assertEquals(List.of(), shim.reached());
    }
  }

  @Test
  void refusalWithoutThePrefixGetsIt() throws Exception {
    var shim = new Programs.Shim(directory);
    try (var agent = new RecordingAgent(shim.socket)) {
      agent.reply = HookReply.refuse("label x\nis \u001b[31mbroken");
      assertEquals("drawbridge: label x is  [31mbroken\n", shim.run("create", "box").err());
    }
  }

  @Test
  void emptyRefusalStillSaysSomething() throws Exception {
    var shim = new Programs.Shim(directory);
    try (var agent = new RawAgent(shim.socket, RawAgent.answering(RawAgent.frame(1, "")))) {
      var outcome = shim.run("create", "box");
      assertEquals(1, outcome.exit());
      assertEquals("drawbridge: container not started: the agent refused it\n", outcome.err());
    }
  }

  @Test
  void refusalGoesToTheLogFileAsTheJsonThatContainerdReads() throws Exception {
    var shim = new Programs.Shim(directory);
    Path log = directory.resolve("log.json");
    Files.writeString(log, "{\"level\":\"warning\",\"msg\":\"earlier\"}\n");
    try (var agent = new RecordingAgent(shim.socket)) {
      agent.reply = HookReply.refuse("drawbridge: \"ä\" \\ is no label");
      shim.run("--log", log.toString(), "--log-format", "json", "create", "box");
    }
    List<String> lines = Files.readAllLines(log);
    assertEquals(2, lines.size());
    JsonObject entry = JsonParser.parseString(lines.get(1)).getAsJsonObject();
    assertEquals("error", entry.get("level").getAsString());
    assertEquals("drawbridge: \"ä\" \\ is no label", entry.get("msg").getAsString());
    Instant when = Instant.parse(entry.get("time").getAsString());
    assertTrue(Duration.between(when, Instant.now()).abs().toSeconds() < 60);
  }

  @Test
  void refusalGoesToATextLogAsText() throws Exception {
    var shim = new Programs.Shim(directory);
    Path log = directory.resolve("log");
    shim.run("--log=" + log, "create", "box");
    assertTrue(Files.readString(log).startsWith("level=error msg=\"drawbridge: container not"));
  }

  @Test
  void anUnwritableLogChangesNothing() throws Exception {
    var shim = new Programs.Shim(directory);
    var outcome = shim.run("--log", "/proc/nowhere/log", "create", "box");
    assertEquals(1, outcome.exit());
    assertEquals(1, outcome.errLines().size());
  }

  @Test
  void absentSocketNamesPathCauseAndRemedy() throws Exception {
    var shim = new Programs.Shim(directory);
    assertEquals(
        "drawbridge: container not started: the agent is not answering on "
            + shim.socket
            + " (No such file or directory); start it (systemctl start drawbridge, or"
            + " ./drawbridge up); names in \"exempt\" of its agent.json start without it once it has"
            + " seen them\n",
        shim.run("create", "box").err());
    assertEquals(List.of(), shim.reached());
  }

  @Test
  void socketThatNobodyServesIsConnectionRefused() throws Exception {
    var shim = new Programs.Shim(directory);
    try (var agent = new RawAgent(shim.socket, channel -> {})) {
      assertTrue(Files.exists(shim.socket));
    }
    assertTrue(shim.run("create", "box").err().contains("(Connection refused)"));
  }

  @Test
  void exemptContainerStartsUnguardedWhenNobodyAnswers() throws Exception {
    var shim = new Programs.Shim(directory);
    Files.createFile(shim.exempt.resolve("box"));
    var outcome = shim.run("create", "box");
    assertEquals(0, outcome.exit());
    assertEquals("", outcome.err());
    assertEquals(List.of("create", "box"), shim.reached());
    assertEquals(1, shim.run("create", "box2").exit());
  }

  @Test
  void exemptionDoesNotOverruleAnAgentThatRefuses() throws Exception {
    var shim = new Programs.Shim(directory);
    Files.createFile(shim.exempt.resolve("box"));
    try (var agent = new RecordingAgent(shim.socket)) {
      agent.reply = HookReply.refuse("no");
      assertEquals(1, shim.run("create", "box").exit());
    }
  }

  @Test
  void idsThatLeaveTheExemptDirectoryAreNotExempt() throws Exception {
    var shim = new Programs.Shim(directory);
    Files.createFile(directory.resolve("outside"));
    Files.createDirectory(shim.exempt.resolve("folder"));
    for (String id : List.of("../outside", ".", "..", "../exempt", "folder", "folder/..")) {
      assertEquals(1, shim.run("create", id).exit(), id);
    }
  }

  @Test
  void unguardedAnswerStartsTheContainer() throws Exception {
    var shim = new Programs.Shim(directory);
    try (var agent = new RecordingAgent(shim.socket)) {
      agent.reply = HookReply.goUnguarded();
      assertEquals(0, shim.run("create", "box").exit());
    }
  }

  @Test
  void agentThatNeverAnswersIsGivenUpAfterTheTotalTimeout() throws Exception {
    var shim = new Programs.Shim(directory);
    try (var agent = new RawAgent(shim.socket, channel -> {})) {
      var outcome = shim.run("create", "box");
      assertEquals(1, outcome.exit());
      assertTrue(outcome.err().contains("(Connection timed out)"), outcome.err());
      assertTrue(outcome.took().toMillis() >= 700, outcome.took().toString());
      assertTrue(outcome.took().toMillis() < 5000, outcome.took().toString());
    }
  }

  @Test
  void agentThatDribblesIsGivenUpAfterTheTotalTimeout() throws Exception {
    var shim = new Programs.Shim(directory);
    byte[] frame = RawAgent.frame(0, "x".repeat(4000));
    var dribble =
        (RawAgent.Behaviour)
            channel -> {
              RawAgent.readRequest(channel);
              for (byte b : frame) {
                channel.write(ByteBuffer.wrap(new byte[] {b}));
                java.util.concurrent.locks.LockSupport.parkNanos(1_000_000);
              }
            };
    try (var agent = new RawAgent(shim.socket, dribble)) {
      var outcome = shim.run("create", "box");
      assertEquals(1, outcome.exit());
      assertTrue(outcome.took().toMillis() < 3000, outcome.took().toString());
    }
  }

  @Test
  void fullBacklogIsGivenUpAfterTheConnectTimeout() throws Exception {
    var shim = new Programs.Shim(directory);
    Files.createDirectories(shim.socket.getParent());
    try (var deaf =
            java.nio.channels.ServerSocketChannel.open(java.net.StandardProtocolFamily.UNIX);
        var filler = new Filler(shim.socket)) {
      deaf.bind(java.net.UnixDomainSocketAddress.of(shim.socket), 1);
      filler.fill();
      var outcome = shim.run("create", "box");
      assertEquals(1, outcome.exit());
      assertTrue(outcome.err().contains("(Connection timed out)"), outcome.err());
      assertTrue(outcome.took().toMillis() >= 500, outcome.took().toString());
      assertTrue(outcome.took().toMillis() < 5000, outcome.took().toString());
    }
  }

  @Test
  void answersThatAreNoneCountAsNoAnswer() throws Exception {
    var shim = new Programs.Shim(directory);
    byte[] good = RawAgent.frame(0, "hello");
    byte[] longOne = good.clone();
    ByteBuffer.wrap(longOne).putInt(8, 5000);
    byte[] huge = good.clone();
    ByteBuffer.wrap(huge).putInt(8, -1);
    byte[] reserved = good.clone();
    reserved[6] = 1;
    List<byte[]> answers =
        List.of(
            new byte[0],
            "HTTP/1.1 200 OK\r\n\r\n".getBytes(StandardCharsets.US_ASCII),
            RawAgent.frame(3, ""),
            RawAgent.frame(255, ""),
            longOne,
            huge,
            reserved);
    for (byte[] bytes : answers) {
      Files.deleteIfExists(shim.socket);
      try (var agent = new RawAgent(shim.socket, RawAgent.answering(bytes))) {
        var outcome = shim.run("create", "box");
        assertEquals(1, outcome.exit());
        assertTrue(outcome.err().contains("is not answering on"), outcome.err());
        assertEquals(1, outcome.errLines().size());
      }
    }
    assertEquals(List.of(), shim.reached());
  }

  @Test
  void anAnswerCutAtEveryPlaceCountsAsNoAnswer() throws Exception {
    var shim = new Programs.Shim(directory);
    byte[] good = RawAgent.frame(0, "fine");
    for (int cut = 0; cut < good.length; cut++) {
      Files.deleteIfExists(shim.socket);
      byte[] part = java.util.Arrays.copyOf(good, cut);
      try (var agent = new RawAgent(shim.socket, RawAgent.answering(part))) {
        assertEquals(1, shim.run("create", "box").exit(), "cut at " + cut);
      }
    }
    assertEquals(List.of(), shim.reached());
  }

  @Test
  void anAgentThatAnswersAndClosesWithoutReadingIsHeard() throws Exception {
    var shim = new Programs.Shim(directory);
    var rude =
        (RawAgent.Behaviour)
            channel -> {
              channel.write(ByteBuffer.wrap(RawAgent.frame(1, "drawbridge: only root")));
              channel.close();
            };
    try (var agent = new RawAgent(shim.socket, rude)) {
      var outcome = shim.run("create", "box");
      assertEquals(1, outcome.exit());
      assertEquals(1, outcome.errLines().size());
    }
  }

  @Test
  void aLongestSentenceArrivesWhole() throws Exception {
    var shim = new Programs.Shim(directory);
    String sentence = "drawbridge: " + "é".repeat((4096 - 12) / 2);
    try (var agent = new RecordingAgent(shim.socket)) {
      agent.reply = HookReply.refuse(sentence + "cut");
      assertEquals(sentence + "\n", shim.run("create", "box").err());
    }
  }

  @Test
  void environmentChoosesNeitherSocketNorConfiguration() throws Exception {
    var shim = new Programs.Shim(directory);
    try (var elsewhere = new RecordingAgent(directory.resolve("other/hook.sock"))) {
      var outcome =
          shim.run(
              Map.of(
                  "DRAWBRIDGE_HOOK_SOCKET",
                  directory.resolve("other/hook.sock").toString(),
                  "DRAWBRIDGE_PASSTHROUGH",
                  "true"),
              "create",
              "box");
      assertEquals(1, outcome.exit());
      assertEquals(List.of(), elsewhere.asked);
    }
  }

  @Test
  void runtimeGetsEnvironmentDirectoryAndSignalsAsTheyWere() throws Exception {
    var shim = new Programs.Shim(directory);
    Path seen = directory.resolve("seen");
    Programs.script(
        directory.resolve("real-runc"),
        "set -- /proc/$$/fd/*\n{ pwd; echo \"$MARK\"; echo $#; grep SigIgn /proc/$$/status; } > "
            + seen
            + "\n");
    try (var agent = new RecordingAgent(shim.socket)) {
      assertEquals(0, shim.run(Map.of("MARK", "kept"), "create", "box").exit());
      List<String> guarded = Files.readAllLines(seen);
      assertEquals(0, shim.run(Map.of("MARK", "kept"), "start", "box").exit());
      assertEquals(Files.readAllLines(seen), guarded);
      assertEquals("kept", guarded.get(1));
    }
  }

  @Test
  void exitCodeOfTheRuntimeIsTheShims() throws Exception {
    var shim = new Programs.Shim(directory);
    Programs.script(directory.resolve("real-runc"), "exit 42\n");
    assertEquals(42, shim.run("state", "box").exit());
  }

  @Test
  void unknownSettingRefusesToCreateButNotToKill() throws Exception {
    var shim = new Programs.Shim(directory, "# a comment", "", "sokcet=/x");
    try (var agent = new RecordingAgent(shim.socket)) {
      var outcome = shim.run("create", "box");
      assertEquals(1, outcome.exit());
      assertEquals(
          "drawbridge: container not started: "
              + shim.configFile()
              + " line 9 is not a setting that drawbridge-runc knows\n",
          outcome.err());
      assertEquals(0, shim.run("kill", "box", "9").exit());
    }
  }

  @Test
  void brokenSettingsRefuseToCreate() throws Exception {
    var shim = new Programs.Shim(directory);
    String runtime = "runtime=" + directory.resolve("real-runc");
    for (String line :
        List.of(
            "socket=",
            "socket",
            "total_timeout_ms=0",
            "total_timeout_ms=-1",
            "total_timeout_ms=8s",
            "connect_timeout_ms=99999999999999999999",
            "agent_wait_ms=-1",
            "agent_wait_ms=600001",
            "agent_wait_ms=",
            "passthrough=yes",
            "exempt_dir=" + "x".repeat(4096),
            "socket=" + "x".repeat(6000))) {
      shim.configure(runtime, line);
      assertEquals(1, shim.run("create", "box").exit(), line);
      assertEquals(List.of(), shim.reached());
    }
  }

  @Test
  void socketPathTooLongForTheKernelIsSaid() throws Exception {
    var shim = new Programs.Shim(directory, "socket=/" + "x".repeat(200));
    assertTrue(shim.run("create", "box").err().contains("(File name too long)"));
  }

  @Test
  void passthroughGuardsNothing() throws Exception {
    var shim = new Programs.Shim(directory, "passthrough=true");
    assertEquals(0, shim.run("create", "box").exit());
    assertEquals(List.of("create", "box"), shim.reached());
  }

  @Test
  void shimThatIsItsOwnRuntimeSaysSoInsteadOfLooping() throws Exception {
    var shim = new Programs.Shim(directory);
    Path link = Files.createSymbolicLink(directory.resolve("link"), shim.binary);
    for (Path self : List.of(shim.binary, link)) {
      shim.configure("runtime=" + self);
      var outcome = shim.run("--version");
      assertEquals(1, outcome.exit());
      assertTrue(outcome.err().contains("names drawbridge-runc itself"), outcome.err());
    }
  }

  @Test
  void runtimeIsTheFirstRuncInPathThatIsNotTheShim() throws Exception {
    var shim = new Programs.Shim(directory);
    shim.configure("socket=" + shim.socket);
    Path first = Files.createDirectory(directory.resolve("first"));
    Path second = Files.createDirectory(directory.resolve("second"));
    Files.createSymbolicLink(first.resolve("runc"), shim.binary);
    Files.copy(
        directory.resolve("real-runc"), second.resolve("runc"), StandardCopyOption.COPY_ATTRIBUTES);
    var outcome = shim.run(Map.of("PATH", "relative:" + first + ":" + second + ":/bin"), "state");
    assertEquals(0, outcome.exit(), outcome.err());
    assertEquals(List.of("state"), shim.reached());
  }

  @Test
  void missingRuntimeIsSaid() throws Exception {
    var shim = new Programs.Shim(directory);
    shim.configure("runtime=/nowhere/runc");
    var outcome = shim.run("state", "box");
    assertEquals(1, outcome.exit());
    assertEquals(
        "drawbridge: the real runtime /nowhere/runc cannot be executed (No such file or"
            + " directory)\n",
        outcome.err());
    shim.configure("runtime=no-such-runtime");
    assertTrue(shim.run("state").err().contains("no-such-runtime is not in PATH"));
  }

  @Test
  void neitherProgramNeedsALibrary() throws Exception {
    for (Path program : List.of(Programs.SHIM, Programs.HOOK)) {
      ByteBuffer elf = ByteBuffer.wrap(Files.readAllBytes(program)).order(ByteOrder.LITTLE_ENDIAN);
      int headers = (int) elf.getLong(32);
      for (int i = 0; i < elf.getShort(56); i++) {
        int type = elf.getInt(headers + i * elf.getShort(54));
        assertNotEquals(3, type, program + " has a PT_INTERP, so it needs a loader");
      }
    }
  }

  /** Connects until the backlog is full. */
  private record Filler(Path socket, List<java.nio.channels.SocketChannel> open)
      implements AutoCloseable {
    Filler(Path socket) {
      this(socket, new java.util.ArrayList<>());
    }

    void fill() throws Exception {
      for (int i = 0; i < 20; i++) {
        var channel = java.nio.channels.SocketChannel.open(java.net.StandardProtocolFamily.UNIX);
        channel.configureBlocking(false);
        open.add(channel);
        try {
          if (!channel.connect(java.net.UnixDomainSocketAddress.of(socket))) {
            return;
          }
        } catch (java.io.IOException e) {
          return;
        }
      }
    }

    @Override
    public void close() throws Exception {
      for (var channel : open) {
        channel.close();
      }
    }
  }
}
