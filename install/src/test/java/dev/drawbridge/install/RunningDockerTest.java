package dev.drawbridge.install;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Installing into a dockerd that runs and uninstalling again, without restarting it. Containerd and
 * dockerd are the test's own. The programs are those that the hook module has built.
 */
@Tag("it")
@Timeout(120)
final class RunningDockerTest {
  private static final Path PROGRAMS = Path.of("../hook/target/bin").toAbsolutePath().normalize();

  @TempDir Path directory;
  private final List<Process> processes = new ArrayList<>();
  private Layout layout;
  private InstallOptions options;

  @BeforeEach
  void prepare() throws Exception {
    layout =
        Layout.under(directory)
            .withDocker(directory.resolve("daemon.json"), directory.resolve("docker.pid"));
    options = InstallOptions.of(PROGRAMS).withLayout(layout).withSystemd(false);
    Files.writeString(layout.daemonJson(), "{\"debug\": false}\n");
    Files.writeString(
        directory.resolve("containerd.toml"),
        """
        version = 2
        root = "%1$s/containerd"
        state = "%1$s/containerd-state"
        disabled_plugins = ["io.containerd.grpc.v1.cri"]
        [grpc]
          address = "%1$s/containerd.sock"
        """
            .formatted(directory));
    start("containerd", "-c", directory.resolve("containerd.toml").toString());
  }

  @AfterEach
  void stop() throws Exception {
    for (String id : docker("ps", "-aq").out().lines().toList()) {
      docker("rm", "-f", id);
    }
    for (Process process : processes.reversed()) {
      process.destroy();
      if (!process.waitFor(20, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
    }
  }

  @Test
  void runtimeComesAndGoesWithoutARestartAndContainersAreNotStranded() throws Exception {
    Process dockerd = dockerd();
    importImage();
    assertFalse(runtimes().contains("drawbridge"));
    String before = Files.readString(layout.daemonJson());

    InstallPlan plan = Installer.plan(options.withDefault(true));
    assertTrue(plan.steps().stream().anyMatch(Step.Reload.class::isInstance), plan.toString());
    plan.apply();
    // Tests run beside other engines: the shim reads the file beside it, not /etc/drawbridge.
    Files.createSymbolicLink(layout.programs().resolve("shim.conf"), layout.shimConfig());
    await("registered", () -> runtimes().contains("drawbridge default"));

    String id = docker("create", "--net", "none", "box:1", "echo", "hello").out().strip();
    assertEquals("drawbridge", docker("inspect", "-f", "{{.HostConfig.Runtime}}", id).line());
    Ran refused = docker("start", "-a", id);
    assertNotEquals(0, refused.exit());
    assertTrue(refused.err().contains("the agent is not answering on " + layout.hookSocket()));

    InstallPlan removal = Installer.planRemoval(options);
    assertEquals(List.of(), removal.conflicts());
    assertTrue(removal.notes().getFirst().contains("could not start without it"));
    removal.apply();
    await("default restored", () -> runtimes().contains("runc default"));
    assertEquals("hello", docker("start", "-a", id).line());

    docker("rm", id);
    Files.delete(layout.programs().resolve("shim.conf"));
    Installer.planRemoval(options).apply();
    await("unregistered", () -> !runtimes().contains("drawbridge"));
    assertEquals(before, Files.readString(layout.daemonJson()));
    assertTrue(dockerd.isAlive());
  }

  @Test
  void flagsOfTheRunningDockerdThatWouldKeepItFromStartingAreConflicts() throws Exception {
    dockerd("--default-runtime=runc", "--add-runtime", "other=/usr/sbin/runc");
    String before = Files.readString(layout.daemonJson());
    List<String> conflicts = Installer.plan(options.withDefault(true)).conflicts();
    assertEquals(2, conflicts.size(), conflicts.toString());
    assertTrue(conflicts.get(0).contains("--add-runtime other=/usr/sbin/runc"));
    assertTrue(conflicts.get(1).contains("--default-runtime runc"));
    assertEquals(before, Files.readString(layout.daemonJson()));
  }

  /** As often as an operator would who cannot decide, and each time from another file. */
  @Test
  @Timeout(600)
  void twentyRoundsLeaveEveryFileAsItWasAndContainersRunning() throws Exception {
    Process dockerd = dockerd();
    importImage();
    // Who runs by another runtime is not touched, whatever is installed.
    String steady =
        docker("run", "-d", "--net", "none", "box:1", "/bin/busybox", "sleep", "900").line();
    String pid = docker("inspect", "-f", "{{.State.Pid}}", steady).line();
    Path upgraded = Files.createDirectories(directory.resolve("upgraded"));
    for (String name : List.of("drawbridge-hook", "drawbridge-runc")) {
      Path program = upgraded.resolve(name);
      Files.write(program, concat(Files.readAllBytes(PROGRAMS.resolve(name)), new byte[] {0}));
      Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
    // A host's own; and the agent's, which has it from its start.
    Files.createDirectories(directory.resolve("etc"));
    Files.createDirectories(directory.resolve("usr/libexec"));
    Files.createDirectories(layout.exempt());
    Path elsewhere = directory.resolve("elsewhere.json");
    List<String> texts =
        List.of("{}", "", "{\n\t\"debug\" : true }", "{\"labels\":[\"a=b\"],\"debug\":false}\n\n");
    for (int round = 0; round < 20; round++) {
      String text = texts.get(round % texts.size());
      Files.deleteIfExists(layout.daemonJson());
      Path file = layout.daemonJson();
      if (round % 5 == 4) {
        file = elsewhere;
        Files.createSymbolicLink(layout.daemonJson(), elsewhere);
      }
      Files.writeString(file, text);
      Files.setPosixFilePermissions(
          file, PosixFilePermissions.fromString(round % 3 == 2 ? "rw-------" : "rw-r--r--"));
      Map<String, String> before = touched();

      boolean asDefault = round % 2 == 1;
      Installer.plan(options.withDefault(asDefault)).apply();
      Files.createSymbolicLink(layout.programs().resolve("shim.conf"), layout.shimConfig());
      await("registered", () -> runtimes().contains("drawbridge"));
      InstallOptions newer =
          InstallOptions.of(upgraded).withLayout(layout).withSystemd(false).withDefault(asDefault);
      InstallPlan upgrade = Installer.plan(newer);
      assertTrue(
          upgrade.steps().size() == 2
              && upgrade.steps().stream().allMatch(Step.Copy.class::isInstance),
          upgrade.toString());
      upgrade.apply();
      assertEquals(List.of(), Installer.plan(newer).steps());

      String id =
          docker("create", "--runtime", "drawbridge", "--net", "none", "box:1", "echo", "x").line();
      Installer.planRemoval(newer).apply();
      assertEquals("x", docker("start", "-a", id).line(), "round " + round);
      docker("rm", id);
      Files.delete(layout.programs().resolve("shim.conf"));
      Installer.planRemoval(newer).apply();
      await("unregistered", () -> !runtimes().contains("drawbridge"));
      assertEquals(before, touched(), "round " + round);
      assertEquals(List.of(), Installer.planRemoval(newer).steps());
    }
    assertEquals(pid, docker("inspect", "-f", "{{.State.Pid}}", steady).line());
    assertTrue(dockerd.isAlive());
  }

  private static byte[] concat(byte[] first, byte[] second) {
    byte[] all = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, all, first.length, second.length);
    return all;
  }

  /** Every path that installing may touch, by type, mode, and content or target. */
  private Map<String, String> touched() throws IOException {
    Map<String, String> found = new TreeMap<>();
    for (String top :
        List.of("daemon.json", "elsewhere.json", "etc", "usr", "var/lib/drawbridge")) {
      if (Files.notExists(directory.resolve(top), LinkOption.NOFOLLOW_LINKS)) {
        continue;
      }
      try (Stream<Path> walk = Files.walk(directory.resolve(top))) {
        for (Path path : walk.toList()) {
          PosixFileAttributes of =
              Files.readAttributes(path, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
          found.put(
              directory.relativize(path).toString(),
              PosixFilePermissions.toString(of.permissions())
                  + " "
                  + (of.isSymbolicLink()
                      ? "to " + Files.readSymbolicLink(path)
                      : of.isDirectory() ? "directory" : Files.readString(path)));
        }
      }
    }
    try (Stream<Path> beside = Files.list(directory)) {
      beside
          .map(path -> String.valueOf(path.getFileName()))
          .filter(name -> name.contains("drawbridge") || name.startsWith("daemon.json."))
          .forEach(name -> found.put(name, "left beside"));
    }
    return found;
  }

  private String runtimes() {
    return docker("info", "-f", "{{range $n, $r := .Runtimes}}{{$n}} {{end}}/ {{.DefaultRuntime}}")
        .out()
        .strip()
        .replaceAll("/ (\\S+)$", "/ $1 default");
  }

  private Process dockerd(String... more) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                "unshare",
                "--net",
                "dockerd",
                "--config-file=" + layout.daemonJson(),
                "--containerd=" + directory.resolve("containerd.sock"),
                "--data-root=" + directory.resolve("data"),
                "--exec-root=" + directory.resolve("exec"),
                "--host=unix://" + directory.resolve("docker.sock"),
                "--pidfile=" + layout.dockerPidFile(),
                "--bridge=none",
                "--iptables=false",
                "--ip6tables=false"));
    command.addAll(List.of(more));
    Process started = start(command.toArray(String[]::new));
    await("dockerd answers", () -> started.isAlive() && docker("version").exit() == 0);
    return started;
  }

  private void importImage() throws Exception {
    Path bin = Files.createDirectories(directory.resolve("image/bin"));
    Files.copy(Path.of("/usr/bin/busybox"), bin.resolve("busybox"));
    Files.createSymbolicLink(bin.resolve("echo"), Path.of("busybox"));
    Path tar = directory.resolve("image.tar");
    assertEquals(
        0,
        run(List.of("tar", "-C", bin.resolve("..").toString(), "-cf", tar.toString(), ".")).exit());
    assertEquals(0, docker("import", tar.toString(), "box:1").exit());
  }

  private record Ran(int exit, String out, String err) {
    String line() {
      return out.strip();
    }
  }

  private Ran docker(String... arguments) {
    List<String> command =
        new ArrayList<>(List.of("docker", "--host", "unix://" + directory.resolve("docker.sock")));
    command.addAll(List.of(arguments));
    return run(command);
  }

  private Ran run(List<String> command) {
    try {
      Path out = Files.createTempFile(directory, "out", "");
      Path err = Files.createTempFile(directory, "err", "");
      Process process =
          new ProcessBuilder(command)
              .redirectOutput(out.toFile())
              .redirectError(err.toFile())
              .start();
      if (!process.waitFor(60, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new AssertionError(command + " ran for more than 60 s");
      }
      return new Ran(process.exitValue(), Files.readString(out), Files.readString(err));
    } catch (IOException | InterruptedException e) {
      throw new AssertionError(command.toString(), e);
    }
  }

  private Process start(String... command) throws IOException {
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(
                ProcessBuilder.Redirect.appendTo(directory.resolve("engine.log").toFile()))
            .start();
    processes.add(process);
    return process;
  }

  private static void await(String what, BooleanSupplier condition) throws Exception {
    long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("not within 30 s: " + what);
      }
      TimeUnit.MILLISECONDS.sleep(50);
    }
  }
}
