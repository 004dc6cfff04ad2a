package dev.drawbridge.cli.agent;

import dev.drawbridge.api.ApiException;
import dev.drawbridge.api.report.EndpointReport;
import dev.drawbridge.api.report.Json;
import dev.drawbridge.cli.terminal.AgentCommand;
import dev.drawbridge.cli.terminal.Exit;
import dev.drawbridge.cli.terminal.OutputFormat;
import dev.drawbridge.cli.terminal.Surroundings;
import dev.drawbridge.cli.terminal.Text;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(name = "endpoints", description = "List every container the agent knows.")
public final class EndpointsCommand extends AgentCommand {
  private static final List<String> HEADINGS =
      List.of("CONTAINER", "ENDPOINT", "MODE", "ATTACHED", "CLOSED", "RULES", "DENIED");
  private static final int WIDTH_BESIDE_NAME = 56;
  private static final int NARROWEST = 12;

  @Mixin private OutputFormat format = new OutputFormat();

  public EndpointsCommand(Surroundings surroundings) {
    super(surroundings);
  }

  @Override
  public Integer call() throws ApiException {
    List<EndpointReport> endpoints = client().endpoints();
    if (format.json()) {
      out().println(Json.write(endpoints));
    } else {
      table(endpoints).forEach(out()::println);
    }
    return Exit.YES;
  }

  /** What fits a screen: labels only where there is room for them, and not compose's own. */
  static List<String> summary(List<EndpointReport> endpoints, int columns) {
    boolean problems = endpoints.stream().anyMatch(e -> !e.problems().isEmpty());
    int widestName =
        Math.max(
            NARROWEST,
            columns - WIDTH_BESIDE_NAME - (problems ? 10 : 0) - (engines(endpoints) > 1 ? 12 : 0));
    List<List<String>> rows = new ArrayList<>();
    rows.add(new ArrayList<>(HEADINGS));
    for (EndpointReport e : endpoints) {
      rows.add(
          new ArrayList<>(
              List.of(
                  Text.shortened(e.name(), widestName),
                  Integer.toString(e.endpoint()),
                  e.mode(),
                  e.attachment().name().toLowerCase(Locale.ROOT),
                  e.closed().size() > 1 ? "both" : orDash(String.join(",", e.closed())),
                  Integer.toString(e.rules()),
                  Long.toString(e.denied()))));
    }
    if (engines(endpoints) > 1) {
      rows.getFirst().add("ENGINE");
      for (int i = 0; i < endpoints.size(); i++) {
        rows.get(i + 1).add(orDash(endpoints.get(i).engine()));
      }
    }
    if (problems) {
      rows.getFirst().add("PROBLEMS");
      for (int i = 0; i < endpoints.size(); i++) {
        rows.get(i + 1).add(Integer.toString(endpoints.get(i).problems().size()));
      }
    }
    int used = Text.table(rows).stream().mapToInt(String::length).max().orElse(0);
    int room = columns - used - 2;
    if (room >= NARROWEST) {
      rows.getFirst().add("LABELS");
      for (int i = 0; i < endpoints.size(); i++) {
        rows.get(i + 1).add(orDash(Text.shortened(Text.labels(own(endpoints.get(i))), room)));
      }
    }
    return Text.table(rows);
  }

  private static long engines(List<EndpointReport> endpoints) {
    return endpoints.stream().map(EndpointReport::engine).distinct().count();
  }

  /** The last name of a path: what people call a runtime by. */
  private static String runtime(EndpointReport e) {
    return e.runtime().substring(e.runtime().lastIndexOf('/') + 1);
  }

  /** Labels that somebody wrote, not those by which compose keeps its books. */
  private static SortedMap<String, String> own(EndpointReport e) {
    SortedMap<String, String> own = new TreeMap<>(e.labels());
    own.keySet().removeIf(key -> key.startsWith("com.docker.compose."));
    own.keySet().removeAll(e.imageLabels().keySet());
    return own;
  }

  static List<String> table(List<EndpointReport> endpoints) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(
        List.of(
            "CONTAINER",
            "ENDPOINT",
            "MODE",
            "ATTACHED",
            "CLOSED",
            "RULES",
            "DENIED",
            "PROBLEMS",
            "ENGINE",
            "RUNTIME",
            "ADDRESSES",
            "LABELS"));
    for (EndpointReport e : endpoints) {
      rows.add(
          List.of(
              e.name(),
              Integer.toString(e.endpoint()),
              e.mode(),
              e.attachment().name().toLowerCase(Locale.ROOT),
              orDash(String.join(",", e.closed())),
              Integer.toString(e.rules()),
              Long.toString(e.denied()),
              Integer.toString(e.problems().size()),
              orDash(e.engine()),
              orDash(runtime(e)),
              orDash(String.join(",", e.addresses())),
              orDash(Text.labels(e.labels()))));
    }
    return Text.table(rows);
  }

  private static String orDash(String text) {
    return text.isEmpty() ? "-" : text;
  }
}
