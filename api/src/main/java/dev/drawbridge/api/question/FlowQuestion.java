package dev.drawbridge.api.question;

import dev.drawbridge.api.FlowFilter;
import dev.drawbridge.api.report.Outcome;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** The parameters of {@code /v1/flows}, to and from a {@link FlowFilter}. */
public final class FlowQuestion {
  public static final List<String> PARAMETERS =
      List.of(
          "last",
          "follow",
          "verdict",
          "container",
          "from",
          "to",
          "port",
          "reason",
          "project",
          "protocol",
          "ending",
          "side",
          "since");

  private FlowQuestion() {}

  /**
   * Reads which flows a query asks for.
   *
   * @param names makes a container's name of its id
   */
  public static FlowFilter read(Query query, UnaryOperator<String> names) throws Refusal {
    return new FlowFilter(
        outcome(query),
        query.one("container").map(names),
        query.one("from").map(names),
        query.one("to").map(names),
        query.number("port", 1, 65535),
        query.one("reason"),
        query.one("project"),
        query.one("protocol"),
        query.one("ending"),
        side(query),
        since(query));
  }

  /** Names and values in turn. */
  public static void write(FlowFilter filter, List<String> into) {
    filter
        .verdict()
        .ifPresent(v -> into.addAll(List.of("verdict", v == Outcome.ALLOW ? "allowed" : "denied")));
    filter.container().ifPresent(c -> into.addAll(List.of("container", c)));
    filter.from().ifPresent(c -> into.addAll(List.of("from", c)));
    filter.to().ifPresent(c -> into.addAll(List.of("to", c)));
    filter.port().ifPresent(p -> into.addAll(List.of("port", p.toString())));
    filter.reason().ifPresent(r -> into.addAll(List.of("reason", r)));
    filter.project().ifPresent(p -> into.addAll(List.of("project", p)));
    filter.protocol().ifPresent(p -> into.addAll(List.of("protocol", p)));
    filter.ending().ifPresent(e -> into.addAll(List.of("ending", e)));
    filter
        .side()
        .ifPresent(
            s -> into.addAll(List.of("side", s == FlowFilter.Side.CALLER ? "caller" : "callee")));
    filter.since().ifPresent(t -> into.addAll(List.of("since", t.toString())));
  }

  private static Optional<Outcome> outcome(Query query) throws Refusal {
    Optional<String> text = query.one("verdict");
    if (text.isEmpty()) {
      return Optional.empty();
    }
    return switch (text.get()) {
      case "allow", "allowed" -> Optional.of(Outcome.ALLOW);
      case "deny", "denied" -> Optional.of(Outcome.DENY);
      default ->
          throw Query.bad("verdict", "\"" + text.get() + "\" is unknown", "allowed or denied");
    };
  }

  private static Optional<FlowFilter.Side> side(Query query) throws Refusal {
    Optional<String> text = query.one("side");
    if (text.isEmpty()) {
      return Optional.empty();
    }
    return switch (text.get()) {
      case "caller" -> Optional.of(FlowFilter.Side.CALLER);
      case "callee" -> Optional.of(FlowFilter.Side.CALLEE);
      default -> throw Query.bad("side", "\"" + text.get() + "\" is unknown", "caller or callee");
    };
  }

  private static Optional<Instant> since(Query query) throws Refusal {
    Optional<String> text = query.one("since");
    try {
      return text.map(Instant::parse);
    } catch (DateTimeException e) {
      throw Query.bad("since", "\"" + text.orElse("") + "\" is no time", "2026-01-31T12:00:00Z");
    }
  }
}
