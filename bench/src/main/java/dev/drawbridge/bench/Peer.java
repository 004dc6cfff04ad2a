package dev.drawbridge.bench;

import dev.drawbridge.testkit.Docker;
import dev.drawbridge.testkit.JdkPlaces;
import dev.drawbridge.testkit.LabException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A Java program of the benchmarks in a container, that answers each line with a line. The JDK and
 * the classes are the machine's, mounted.
 */
record Peer(Process process, BufferedReader from, Writer to) implements AutoCloseable {

  /** Options of {@code docker run} for a container that is to run one. */
  static List<String> mounts() {
    List<String> mounts = new ArrayList<>(List.of("-v", classes() + ":/bench:ro"));
    JdkPlaces.all().forEach(place -> mounts.addAll(List.of("-v", place + ":" + place + ":ro")));
    return mounts;
  }

  /** The directory with this very class's archive and its dependencies. */
  private static Path classes() {
    Path archive =
        Path.of(Peer.class.getProtectionDomain().getCodeSource().getLocation().getPath());
    return archive.toAbsolutePath().resolveSibling("").normalize();
  }

  /** The command line that runs {@code main} in such a container. */
  static List<String> java(Class<?> main, String... arguments) {
    return java(128, main, arguments);
  }

  private static List<String> java(int heapMegabytes, Class<?> main, String... arguments) {
    List<String> command =
        new ArrayList<>(
            List.of(
                System.getProperty("java.home") + "/bin/java",
                "-XX:+UseSerialGC",
                "-Xmx" + heapMegabytes + "m",
                "-cp",
                "/bench/*",
                main.getName()));
    command.addAll(List.of(arguments));
    return command;
  }

  /** Starts {@code main} in a container and talks to it. */
  static Peer in(Docker docker, String container, Class<?> main, String... arguments) {
    List<String> command = new ArrayList<>(List.of("docker", "exec", "-i", container));
    command.addAll(java(main, arguments));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(docker.environment());
    builder.redirectError(ProcessBuilder.Redirect.DISCARD);
    try {
      Process process = builder.start();
      return new Peer(process, process.inputReader(), process.outputWriter());
    } catch (IOException e) {
      throw new LabException("cannot start a probe: " + e.getMessage(), e);
    }
  }

  /** Starts {@code main} in a container, for as long as the container runs. */
  static void detached(Docker docker, String container, Class<?> main, String... arguments) {
    detached(docker, container, 128, main, arguments);
  }

  /** With a heap of this size. */
  static void detached(
      Docker docker, String container, int heapMegabytes, Class<?> main, String... arguments) {
    List<String> command = new ArrayList<>(List.of("exec", "-d", container));
    command.addAll(java(heapMegabytes, main, arguments));
    docker.must(command.toArray(String[]::new));
  }

  String ask(String command) {
    tell(command);
    return answer();
  }

  void tell(String command) {
    try {
      to.write(command + "\n");
      to.flush();
    } catch (IOException e) {
      throw new LabException("the probe is gone: " + e.getMessage(), e);
    }
  }

  String answer() {
    try {
      String line = from.readLine();
      if (line == null) {
        throw new LabException("the probe ended");
      }
      return line;
    } catch (IOException e) {
      throw new LabException("the probe is gone: " + e.getMessage(), e);
    }
  }

  /** The answer as a number. */
  double measure(String command) {
    String answer = ask(command);
    try {
      return Double.parseDouble(answer);
    } catch (NumberFormatException e) {
      throw new LabException("the probe answers to " + command + ": " + answer, e);
    }
  }

  @Override
  public void close() {
    process.destroy();
  }
}
