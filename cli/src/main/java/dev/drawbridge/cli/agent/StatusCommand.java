package dev.drawbridge.cli.agent;

import dev.drawbridge.api.ApiException;
import dev.drawbridge.api.client.LocalClient;
import dev.drawbridge.api.report.EndpointReport;
import dev.drawbridge.api.report.Json;
import dev.drawbridge.api.report.StatusReport;
import dev.drawbridge.cli.terminal.AgentCommand;
import dev.drawbridge.cli.terminal.Exit;
import dev.drawbridge.cli.terminal.OutputFormat;
import dev.drawbridge.cli.terminal.Surroundings;
import dev.drawbridge.cli.terminal.Text;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "status",
    description = "Show whether the agent works, and every container it knows.",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:healthy",
      "1:a part has failed, or something that should be enforced is not attached",
      "2:the agent does not answer"
    })
public final class StatusCommand extends AgentCommand {
  private static final long PAUSE_MILLIS = 200;
  private static final int SCREEN = 80;

  @Mixin private OutputFormat format = new OutputFormat();

  @Option(names = "--wait", description = "Wait until the agent answers and is healthy.")
  private boolean wait;

  @Option(
      names = "--timeout",
      paramLabel = "SECONDS",
      defaultValue = "60",
      description = "How long --wait waits. Default: 60.")
  private int timeoutSeconds;

  @Option(
      names = {"-v", "--verbose"},
      description = "Every label and address too: wider than a screen.")
  private boolean verbose;

  public StatusCommand(Surroundings surroundings) {
    super(surroundings);
  }

  @Override
  public Integer call() throws ApiException, InterruptedException {
    LocalClient client = client();
    StatusReport status = wait ? waited(client) : client.status();
    if (format.json()) {
      out().println(Json.write(status));
    } else {
      print(status, client);
    }
    return status.healthy() ? Exit.YES : Exit.NO;
  }

  /** The first healthy status, or at the deadline whatever there is. */
  private StatusReport waited(LocalClient client) throws ApiException, InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(timeoutSeconds);
    while (true) {
      boolean last = System.nanoTime() >= deadline;
      try {
        StatusReport status = client.status();
        if (status.healthy() || last) {
          return status;
        }
      } catch (ApiException e) {
        if (last) {
          throw e;
        }
      }
      TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
    }
  }

  private void print(StatusReport status, LocalClient client) throws ApiException {
    out()
        .println(
            "drawbridge "
                + Text.oneLine(status.version())
                + (status.ready() ? ", ready" : ", not ready")
                + ", up "
                + age(status.startedAt())
                + ", generation "
                + status.generation());
    int width = status.components().stream().mapToInt(c -> c.name().length()).max().orElse(0);
    for (StatusReport.Component part : status.components()) {
      String name = part.name() + " ".repeat(width - part.name().length());
      out()
          .println(
              Text.oneLine(
                  "  "
                      + name
                      + "  "
                      + String.format(
                          Locale.ROOT, "%-8s", part.health().name().toLowerCase(Locale.ROOT))
                      + "  "
                      + part.detail()));
    }
    var endpoints = client.endpoints();
    if (!endpoints.isEmpty()) {
      out().println();
      (verbose ? EndpointsCommand.table(endpoints) : EndpointsCommand.summary(endpoints, columns()))
          .forEach(out()::println);
    }
    out().println();
    out()
        .println(
            counted(status.endpoints(), "container")
                + ", "
                + counted(status.problems(), "problem")
                + (status.problems() > 0 ? ": see drawbridge problems" : ""));
    if (!status.unattached().isEmpty()) {
      out()
          .println(
              Text.oneLine(
                  "NOT ENFORCED: "
                      + String.join(", ", status.unattached())
                      + ": recreate with the drawbridge runtime, or see drawbridge problems"));
    }
    if (!status.exempt().isEmpty()) {
      out()
          .println(
              Text.oneLine(
                  "EXEMPT: "
                      + status.exempt().stream()
                          .map(e -> e.name() + " (listed as " + e.entry() + ")")
                          .collect(Collectors.joining(", "))
                      + ": unguarded by the configuration of this host"));
    }
    long hooked =
        endpoints.stream()
            .filter(e -> e.attachment() == EndpointReport.Attachment.LISTENER)
            .count();
    if (hooked > 0) {
      out()
          .println(
              counted((int) hooked, "container")
                  + " attached only after the start: recreate with the drawbridge runtime");
    }
  }

  /** As wide as the terminal, if the shell tells. */
  private int columns() {
    String columns = surroundings.environment().getOrDefault("COLUMNS", "");
    return columns.matches("[1-9][0-9]{1,3}") ? Integer.parseInt(columns) : SCREEN;
  }

  private static String counted(int count, String noun) {
    return count + " " + noun + (count == 1 ? "" : "s");
  }

  private static String age(Instant since) {
    Duration age = Duration.between(since, Instant.now());
    if (age.toDays() > 0) {
      return age.toDays() + " d";
    }
    if (age.toHours() > 0) {
      return age.toHours() + " h";
    }
    return age.toMinutes() > 0 ? age.toMinutes() + " min" : Math.max(0, age.toSeconds()) + " s";
  }
}
