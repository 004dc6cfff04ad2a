package dev.drawbridge.hook;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * A containerd and a dockerd of the test's own: own directories, sockets and network namespace, no
 * bridge, no iptables, the shim registered as runtime "drawbridge". A developer's engine is never
 * touched. It does not model networking between containers.
 */
final class PrivateEngine {
  static final String IMAGE = "box:1";
  private static final Duration READY = Duration.ofSeconds(30);

  final Path directory;
  final Path shimDirectory;
  final Path hookSocket;
  final Path exempt;
  final Path dataRoot;
  private final Path dockerSocket;
  private final List<Process> processes = new ArrayList<>();
  private Process dockerd;

  PrivateEngine(Path directory) throws Exception {
    this.directory = directory;
    this.shimDirectory = Files.createDirectories(directory.resolve("bin"));
    this.hookSocket = directory.resolve("hook/hook.sock");
    this.exempt = Files.createDirectories(directory.resolve("exempt"));
    this.dataRoot = directory.resolve("data");
    this.dockerSocket = directory.resolve("docker.sock");
    for (Path program : List.of(Programs.SHIM, Programs.HOOK)) {
      Files.copy(
          program,
          shimDirectory.resolve(program.getFileName()),
          StandardCopyOption.COPY_ATTRIBUTES);
    }
    Files.writeString(
        shimDirectory.resolve("shim.conf"),
        "socket=" + hookSocket + "\nruntime=runc\nexempt_dir=" + exempt + "\n");
    Files.writeString(
        directory.resolve("daemon.json"),
        "{\"runtimes\":{\"drawbridge\":{\"path\":\""
            + shimDirectory.resolve("drawbridge-runc")
            + "\"}}}");
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
    start("containerd", "containerd", "-c", directory.resolve("containerd.toml").toString());
    dockerd = startDockerd();
    importImage();
  }

  private Process startDockerd() throws Exception {
    Process started =
        start(
            "dockerd",
            "unshare",
            "--net",
            "dockerd",
            "--config-file=" + directory.resolve("daemon.json"),
            "--containerd=" + directory.resolve("containerd.sock"),
            "--data-root=" + dataRoot,
            "--exec-root=" + directory.resolve("exec"),
            "--host=unix://" + dockerSocket,
            "--pidfile=" + directory.resolve("docker.pid"),
            "--bridge=none",
            "--iptables=false",
            "--ip6tables=false");
    await("dockerd answers", READY, () -> started.isAlive() && docker("version").exit() == 0);
    return started;
  }

  void restartDockerd() throws Exception {
    stop(dockerd);
    dockerd = startDockerd();
  }

  /** The image holds a static busybox and {@code echoes}, made from src/test/c/echo.c. */
  private void importImage() throws Exception {
    Path bin = Files.createDirectories(directory.resolve("image/bin"));
    Files.copy(Path.of("/usr/bin/busybox"), bin.resolve("busybox"));
    for (String applet : List.of("sh", "cat", "echo", "sleep", "tty", "true")) {
      Files.createSymbolicLink(bin.resolve(applet), Path.of("busybox"));
    }
    Programs.Outcome compiled =
        Programs.run(
            List.of(
                "gcc",
                "-static",
                "-o",
                bin.resolve("echoes").toString(),
                Path.of("src/test/c/echo.c").toAbsolutePath().toString()),
            directory,
            "");
    if (compiled.exit() != 0) {
      throw new AssertionError(compiled.err());
    }
    Path tar = directory.resolve("image.tar");
    Programs.run(
        List.of("tar", "-C", directory.resolve("image").toString(), "-cf", tar.toString(), "."),
        directory,
        "");
    must("import", tar.toString(), IMAGE);
  }

  /** Runs the docker client against this engine. */
  Programs.Outcome docker(String... arguments) {
    List<String> command = new ArrayList<>(List.of("docker", "--host", "unix://" + dockerSocket));
    command.addAll(List.of(arguments));
    try {
      return Programs.run(command, directory, "");
    } catch (Exception e) {
      throw new AssertionError(command.toString(), e);
    }
  }

  /** The same, expected to succeed; gives what was printed, stripped. */
  String must(String... arguments) {
    Programs.Outcome outcome = docker(arguments);
    if (outcome.exit() != 0) {
      throw new AssertionError(
          "docker " + String.join(" ", arguments) + ": " + outcome.exit() + " " + outcome.err());
    }
    return outcome.out().strip();
  }

  static void await(String what, Duration atMost, BooleanSupplier condition) throws Exception {
    long end = System.nanoTime() + atMost.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("not within " + atMost + ": " + what);
      }
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }

  private Process start(String name, String... command) throws IOException {
    Process process =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(Redirect.appendTo(directory.resolve(name + ".log").toFile()))
            .start();
    processes.add(process);
    return process;
  }

  private static void stop(Process process) throws InterruptedException {
    process.destroy();
    if (!process.waitFor(20, TimeUnit.SECONDS)) {
      process.destroyForcibly().waitFor();
    }
  }

  void stopAll() throws Exception {
    for (String id : docker("ps", "-aq").out().lines().toList()) {
      docker("rm", "-f", id);
    }
    for (Process process : processes.reversed()) {
      stop(process);
    }
    Programs.run(
        List.of("sh", "-c", "grep -o \" $PWD[^ ]*\" /proc/mounts | sort -r | xargs -r umount"),
        directory,
        "");
  }
}
