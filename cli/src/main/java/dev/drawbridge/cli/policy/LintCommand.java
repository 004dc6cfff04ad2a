package dev.drawbridge.cli.policy;

import dev.drawbridge.api.report.Json;
import dev.drawbridge.cli.terminal.AbstractCommand;
import dev.drawbridge.cli.terminal.CommandException;
import dev.drawbridge.cli.terminal.Exit;
import dev.drawbridge.cli.terminal.OutputFormat;
import dev.drawbridge.cli.terminal.Surroundings;
import dev.drawbridge.cli.terminal.Text;
import dev.drawbridge.tools.lint.ComposeFile;
import dev.drawbridge.tools.lint.LintReport;
import dev.drawbridge.tools.lint.Linter;
import java.util.ArrayList;
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
      "  drawbridge lint -f compose.yaml -f compose.prod.yaml",
      "  drawbridge lint /etc/drawbridge/policy.d/*.policy"
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:no error (there may be warnings)",
      "1:at least one error, or a warning with --strict",
      "2:a file cannot be read"
    })
public final class LintCommand extends AbstractCommand {
  @Mixin private OutputFormat format = new OutputFormat();

  @Option(names = "--strict", description = "Warnings count as errors.")
  private boolean strict;

  @Option(
      names = {"-f", "--file"},
      paramLabel = "FILE",
      description =
          "A compose file; several are one project, each on top of those before it, as for docker compose.")
  private List<String> project = List.of();

  @Mixin private ComposeOptions compose = new ComposeOptions();

  @Parameters(
      paramLabel = "FILE",
      arity = "0..*",
      description =
          "A compose file or its directory, a file that ends in .policy, or - for a compose file on standard input.")
  private List<String> files = List.of();

  public LintCommand(Surroundings surroundings) {
    super(surroundings);
  }

  @Override
  public Integer call() throws CommandException {
    if (files.isEmpty() && project.isEmpty()) {
      throw new CommandException("a FILE is missing: see drawbridge lint --help");
    }
    LintReport report = new LintReport(List.of());
    boolean unreadable = false;
    List<List<String>> projects = new ArrayList<>();
    files.forEach(file -> projects.add(List.of(file)));
    if (!project.isEmpty()) {
      projects.add(project);
    }
    for (List<String> one : projects) {
      try {
        report = report.and(lint(one));
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
      List<String> all = projects.stream().flatMap(List::stream).toList();
      out().println("no problems in " + (all.size() == 1 ? all.getFirst() : all.size() + " files"));
    }
    if (unreadable) {
      return Exit.NO_ANSWER;
    }
    return report.errors() > 0 || (strict && !report.findings().isEmpty()) ? Exit.NO : Exit.YES;
  }

  private LintReport lint(List<String> one) throws CommandException {
    if (one.getFirst().endsWith(".policy")) {
      PolicyText read = PolicyText.read(one.getFirst(), surroundings.in());
      return Linter.hostPolicy(read.name(), read.text());
    }
    return Linter.compose(
        ComposeFile.read(
            one.equals(project)
                ? compose.exactly(one, surroundings)
                : compose.request(one, surroundings)));
  }
}
