package dev.drawbridge.cli;

import dev.drawbridge.api.ApiException;
import dev.drawbridge.api.EndpointReport;
import dev.drawbridge.api.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(name = "endpoints", description = "List every container the agent knows.")
final class EndpointsCommand extends AgentCommand {
  @Mixin private OutputFormat format = new OutputFormat();

  EndpointsCommand(Surroundings surroundings) {
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
              orDash(String.join(",", e.addresses())),
              orDash(Text.labels(e.labels()))));
    }
    return Text.table(rows);
  }

  private static String orDash(String text) {
    return text.isEmpty() ? "-" : text;
  }
}
