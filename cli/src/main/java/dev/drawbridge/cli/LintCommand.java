package dev.drawbridge.cli;

import dev.drawbridge.api.Json;
import dev.drawbridge.policy.Problem;
import dev.drawbridge.policy.Severity;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
    name = "lint",
    description = {
      "Check policies without an agent: the labels of a compose file, or a host policy file (*.policy).",
      "",
      "  drawbridge lint compose.yaml",
      "  drawbridge lint /etc/drawbridge/policy.d/*.policy"
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:no error (there may be warnings)",
      "1:at least one error",
      "2:a file cannot be read"
    })
final class LintCommand extends AbstractCommand {
  @Mixin private OutputFormat format = new OutputFormat();

  @Parameters(
      paramLabel = "FILE",
      arity = "1..*",
      description = "A compose file, or a file that ends in .policy.")
  private List<Path> files = List.of();

  LintCommand(Surroundings surroundings) {
    super(surroundings);
  }

  private record Line(
      String file,
      int line,
      String service,
      String code,
      String severity,
      String label,
      int column,
      String message,
      String expected,
      Optional<String> suggestion,
      Optional<String> text) {}

  @Override
  public Integer call() {
    List<Lint.Finding> findings = new ArrayList<>();
    boolean unreadable = false;
    for (Path file : files) {
      try {
        findings.addAll(Lint.file(file));
      } catch (CommandException e) {
        unreadable = true;
        err().println("drawbridge: " + Text.printable(String.valueOf(e.getMessage())));
      }
    }
    if (format.json()) {
      out().println(Json.write(findings.stream().map(LintCommand::line).toList()));
    } else {
      findings.forEach(f -> out().println(Text.printable(text(f))));
      if (findings.isEmpty() && !unreadable) {
        out()
            .println(
                "no problems in "
                    + (files.size() == 1 ? files.getFirst() : files.size() + " files"));
      }
    }
    if (unreadable) {
      return Exit.NO_ANSWER;
    }
    return findings.stream().anyMatch(f -> f.problem().severity() == Severity.ERROR)
        ? Exit.NO
        : Exit.YES;
  }

  private static String text(Lint.Finding finding) {
    // Host policy names file and line itself.
    String place =
        finding.service().isEmpty()
            ? ""
            : finding.file() + ":" + finding.line() + ": " + finding.service() + ": ";
    return place
        + finding.problem().severity().name().toLowerCase(Locale.ROOT)
        + " "
        + finding.problem().withCaret();
  }

  private static Line line(Lint.Finding finding) {
    Problem p = finding.problem();
    return new Line(
        finding.file(),
        finding.line(),
        finding.service(),
        p.code(),
        p.severity().name().toLowerCase(Locale.ROOT),
        p.origin().display(),
        p.column(),
        p.message(),
        p.expected(),
        p.suggestion(),
        p.text());
  }
}
