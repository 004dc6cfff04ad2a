package dev.drawbridge.daemon.flow;

import dev.drawbridge.api.report.FlowReport;
import dev.drawbridge.api.report.Outcome;
import dev.drawbridge.api.report.PeerReference;
import dev.drawbridge.api.report.RuleReference;
import dev.drawbridge.bpf.abi.Event;
import dev.drawbridge.l7.AccessRecord;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Reason;
import java.net.InetAddress;
import java.time.Instant;
import java.util.Optional;

/**
 * One verdict that was given on the wire, with names resolved when it was given: by the time
 * somebody asks, the container may be gone.
 */
sealed interface FlowRecord {

  PeerReference from();

  PeerReference to();

  boolean denied();

  /** What would have been denied in enforce mode was let pass. */
  boolean audited();

  FlowReport report(long sequence);

  /** Decided by the kernel. */
  record Kernel(
      Event event, Instant at, PeerReference from, PeerReference to, Optional<RuleReference> rule)
      implements FlowRecord {

    @Override
    public boolean denied() {
      return switch (event.verdict()) {
        case DENY -> true;
        case ENGINE, ALLOW, AUDIT -> false;
      };
    }

    @Override
    public boolean audited() {
      return switch (event.verdict()) {
        case AUDIT -> true;
        case DENY, ENGINE, ALLOW -> false;
      };
    }

    @Override
    public FlowReport report(long sequence) {
      Optional<Reason> reason = Reason.of(event.reason());
      return new FlowReport(
          sequence,
          at,
          "",
          denied() ? Outcome.DENY : Outcome.ALLOW,
          reason.map(Reason::slug).orElse("reason-" + event.reason()),
          event.reason(),
          reason.map(Reason::sentence).orElse(""),
          "",
          from,
          to,
          address(event.source(), event.sourcePort()),
          address(event.destination(), event.destinationPort()),
          protocol(event.protocol()),
          Optional.empty(),
          rule,
          event.generation(),
          audited(),
          event.line().toString());
    }

    private static String address(InetAddress address, int port) {
      return address.isAnyLocalAddress() && port == 0 ? "" : text(address, port);
    }

    private static String protocol(int number) {
      return switch (number) {
        case 1, 58 -> "icmp";
        case 6 -> "tcp";
        case 17 -> "udp";
        case 132 -> "sctp";
        default -> "ip-" + number;
      };
    }
  }

  /** Decided by the engine. */
  record Request(
      AccessRecord access, PeerReference from, PeerReference to, Optional<RuleReference> rule)
      implements FlowRecord {

    @Override
    public boolean denied() {
      return access.decision() == Decision.DENY;
    }

    @Override
    public boolean audited() {
      return access.verdict().audited();
    }

    @Override
    public FlowReport report(long sequence) {
      return new FlowReport(
          sequence,
          access.at(),
          access.requestId(),
          denied() ? Outcome.DENY : Outcome.ALLOW,
          access.reason().slug(),
          access.reason().code(),
          access.reason().sentence(),
          access.ending().slug(),
          from,
          to,
          text(access.client().getAddress(), access.client().getPort()),
          text(access.destination().getAddress(), access.destination().getPort()),
          access.asked().protocol(),
          Optional.of(
              new FlowReport.Asked(
                  access.asked().text(),
                  access.asked().fields(),
                  access.requestBytes(),
                  access.responseBytes(),
                  access.durationNanos())),
          rule,
          access.verdict().generation(),
          access.verdict().audited(),
          "");
    }
  }

  /** Decided by the engine of an agent before this one, which named it. */
  record Former(FlowReport said) implements FlowRecord {

    @Override
    public PeerReference from() {
      return said.from();
    }

    @Override
    public PeerReference to() {
      return said.to();
    }

    @Override
    public boolean denied() {
      return said.verdict() == Outcome.DENY;
    }

    @Override
    public boolean audited() {
      return said.audited();
    }

    @Override
    public FlowReport report(long sequence) {
      return new FlowReport(
          sequence,
          said.at(),
          said.requestId(),
          said.verdict(),
          said.reason(),
          said.reasonCode(),
          said.sentence(),
          said.ending(),
          said.from(),
          said.to(),
          said.source(),
          said.destination(),
          said.protocol(),
          said.asked(),
          said.rule(),
          said.generation(),
          said.audited(),
          said.line());
    }
  }

  private static String text(InetAddress address, int port) {
    String literal = address.getHostAddress();
    String host = literal.indexOf(':') >= 0 ? "[" + literal + "]" : literal;
    return host + ":" + port;
  }
}
