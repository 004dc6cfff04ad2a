package dev.drawbridge.cli.doctor;

import dev.drawbridge.api.report.Json;
import dev.drawbridge.api.report.KernelReport;
import dev.drawbridge.cli.host.Ran;
import dev.drawbridge.cli.terminal.CommandException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** Has the agent's program look at the kernel: doctor must work where no agent starts. */
final class KernelProbe {
  private static final Duration DEADLINE = Duration.ofMinutes(2);

  private KernelProbe() {}

  /** Asks this program. */
  static KernelReport ask(Path program) throws CommandException {
    if (!Files.isExecutable(program)) {
      throw new CommandException("there is no program " + program);
    }
    Ran ran = Ran.run(DEADLINE, List.of(program.toString(), "--features"));
    if (!ran.ok()) {
      throw new CommandException(program + " --features exited with " + ran.status());
    }
    try {
      return Json.read(ran.out(), KernelReport.class);
    } catch (RuntimeException e) {
      throw new CommandException(program + " --features: " + e.getMessage(), e);
    }
  }
}
