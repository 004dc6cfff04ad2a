package dev.drawbridge.cli.agent;

import dev.drawbridge.api.ApiException;
import dev.drawbridge.api.FlowFilter;
import dev.drawbridge.api.client.LocalClient;
import dev.drawbridge.api.report.EndpointReport;
import dev.drawbridge.api.report.FlowReport;
import dev.drawbridge.api.report.Outcome;
import dev.drawbridge.cli.policy.VerdictCommand;
import dev.drawbridge.cli.terminal.AgentCommand;
import dev.drawbridge.cli.terminal.CommandException;
import dev.drawbridge.cli.terminal.Exit;
import dev.drawbridge.cli.terminal.OutputFormat;
import dev.drawbridge.cli.terminal.Surroundings;
import dev.drawbridge.cli.terminal.Text;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "observe",
    description = "Show the verdicts that were given on the wire, one line each, oldest first.")
public final class ObserveCommand extends AgentCommand {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("HH:mm:ss.SSS", Locale.ROOT);

  @Mixin private OutputFormat format = new OutputFormat();

  @Option(names = "--denied", description = "Only denials.")
  private boolean denied;

  @Option(
      names = "--container",
      paramLabel = "NAME",
      description = "Only flows with this container, by name, service or id, on either side.")
  private @Nullable String container;

  @Option(names = "--from", paramLabel = "NAME", description = "Only of this caller.")
  private @Nullable String from;

  @Option(names = "--to", paramLabel = "NAME", description = "Only to this callee.")
  private @Nullable String to;

  @Option(names = "--port", paramLabel = "PORT", description = "Only to this port.")
  private @Nullable Integer port;

  @Option(names = "--reason", paramLabel = "SLUG", description = "Only with this reason.")
  private @Nullable String reason;

  @Option(
      names = "--project",
      paramLabel = "NAME",
      description = "Only with this compose project on either side.")
  private @Nullable String project;

  @Option(
      names = "--protocol",
      paramLabel = "NAME",
      description =
          "Only this one, as records show it: tcp, udp, http1, grpc, kafka, tunnel ...; http is"
              + " all of HTTP.")
  private @Nullable String protocol;

  @Option(
      names = "--ending",
      paramLabel = "SLUG",
      description = "Only what ended so: completed, upstream-refused, client-gone ...")
  private @Nullable String ending;

  @Option(
      names = "--side",
      paramLabel = "SIDE",
      description = "Only denials by the rules of this side: caller or callee.")
  private FlowFilter.@Nullable Side side;

  @Option(
      names = "--since",
      paramLabel = "TIME",
      description = "Only since then: 90s, 10m, 2h, 1d, or a time such as 2026-01-31T12:00:00Z.")
  private @Nullable String since;

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

  @Option(
      names = {"-v", "--verbose"},
      description =
          "Also the line of the kernel's programs that decided. As JSON: a container's labels each"
              + " time, not only where it is named first.")
  private boolean verbose;

  private @Nullable FlowLines lines;

  public ObserveCommand(Surroundings surroundings) {
    super(surroundings);
  }

  @Override
  public Integer call() throws ApiException, CommandException {
    FlowFilter filter =
        new FlowFilter(
            denied ? Optional.of(Outcome.DENY) : Optional.empty(),
            Optional.ofNullable(container),
            Optional.ofNullable(from),
            Optional.ofNullable(to),
            Optional.ofNullable(port),
            Optional.ofNullable(reason),
            Optional.ofNullable(project),
            Optional.ofNullable(protocol),
            Optional.ofNullable(ending),
            Optional.ofNullable(side),
            since == null ? Optional.empty() : Optional.of(Since.parse(since, Instant.now())));
    LocalClient client = client();
    if (!follow) {
      List<FlowReport> flows = client.flows(filter, last);
      if (flows.isEmpty()) {
        refuseUnknown(client);
      }
      flows.forEach(this::print);
      return Exit.YES;
    }
    refuseUnknown(client);
    try {
      client.follow(filter, last, this::print);
    } catch (ReaderGone e) {
      return Exit.YES;
    }
    err().println("drawbridge: the agent ended the stream");
    return Exit.NO_ANSWER;
  }

  /** A name that nobody has would be answered with silence. */
  private void refuseUnknown(LocalClient client) throws ApiException, CommandException {
    List<EndpointReport> endpoints = client.endpoints();
    for (String name : Stream.of(container, from, to).flatMap(Stream::ofNullable).toList()) {
      boolean outsider = !name.equals(container) && List.of("host", "world").contains(name);
      if (!outsider && endpoints.stream().noneMatch(e -> isCalled(e, name))) {
        throw new CommandException(
            "no container is called \""
                + name
                + "\", and no flow has one of that name (see: drawbridge endpoints)");
      }
    }
  }

  private static boolean isCalled(EndpointReport endpoint, String name) {
    return endpoint.name().equals(name)
        || name.equals(endpoint.labels().get("com.docker.compose.service"))
        || (name.length() >= 12 && endpoint.id().startsWith(name));
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
    if (format.json()) {
      FlowLines written = lines == null ? new FlowLines(verbose) : lines;
      lines = written;
      out().println(written.line(flow));
    } else {
      out().println(line(flow, ZoneId.systemDefault(), verbose));
    }
  }

  static String line(FlowReport flow, ZoneId zone, boolean verbose) {
    StringBuilder line = new StringBuilder(160);
    line.append(TIME.format(flow.at().atZone(zone)));
    line.append(
        flow.verdict() == Outcome.ALLOW
            ? (flow.audited() ? "  AUDIT  " : "  ALLOW  ")
            : "  DENY   ");
    line.append(flow.from().display()).append(" -> ").append(flow.to().display()).append("  ");
    String said = flow.asked().map(FlowReport.Asked::text).orElse("");
    line.append(said.isEmpty() ? flow.protocol() + " " + flow.destination() : said);
    flow.asked()
        .ifPresent(asked ->
            line.append("  ")
                .append(String.format(Locale.ROOT, "%.1f ms", asked.durationNanos() / 1e6)));
    line.append("  ").append(flow.reason());
    if (!flow.ending().isEmpty() && !flow.ending().equals("completed")) {
      line.append("  ended ").append(flow.ending());
    }
    if (flow.verdict() == Outcome.DENY && flow.rule().isEmpty()) {
      FlowFilter.side(flow)
          .ifPresent(s ->
              line.append(s == FlowFilter.Side.CALLER ? " out of " : " into ")
                  .append((s == FlowFilter.Side.CALLER ? flow.from() : flow.to()).display()));
    }
    flow.rule().ifPresent(rule -> line.append("  ").append(VerdictCommand.rule(rule)));
    if (!flow.requestId().isEmpty()) {
      line.append("  ").append(flow.requestId());
    }
    if (verbose && !flow.line().isEmpty()) {
      line.append("  at ").append(flow.line());
    }
    return Text.oneLine(line.toString());
  }
}
