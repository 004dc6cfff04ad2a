package dev.drawbridge.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * A long-running process of the lab, in a session of its own, so that a terminal's interrupt
 * reaches the lab's owner only, who then stops things in order.
 */
final class LabDaemon {
  private static final Duration ORDERLY = Duration.ofSeconds(60);

  private final String name;
  private final ProcessHandle process;
  private final Path log;

  private LabDaemon(String name, ProcessHandle process, Path log) {
    this.name = name;
    this.process = process;
    this.log = log;
  }

  /** Starts the command; its pid goes to {@code <directory>/<name>.pid} for {@link LabSweep}. */
  static LabDaemon start(
      String name, Path directory, Map<String, String> environment, List<String> command) {
    Path log = directory.resolve(name + ".log");
    try {
      ProcessBuilder builder = new ProcessBuilder("setsid");
      builder.command().addAll(command);
      builder.environment().putAll(environment);
      builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
      builder
          .redirectErrorStream(true)
          .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
      Process process = builder.start();
      Files.writeString(directory.resolve(name + ".pid"), Long.toString(process.pid()));
      return new LabDaemon(name, process.toHandle(), log);
    } catch (IOException e) {
      throw new LabException("cannot start " + name + ": " + e.getMessage(), e);
    }
  }

  /** Another process in this one's place, which writes to the same log. */
  LabDaemon succeededBy(ProcessHandle successor) {
    return new LabDaemon(name, successor, log);
  }

  long pid() {
    return process.pid();
  }

  boolean alive() {
    return process.isAlive();
  }

  /** Everything it has written so far. */
  String log() {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      throw new LabException("cannot read the log of " + name + ": " + e.getMessage(), e);
    }
  }

  /** The last lines of its log, for a message. */
  String lastWords() {
    List<String> lines = log().lines().toList();
    return String.join("\n", lines.subList(Math.max(0, lines.size() - 15), lines.size()));
  }

  /**
   * Waits until the condition holds; a process that ended before that is an error with its last
   * words.
   */
  void ready(Duration deadline, java.util.function.BooleanSupplier condition) {
    boolean held = Await.within(deadline, () -> !process.isAlive() || condition.getAsBoolean());
    if (!held || !process.isAlive()) {
      throw new LabException(name + (held ? " ended" : " was not ready") + ":\n" + lastWords());
    }
  }

  /** SIGTERM, and SIGKILL if that is not enough. */
  void stop() {
    boolean _ = process.destroy();
    if (!Await.within(ORDERLY, () -> !process.isAlive())) {
      kill();
    }
  }

  /** SIGKILL, as a crash would. */
  void kill() {
    boolean _ = process.destroyForcibly();
    process.onExit().join();
  }
}
