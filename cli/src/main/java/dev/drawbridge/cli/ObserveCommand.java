package dev.drawbridge.cli;

import dev.drawbridge.api.ApiException;
import dev.drawbridge.api.FlowFilter;
import dev.drawbridge.api.FlowReport;
import dev.drawbridge.api.Json;
import dev.drawbridge.api.LocalClient;
import dev.drawbridge.api.Outcome;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "observe",
    description = "Show the verdicts that were given on the wire, one line each, oldest first.")
final class ObserveCommand extends AgentCommand {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("HH:mm:ss.SSS", Locale.ROOT);

  @Mixin private OutputFormat format = new OutputFormat();

  @Option(names = "--denied", description = "Only denials.")
  private boolean denied;

  @Option(
      names = "--container",
      paramLabel = "NAME",
      description = "Only flows with this container, by name or id, on either side.")
  private @Nullable String container;

  @Option(
      names = {"-f", "--follow"},
      description = "Go on with new ones until interrupted.")
  private boolean follow;

  @Option(
      names = "--last",
      paramLabel = "N",
      description = "Begin with the last N, at most 5000. Default: 20.",
      defaultValue = "20")
  private int last;

  ObserveCommand(Surroundings surroundings) {
    super(surroundings);
  }

  @Override
  public Integer call() throws ApiException {
    FlowFilter filter =
        new FlowFilter(
            denied ? Optional.of(Outcome.DENY) : Optional.empty(), Optional.ofNullable(container));
    LocalClient client = client();
    if (!follow) {
      client.flows(filter, last).forEach(this::print);
      return Exit.YES;
    }
    try {
      client.follow(filter, last, this::print);
    } catch (ReaderGone e) {
      return Exit.YES;
    }
    err().println("drawbridge: the agent ended the stream");
    return Exit.NO_ANSWER;
  }

  private void print(LocalClient.FollowedLine line) {
    switch (line) {
      case LocalClient.FollowedLine.Flow(FlowReport flow) -> print(flow);
      case LocalClient.FollowedLine.Lost(long count) -> {
        if (format.json()) {
          out().println("{\"lost\":" + count + "}");
        } else {
          out().println("-- " + count + " records lost here: this terminal was too slow");
        }
      }
    }
    // The other end of a pipe, such as head, may have had enough.
    if (out().checkError()) {
      throw new ReaderGone();
    }
  }

  private static final class ReaderGone extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  private void print(FlowReport flow) {
    out().println(format.json() ? Json.write(flow) : line(flow, ZoneId.systemDefault()));
  }

  static String line(FlowReport flow, ZoneId zone) {
    StringBuilder line = new StringBuilder(160);
    line.append(TIME.format(flow.at().atZone(zone)));
    line.append(
        flow.verdict() == Outcome.ALLOW
            ? (flow.audited() ? "  AUDIT  " : "  ALLOW  ")
            : "  DENY   ");
    line.append(flow.from().display()).append(" -> ").append(flow.to().display()).append("  ");
    if (flow.http().isPresent()) {
      FlowReport.Http http = flow.http().get();
      line.append(http.method())
          .append(' ')
          .append(http.path())
          .append("  ")
          .append(http.status() == 0 ? "-" : Integer.toString(http.status()));
      line.append("  ").append(String.format(Locale.ROOT, "%.1f ms", http.durationNanos() / 1e6));
    } else {
      line.append(flow.protocol()).append(' ').append(flow.destination());
    }
    line.append("  ").append(flow.reason());
    flow.rule().ifPresent(rule -> line.append("  ").append(VerdictCommand.rule(rule)));
    if (!flow.requestId().isEmpty()) {
      line.append("  ").append(flow.requestId());
    }
    return Text.oneLine(line.toString());
  }
}
