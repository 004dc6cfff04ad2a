package dev.drawbridge.cli.doctor;

import dev.drawbridge.api.report.Json;
import dev.drawbridge.api.report.KernelReport;
import dev.drawbridge.cli.terminal.CommandException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** Has the agent's program look at the kernel: doctor must work where no agent starts. */
final class KernelProbe {
  private static final int DEADLINE_SECONDS = 120;

  private KernelProbe() {}

  /** Asks this program. */
  static KernelReport ask(Path program) throws CommandException {
    if (!Files.isExecutable(program)) {
      throw new CommandException("there is no program " + program);
    }
    Path answer = null;
    try {
      answer = Files.createTempFile("drawbridge-features", ".json");
      Process process =
          new ProcessBuilder(program.toString(), "--features")
              .redirectErrorStream(false)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .redirectOutput(answer.toFile())
              .start();
      if (!process.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new CommandException(program + " did not answer within " + DEADLINE_SECONDS + " s");
      }
      String text = Files.readString(answer, StandardCharsets.UTF_8);
      if (process.exitValue() != 0) {
        throw new CommandException(program + " --features exited with " + process.exitValue());
      }
      return Json.read(text, KernelReport.class);
    } catch (IOException | RuntimeException e) {
      throw new CommandException(program + " --features: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CommandException("interrupted", e);
    } finally {
      discard(answer);
    }
  }

  private static void discard(@org.jspecify.annotations.Nullable Path file) {
    try {
      if (file != null) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      // A file of a few kilobytes in the directory for temporary files.
      file.toFile().deleteOnExit();
    }
  }
}
