package dev.drawbridge.cli.doctor;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Other programs of this host, asked for one line. */
final class Programs {
  private static final int SECONDS = 10;

  /** More than this of an answer is not read, in bytes. */
  private static final int LARGEST = 4096;

  private Programs() {}

  /** What a program says first; empty if there is none, or it fails, or says nothing in time. */
  static Optional<String> firstLine(List<String> command) {
    Process process;
    try {
      process =
          new ProcessBuilder(command)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
              .start();
    } catch (IOException e) {
      return Optional.empty();
    }
    // What does not end is ended, and its answer with it.
    var _ =
        process
            .onExit()
            .orTimeout(SECONDS, TimeUnit.SECONDS)
            .whenComplete((_, late) -> {
              if (late != null) {
                process.destroyForcibly();
              }
            });
    try (InputStream in = process.getInputStream()) {
      String said = new String(in.readNBytes(LARGEST), StandardCharsets.UTF_8);
      return process.waitFor() == 0
          ? said.lines().map(String::strip).filter(line -> !line.isEmpty()).findFirst()
          : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      process.destroyForcibly();
      return Optional.empty();
    }
  }
}
