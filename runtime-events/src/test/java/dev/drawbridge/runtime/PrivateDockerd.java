package dev.drawbridge.runtime;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.core.DefaultDockerClientConfig;
import com.github.dockerjava.core.DockerClientImpl;
import com.github.dockerjava.core.RemoteApiVersion;
import com.github.dockerjava.httpclient5.ApacheDockerHttpClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A real containerd and a real dockerd with directories, sockets and a network namespace of their
 * own, so that the host's engine and its networks are left alone. Needs root, and Debian's
 * docker.io, containerd and busybox-static.
 */
final class PrivateDockerd {
  static final String IMAGE = "busybox-it";

  private final Path directory;
  private final Process containerd;
  private Process dockerd;

  PrivateDockerd(Path directory) throws Exception {
    this.directory = directory;
    Files.createDirectories(directory.resolve("cd"));
    containerd =
        run(
            "containerd.log",
            "containerd",
            "--root",
            path("cd/root"),
            "--state",
            path("cd/state"),
            "--address",
            path("cd/s"),
            "--config",
            "/dev/null");
    Deadline.until("containerd answers", 30, () -> Files.exists(directory.resolve("cd/s")));
    dockerd = startDockerd();
    try {
      importImage();
    } catch (Exception e) {
      stop();
      throw e;
    }
  }

  private Process startDockerd() throws Exception {
    Files.deleteIfExists(directory.resolve("docker.pid"));
    Process process =
        run(
            "dockerd.log",
            "unshare",
            "--net",
            "sh",
            "-c",
            "ip link set lo up && exec \"$@\"",
            "sh",
            "dockerd",
            "--data-root",
            path("data"),
            "--exec-root",
            path("exec"),
            "--pidfile",
            path("docker.pid"),
            "--host",
            "unix://" + socket(),
            "--containerd",
            path("cd/s"),
            "--storage-driver",
            "vfs",
            "--config-file",
            Files.writeString(directory.resolve("daemon.json"), "{}").toString(),
            "--live-restore");
    try (DockerClient client = client()) {
      Deadline.until(
          "dockerd answers",
          60,
          () -> {
            try {
              client.pingCmd().exec();
              return true;
            } catch (RuntimeException notYet) {
              if (!process.isAlive()) {
                throw new IOException(
                    "dockerd ended: " + Files.readString(directory.resolve("dockerd.log")), notYet);
              }
              return false;
            }
          });
    }
    return process;
  }

  private String path(String relative) {
    return directory.resolve(relative).toString();
  }

  private Process run(String logFile, String... command) throws IOException {
    return new ProcessBuilder(command)
        .directory(directory.toFile())
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(directory.resolve(logFile).toFile()))
        .start();
  }

  String socket() {
    return path("docker.sock");
  }

  DockerClient client() {
    var config =
        DefaultDockerClientConfig.createDefaultConfigBuilder()
            .withDockerHost("unix://" + socket())
            .withDockerTlsVerify(false)
            .withApiVersion(RemoteApiVersion.VERSION_1_40)
            .build();
    return DockerClientImpl.getInstance(
        config,
        new ApacheDockerHttpClient.Builder()
            .dockerHost(config.getDockerHost())
            .maxConnections(16)
            .responseTimeout(Duration.ofMinutes(2))
            .build());
  }

  /** A root file system of one static busybox. */
  private void importImage() throws Exception {
    Path root = Files.createDirectories(directory.resolve("rootfs/bin"));
    Files.copy(Path.of("/bin/busybox"), root.resolve("busybox"));
    for (String applet : List.of("sh", "sleep")) {
      Files.createSymbolicLink(root.resolve(applet), Path.of("busybox"));
    }
    must("tar", "-C", path("rootfs"), "-cf", path("rootfs.tar"), ".");
    must("docker", "--host", "unix://" + socket(), "import", path("rootfs.tar"), IMAGE);
  }

  private void must(String... command) throws IOException, InterruptedException {
    if (run("setup.log", command).waitFor() != 0) {
      throw new IOException(
          String.join(" ", command) + ": " + Files.readString(directory.resolve("setup.log")));
    }
  }

  /** SIGTERM, wait, start again; containers live on. */
  void restart() throws Exception {
    stop(dockerd);
    dockerd = startDockerd();
  }

  /** SIGKILL, start again; containers live on. */
  void crash() throws Exception {
    dockerd.destroyForcibly().waitFor();
    dockerd = startDockerd();
  }

  private static void stop(Process process) throws InterruptedException {
    List<ProcessHandle> all = new ArrayList<>(process.descendants().toList());
    process.destroy();
    if (!process.waitFor(30, TimeUnit.SECONDS)) {
      process.destroyForcibly().waitFor();
    }
    all.stream()
        .filter(ProcessHandle::isAlive)
        .filter(h -> h.info().command().orElse("").endsWith("dockerd"))
        .forEach(ProcessHandle::destroyForcibly);
  }

  void stop() throws Exception {
    try (DockerClient client = client()) {
      for (var container : client.listContainersCmd().withShowAll(true).exec()) {
        client.removeContainerCmd(container.getId()).withForce(true).exec();
      }
    } finally {
      stop(dockerd);
      stop(containerd);
    }
  }
}
