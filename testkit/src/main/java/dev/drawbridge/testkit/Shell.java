package dev.drawbridge.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Runs programs of this machine, with a deadline, no standard input and both outputs kept apart.
 */
public final class Shell {
  /** Long enough for an engine under load, short enough to see that something hangs. */
  public static final Duration DEADLINE = Duration.ofSeconds(60);

  private Shell() {}

  /** Runs a command to its end, whatever its exit status. */
  public static Output run(String... command) {
    return run(DEADLINE, Map.of(), List.of(command));
  }

  /** Runs a command that must succeed, and gives its standard output without the last line end. */
  public static String must(String... command) {
    Output output = run(command);
    if (!output.ok()) {
      throw new LabException(
          String.join(" ", command) + ": exit " + output.status() + ": " + output.text());
    }
    return output.out().stripTrailing();
  }

  /**
   * Sends a signal by its name, such as {@code HUP}. The shell's own {@code kill}: the program of
   * that name is in a package that a small system does not have.
   */
  public static void signal(String name, long pid) {
    must("sh", "-c", "kill -" + name + " " + pid);
  }

  /** Runs a command; one that is not done at its deadline is killed and has status -1. */
  public static Output run(
      Duration deadline, Map<String, String> environment, List<String> command) {
    try {
      Path out = Files.createTempFile("drawbridge-lab", ".out");
      Path err = Files.createTempFile("drawbridge-lab", ".err");
      try {
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().putAll(environment);
        builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
        builder.redirectOutput(out.toFile()).redirectError(err.toFile());
        Process process = builder.start();
        boolean ended = await(process, deadline);
        int status = ended ? process.exitValue() : -1;
        return new Output(status, Files.readString(out), Files.readString(err));
      } finally {
        Files.deleteIfExists(out);
        Files.deleteIfExists(err);
      }
    } catch (IOException e) {
      throw new LabException("cannot run " + String.join(" ", command) + ": " + e.getMessage(), e);
    }
  }

  /** Waits for the end; kills the process with its children at the deadline and then says false. */
  static boolean await(Process process, Duration deadline) {
    boolean interrupted = false;
    try {
      if (process.waitFor(Await.patient(deadline).toMillis(), TimeUnit.MILLISECONDS)) {
        return true;
      }
    } catch (InterruptedException e) {
      interrupted = true;
    }
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
    process.onExit().join();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return false;
  }
}
