package dev.drawbridge.cli;

import dev.drawbridge.api.Json;
import dev.drawbridge.tools.lint.LintReport;
import dev.drawbridge.tools.lint.Linter;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
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
      "1:at least one error, or a warning with --strict",
      "2:a file cannot be read"
    })
final class LintCommand extends AbstractCommand {
  @Mixin private OutputFormat format = new OutputFormat();

  @Option(names = "--strict", description = "Warnings count as errors.")
  private boolean strict;

  @Parameters(
      paramLabel = "FILE",
      arity = "1..*",
      description =
          "A compose file, a file that ends in .policy, or - for a compose file on standard input.")
  private List<String> files = List.of();

  LintCommand(Surroundings surroundings) {
    super(surroundings);
  }

  @Override
  public Integer call() {
    LintReport report = new LintReport(List.of());
    boolean unreadable = false;
    for (String file : files) {
      try {
        PolicyText read = PolicyText.read(file, surroundings.in());
        report = report.and(Linter.file(read.name(), read.text(), read.project()));
      } catch (CommandException e) {
        unreadable = true;
        err().println("drawbridge: " + Text.printable(String.valueOf(e.getMessage())));
      }
    }
    if (format.json()) {
      out().println(Json.write(report.findings()));
    } else if (!report.findings().isEmpty()) {
      out().print(Text.printable(report.text()));
    } else if (!unreadable) {
      out()
          .println(
              "no problems in " + (files.size() == 1 ? files.getFirst() : files.size() + " files"));
    }
    if (unreadable) {
      return Exit.NO_ANSWER;
    }
    return report.errors() > 0 || (strict && !report.findings().isEmpty()) ? Exit.NO : Exit.YES;
  }
}
