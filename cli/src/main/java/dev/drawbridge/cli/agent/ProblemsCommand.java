package dev.drawbridge.cli.agent;

import dev.drawbridge.api.ApiException;
import dev.drawbridge.api.report.Json;
import dev.drawbridge.api.report.ProblemReport;
import dev.drawbridge.cli.terminal.AgentCommand;
import dev.drawbridge.cli.terminal.Exit;
import dev.drawbridge.cli.terminal.OutputFormat;
import dev.drawbridge.cli.terminal.Surroundings;
import dev.drawbridge.cli.terminal.Text;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
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
public final class ProblemsCommand extends AgentCommand {
  private static final int MOST_NAMES = 8;

  @Mixin private OutputFormat format = new OutputFormat();

  public ProblemsCommand(Surroundings surroundings) {
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
      grouped(problems).forEach(out()::println);
    }
    return problems.stream().anyMatch(p -> p.severity().equals("error")) ? Exit.NO : Exit.YES;
  }

  /** What several containers have alike is one line that names them. */
  static List<String> grouped(List<ProblemReport> problems) {
    Map<ProblemReport, Set<String>> containers = new LinkedHashMap<>();
    Map<ProblemReport, Integer> times = new LinkedHashMap<>();
    for (ProblemReport p : problems) {
      ProblemReport alike =
          new ProblemReport(
              p.code(),
              p.severity(),
              "",
              p.where(),
              p.column(),
              p.message(),
              p.expected(),
              p.suggestion());
      Set<String> names = containers.computeIfAbsent(alike, _ -> new LinkedHashSet<>());
      if (!p.container().isEmpty()) {
        names.add(p.container());
      }
      times.merge(alike, 1, Integer::sum);
    }
    List<String> lines = new ArrayList<>();
    containers.forEach((p, names) -> {
      int more = times.getOrDefault(p, 1) - Math.max(1, names.size());
      lines.add(line(p, names) + (more > 0 ? " (" + (more + 1) + " times)" : ""));
    });
    return lines;
  }

  private static String line(ProblemReport p, Set<String> containers) {
    StringBuilder line = new StringBuilder(p.severity()).append(' ').append(p.code()).append(' ');
    if (!containers.isEmpty()) {
      List<String> names = new ArrayList<>(containers);
      int shown = Math.min(MOST_NAMES, names.size());
      line.append(String.join(", ", names.subList(0, shown)));
      if (shown < names.size()) {
        line.append(" and ").append(names.size() - shown).append(" more");
      }
      line.append(' ');
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
