package dev.drawbridge.api;

import dev.drawbridge.api.report.FlowReport;
import dev.drawbridge.api.report.Outcome;
import dev.drawbridge.api.report.PeerReference;
import dev.drawbridge.api.report.RuleReference;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;

/**
 * Which records to show; what is empty lets every record pass.
 *
 * @param container on either side: a container's name, or its compose service
 * @param from the caller, likewise, or {@code host} or {@code world}
 * @param to the callee, likewise
 * @param port that was called
 * @param reason its slug, such as {@code no-rule}
 * @param project of either side, as compose names it
 * @param protocol as the record has it, such as {@code tcp} or {@code grpc}; {@code http} lets both
 *     versions and gRPC pass
 * @param ending its slug, such as {@code upstream-refused}
 * @param side whose rules denied: {@code caller} or {@code callee}; records that do not tell do not
 *     pass
 * @param since records at that time or later
 */
public record FlowFilter(
    Optional<Outcome> verdict,
    Optional<String> container,
    Optional<String> from,
    Optional<String> to,
    Optional<Integer> port,
    Optional<String> reason,
    Optional<String> project,
    Optional<String> protocol,
    Optional<String> ending,
    Optional<Side> side,
    Optional<Instant> since) {

  public static final FlowFilter ALL = new FlowFilter(Optional.empty(), Optional.empty());

  private static final String HTTP = "http";
  private static final Set<String> ALL_HTTP = Set.of("http1", "http2", "grpc");
  private static final String PROJECT = "com.docker.compose.project";
  private static final String SERVICE = "com.docker.compose.service";

  /** By verdict and container alone. */
  public FlowFilter(Optional<Outcome> verdict, Optional<String> container) {
    this(
        verdict,
        container,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  /** Whose rules decided. */
  public enum Side {
    CALLER,
    CALLEE
  }

  public boolean passes(FlowReport flow) {
    return verdict.map(v -> v == flow.verdict()).orElse(true)
        && container.map(c -> is(flow.from(), c) || is(flow.to(), c)).orElse(true)
        && from.map(c -> is(flow.from(), c)).orElse(true)
        && to.map(c -> is(flow.to(), c)).orElse(true)
        && port.map(p -> flow.destination().endsWith(":" + p)).orElse(true)
        && reason.map(r -> r.equals(flow.reason())).orElse(true)
        && project.map(p -> isOf(flow.from(), p) || isOf(flow.to(), p)).orElse(true)
        && protocol.map(p -> isSpoken(flow, p)).orElse(true)
        && ending.map(e -> e.equals(flow.ending())).orElse(true)
        && side.map(s -> flow.verdict() == Outcome.DENY && side(flow).equals(side)).orElse(true)
        && since.map(time -> !flow.at().isBefore(time)).orElse(true);
  }

  private static boolean isSpoken(FlowReport flow, String protocol) {
    return protocol.equals(HTTP)
        ? ALL_HTTP.contains(flow.protocol())
        : protocol.equals(flow.protocol());
  }

  private static boolean is(PeerReference peer, String name) {
    return name.equals(peer.name()) || name.equals(peer.labels().get(SERVICE));
  }

  private static boolean isOf(PeerReference peer, String project) {
    return project.equals(peer.labels().get(PROJECT));
  }

  /**
   * Whose rules decided, as far as the record says: the container that declares the rule; without a
   * rule, the only container of the two.
   */
  public static Optional<Side> side(FlowReport flow) {
    String owner = flow.rule().map(RuleReference::container).orElse("");
    if (!owner.isEmpty()) {
      return owner.equals(flow.to().name())
          ? Optional.of(Side.CALLEE)
          : owner.equals(flow.from().name()) ? Optional.of(Side.CALLER) : Optional.empty();
    }
    if (flow.rule().isPresent()) {
      return Optional.empty();
    }
    boolean caller = isContainer(flow.from());
    boolean callee = isContainer(flow.to());
    return caller == callee ? Optional.empty() : Optional.of(caller ? Side.CALLER : Side.CALLEE);
  }

  private static boolean isContainer(PeerReference peer) {
    return peer.endpoint() > 2;
  }
}
