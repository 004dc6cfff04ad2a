package dev.drawbridge.hook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A real dockerd, containerd and runc, with the shim and the hook between them and this agent. */
@Tag("it")
@TestInstance(Lifecycle.PER_CLASS)
@Timeout(120)
final class DockerEngineTest {
  private static final Duration SOON = Duration.ofSeconds(20);

  private PrivateEngine engine;
  private TestAgent agent;

  @BeforeAll
  void startEngine(@TempDir Path directory) throws Exception {
    engine = new PrivateEngine(directory);
  }

  @AfterAll
  void stopEngine() throws Exception {
    engine.stopAll();
  }

  @BeforeEach
  void startAgent() throws Exception {
    agent = new TestAgent(engine);
  }

  @AfterEach
  void clean() {
    for (String id : engine.docker("ps", "-aq").out().lines().toList()) {
      engine.docker("rm", "-f", id);
    }
    agent.close();
  }

  @Test
  void agentSeesLabelsAndCgroupBeforeTheFirstProcessRuns() throws Exception {
    assertEquals("hello", run("-l", "app=api", "--name", "web", "echo", "hello"));
    assertEquals(1, agent.created.size());
    Seen seen = agent.created.getFirst();
    assertEquals("api", seen.files().labels().get("app"));
    assertEquals("web", seen.files().name());
    assertEquals("drawbridge", seen.files().runtime());
    assertEquals("none", seen.files().networkMode());
    assertTrue(seen.cgroup().endsWith(seen.state().id()), seen.cgroup());
    assertTrue(seen.command().contains("runc"), "first process already: " + seen.command());
    PrivateEngine.await("poststop", SOON, () -> agent.stopped.contains(seen.state().id()));
  }

  @Test
  void hostnameMountLeadsToTheFilesWithoutAConfiguredDataRoot() throws Exception {
    agent.dataRoots = List.of();
    assertEquals("x", run("-l", "app=api", "echo", "x"));
    assertEquals("api", agent.created.getFirst().files().labels().get("app"));
  }

  @Test
  void refusalBeforeCreationIsPrintedOnceByDockerRun() {
    agent.onPatch = "drawbridge: label drawbridge.policy.x column 5: expected \"may\"";
    var outcome = tryRun("echo", "never");
    assertEquals(125, outcome.exit());
    assertEquals("", outcome.out());
    assertEquals(
        "docker: Error response from daemon: failed to create shim task: OCI runtime create failed:"
            + " drawbridge: label drawbridge.policy.x column 5: expected \"may\": unknown",
        firstLineNamingUs(outcome));
    assertEquals(1, count(outcome.err(), "column 5"));
  }

  @Test
  void refusalInTheHookIsPrintedOnceByDockerRun() {
    agent.onCreate = "drawbridge: container not started: its program cannot be attached";
    var outcome = tryRun("echo", "never");
    assertEquals(125, outcome.exit());
    assertEquals("", outcome.out());
    assertEquals(1, count(outcome.err(), agent.onCreate), outcome.err());
  }

  @Test
  void absentAgentIsSaidOnceAndNothingRuns() {
    agent.close();
    var outcome = tryRun("echo", "never");
    assertEquals(125, outcome.exit());
    assertEquals("", outcome.out());
    assertEquals(
        "docker: Error response from daemon: failed to create shim task: OCI runtime create failed:"
            + " drawbridge: container not started: the agent is not answering on "
            + engine.hookSocket
            + " (No such file or directory); start it (systemctl start drawbridge, or"
            + " ./drawbridge up); names in \"exempt\" of its agent.json start without it once it has"
            + " seen them: unknown",
        firstLineNamingUs(outcome));
    assertEquals(1, count(outcome.err(), "not answering"));
  }

  @Test
  void agentThatDiesBetweenShimAndHookStopsTheContainer() {
    agent.closeAfterPatch = true;
    var outcome = tryRun("echo", "never");
    assertEquals(125, outcome.exit());
    assertEquals(1, count(outcome.err(), "the agent is not answering on"), outcome.err());
  }

  @Test
  void exemptContainerStartsWithoutAnAgent() throws Exception {
    agent.close();
    String id =
        engine.must(
            "create", "--runtime", "drawbridge", "--net", "none", PrivateEngine.IMAGE, "echo", "x");
    assertNotEquals(0, engine.docker("start", "-a", id).exit());
    Files.createFile(engine.exempt.resolve(id));
    assertEquals("x", engine.must("start", "-a", id));
  }

  @Test
  void agentBackMeansContainersStartAgain() throws Exception {
    agent.close();
    assertEquals(125, tryRun("echo", "x").exit());
    agent = new TestAgent(engine);
    assertEquals("x", run("echo", "x"));
  }

  @Test
  void everydayCommandsWorkThroughTheShim() throws Exception {
    String id = detached("sh", "-c", "echo started; exec sleep 1000");
    PrivateEngine.await("log", SOON, () -> engine.docker("logs", id).out().contains("started"));
    assertEquals("inside", engine.must("exec", id, "echo", "inside"));
    assertEquals("value", engine.must("exec", "-e", "A=value", id, "sh", "-c", "echo $A"));
    assertEquals(7, engine.docker("exec", id, "sh", "-c", "exit 7").exit());
    assertTrue(engine.must("top", id).contains("sleep"));
    engine.must("pause", id);
    assertEquals("paused", state(id));
    engine.must("unpause", id);
    engine.must("update", "--pids-limit", "50", id);
    engine.must("rename", id, "renamed");
    engine.must("restart", "-t", "0", id);
    assertEquals("running", state(id));
    assertEquals(2, agent.created.size());
    engine.must("kill", id);
    PrivateEngine.await("exit", SOON, () -> state(id).equals("exited"));
    engine.must("start", id);
    engine.must("stop", "-t", "0", id);
    assertEquals("137", engine.must("inspect", "-f", "{{.State.ExitCode}}", id));
    engine.must("rm", id);
    assertEquals(3, agent.created.size());
    PrivateEngine.await("three poststops", SOON, () -> agent.stopped.size() == 3);
  }

  @Test
  void exitCodesAndStandardErrorComeThrough() {
    var outcome = tryRun("sh", "-c", "echo out; echo err >&2; exit 9");
    assertEquals(9, outcome.exit());
    assertEquals("out\n", outcome.out());
    assertEquals("err\n", outcome.err());
  }

  @Test
  void terminalIsATerminalInRunAndExec() throws Exception {
    assertEquals("/dev/pts/0", run("-t", "tty"));
    String id = detached("-t", "sleep", "1000");
    assertTrue(engine.must("exec", "-t", id, "tty").startsWith("/dev/pts/"));
  }

  @Test
  void runtimesOwnErrorsAreNotHidden() {
    var outcome = tryRun("no-such-program");
    assertEquals(127, outcome.exit());
    assertTrue(outcome.err().contains("no-such-program"), outcome.err());
    assertFalse(outcome.err().contains("drawbridge:"), outcome.err());
  }

  @Test
  void containersThatRestartAlwaysComeUpWhileTheEngineBoots() throws Exception {
    String id = detached("--restart", "always", "-l", "app=db", "sleep", "1000");
    engine.restartDockerd();
    PrivateEngine.await("running again", SOON, () -> state(id).equals("running"));
    assertEquals(2, agent.created.size());
    assertEquals("db", agent.created.getLast().files().labels().get("app"));
  }

  @Test
  void containersThatRestartAlwaysStayDownWhileTheAgentIsDown() throws Exception {
    String id = detached("--restart", "always", "sleep", "1000");
    agent.close();
    engine.restartDockerd();
    assertNotEquals("running", state(id));
  }

  /** Bit 13 of the sets in /proc/self/status: whether a process can have CAP_NET_RAW. */
  private static boolean hasNetRaw(String status) {
    return status
        .lines()
        .filter(line -> line.startsWith("Cap"))
        .anyMatch(line -> (Long.parseUnsignedLong(line.substring(8).strip(), 16) & 1 << 13) != 0);
  }

  @Test
  void neitherTheContainerNorWhatIsExecutedInItHasNetRaw() throws Exception {
    String id = detached("sleep", "1000");
    assertFalse(hasNetRaw(engine.must("exec", id, "cat", "/proc/1/status")));
    assertFalse(hasNetRaw(engine.must("exec", id, "cat", "/proc/self/status")));
    assertFalse(hasNetRaw(engine.must("exec", "-u", "7", id, "cat", "/proc/self/status")));
    agent.withoutCapability = "CAP_NONE";
    String keeps = detached("sleep", "1000");
    assertTrue(hasNetRaw(engine.must("exec", keeps, "cat", "/proc/self/status")));
  }

  @Test
  void pingWorksWithoutNetRawThroughDockersPingSockets() {
    assertEquals(
        "0\t2147483647", run("cat", "/proc/sys/net/ipv4/ping_group_range"), "set by Docker");
    assertEquals("raw socket: refused\nping socket: answered", run("echoes"));
    assertEquals("raw socket: refused\nping socket: answered", run("-u", "7", "echoes"));
    agent.withoutCapability = "CAP_NONE";
    assertEquals("raw socket: open\nping socket: answered", run("echoes"));
  }

  private String run(String... arguments) {
    var outcome = tryRun(arguments);
    assertEquals(0, outcome.exit(), outcome.err());
    return outcome.out().strip();
  }

  private Programs.Outcome tryRun(String... arguments) {
    return engine.docker(line(List.of("run"), arguments));
  }

  private String detached(String... arguments) {
    return engine.must(line(List.of("run", "-d"), arguments));
  }

  /** Puts the image between the options and the command: the command begins where options end. */
  private static String[] line(List<String> verb, String... arguments) {
    List<String> line = new java.util.ArrayList<>(verb);
    line.addAll(List.of("--runtime", "drawbridge", "--net", "none"));
    int i = 0;
    while (i < arguments.length && arguments[i].startsWith("-")) {
      line.add(arguments[i]);
      i++;
      if (!arguments[i - 1].equals("-t")) {
        line.add(arguments[i]);
        i++;
      }
    }
    line.add(PrivateEngine.IMAGE);
    line.addAll(List.of(arguments).subList(i, arguments.length));
    return line.toArray(String[]::new);
  }

  private String state(String id) {
    return engine.docker("inspect", "-f", "{{.State.Status}}", id).out().strip();
  }

  private static String firstLineNamingUs(Programs.Outcome outcome) {
    return outcome.errLines().stream()
        .filter(line -> line.contains("drawbridge"))
        .findFirst()
        .orElse("");
  }

  private static int count(String text, String part) {
    return (text.length() - text.replace(part, "").length()) / part.length();
  }

  /** What the agent found when the hook asked it. */
  private record Seen(OciState state, DockerContainerFiles files, String cgroup, String command) {}

  /** Patches bundles and reads Docker's files for real; attaches nothing. */
  private static final class TestAgent implements HookHandler, AutoCloseable {
    final List<Seen> created = new CopyOnWriteArrayList<>();
    final List<String> stopped = new CopyOnWriteArrayList<>();
    volatile String onPatch = "";
    volatile String onCreate = "";
    volatile String onStart = "";
    final List<String> started = new CopyOnWriteArrayList<>();
    volatile String withoutCapability = "CAP_NET_RAW";
    volatile boolean closeAfterPatch;
    volatile List<Path> dataRoots;
    private final PrivateEngine engine;
    private final HookServer server;

    TestAgent(PrivateEngine engine) throws HookException {
      this.engine = engine;
      this.dataRoots = List.of(engine.dataRoot);
      this.server = new HookServer(engine.hookSocket, this, Duration.ofSeconds(9), _ -> true);
      server.start();
    }

    @Override
    public HookReply patch(String id, Path bundle, boolean startIsAsked) {
      if (!onPatch.isEmpty()) {
        return HookReply.refuse(onPatch);
      }
      Path hook = engine.shimDirectory.resolve("drawbridge-hook");
      Attempt<Boolean> written =
          OciSpec.read(bundle)
              .then(spec -> spec.withoutCapability(withoutCapability))
              .then(spec ->
                  spec.withHooks(
                      HookEntry.createRuntime(hook, engine.hookSocket, 8),
                      HookEntry.poststop(hook, engine.hookSocket)))
              .then(OciSpec::write);
      if (closeAfterPatch) {
        server.close();
      }
      return switch (written) {
        case Attempt.Done<Boolean> done -> HookReply.go();
        case Attempt.Failed<Boolean> failed -> HookReply.refuse(failed.sentence());
      };
    }

    @Override
    public HookReply createRuntime(OciState state) {
      if (!onCreate.isEmpty()) {
        return HookReply.refuse(onCreate);
      }
      Attempt<DockerContainerFiles> files =
          OciSpec.read(state.bundle())
              .then(spec ->
                  DockerContainerFiles.locate(state.id(), dataRoots, spec)
                      .map(DockerContainerFiles::read)
                      .orElse(Attempt.failed("no Docker files")));
      return switch (files) {
        case Attempt.Failed<DockerContainerFiles> failed -> HookReply.refuse(failed.sentence());
        case Attempt.Done<DockerContainerFiles> done -> {
          Path process = Path.of("/proc", String.valueOf(state.pid().orElse(0)));
          try {
            String cgroup =
                Files.readAllLines(process.resolve("cgroup")).stream()
                    .filter(line -> line.startsWith("0::"))
                    .findFirst()
                    .orElse("");
            String command = Files.readString(process.resolve("cmdline"));
            created.add(new Seen(state, done.value(), cgroup, command));
          } catch (IOException e) {
            yield HookReply.refuse(e.toString());
          }
          yield HookReply.go();
        }
      };
    }

    @Override
    public HookReply start(String id) {
      started.add(id);
      return onStart.isEmpty() ? HookReply.go() : HookReply.refuse(onStart);
    }

    @Override
    public void poststop(OciState state) {
      stopped.add(state.id());
    }

    @Override
    public void close() {
      server.close();
    }
  }
}
