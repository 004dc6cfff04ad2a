package dev.drawbridge.cli;

import dev.drawbridge.api.ApiException;
import dev.drawbridge.api.Json;
import dev.drawbridge.api.ProblemReport;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
    name = "problems",
    description = "List what the agent found wrong, with what to do about it.",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:no error (there may be warnings)",
      "1:at least one error",
      "2:the agent does not answer"
    })
final class ProblemsCommand extends AgentCommand {
  @Mixin private OutputFormat format = new OutputFormat();

  ProblemsCommand(Surroundings surroundings) {
    super(surroundings);
  }

  @Override
  public Integer call() throws ApiException {
    List<ProblemReport> problems = client().problems();
    if (format.json()) {
      out().println(Json.write(problems));
    } else if (problems.isEmpty()) {
      out().println("no problems");
    } else {
      problems.forEach(p -> out().println(line(p)));
    }
    return problems.stream().anyMatch(p -> p.severity().equals("error")) ? Exit.NO : Exit.YES;
  }

  private static String line(ProblemReport p) {
    StringBuilder line = new StringBuilder(p.severity()).append(' ').append(p.code()).append(' ');
    if (!p.container().isEmpty()) {
      line.append(p.container()).append(' ');
    }
    line.append(p.where());
    if (p.column() > 0) {
      line.append(" column ").append(p.column());
    }
    line.append(": ").append(p.message());
    if (!p.expected().isEmpty()) {
      line.append("; expected ").append(p.expected());
    }
    p.suggestion().ifPresent(s -> line.append("; try: ").append(s));
    return Text.oneLine(line.toString());
  }
}
