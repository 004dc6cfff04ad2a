package dev.drawbridge.install;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
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
