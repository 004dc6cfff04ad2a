package dev.drawbridge.cli.host;

import dev.drawbridge.cli.terminal.CommandException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * What another program of this host has said.
 *
 * @param status its exit status
 * @param out its standard output, {@link #LARGEST} bytes at most
 * @param err its standard error, likewise
 */
public record Ran(int status, String out, String err) {
  /** More than this is not read, in bytes. */
  private static final int LARGEST = 1 << 20;

  public boolean ok() {
    return status == 0;
  }

  /** The last line that it said, for a message; standard error before standard output. */
  public String lastWords() {
    String said = err.isBlank() ? out : err;
    return said.lines()
        .filter(line -> !line.isBlank())
        .reduce((_, last) -> last.strip())
        .orElse("exit status " + status);
  }

  /**
   * Runs a program to its end, without standard input.
   *
   * @throws CommandException if there is no such program, or it does not end in time
   */
  public static Ran run(Duration deadline, List<String> command) throws CommandException {
    try (var out = new TemporaryFile("drawbridge-said", ".out");
        var err = new TemporaryFile("drawbridge-said", ".err")) {
      Process process =
          new ProcessBuilder(command)
              .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
              .redirectOutput(out.path().toFile())
              .redirectError(err.path().toFile())
              .start();
      try {
        if (!process.waitFor(deadline.toMillis(), TimeUnit.MILLISECONDS)) {
          throw new CommandException(
              String.join(" ", command) + ": not done within " + deadline.toSeconds() + " s");
        }
      } finally {
        // Nothing is left behind by a deadline either.
        process.destroyForcibly();
      }
      return new Ran(process.exitValue(), text(out.path()), text(err.path()));
    } catch (IOException e) {
      throw new CommandException(command.getFirst() + " cannot be run: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CommandException("interrupted", e);
    }
  }

  private static String text(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return new String(in.readNBytes(LARGEST), StandardCharsets.UTF_8);
    }
  }
}
