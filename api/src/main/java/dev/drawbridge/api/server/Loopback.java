package dev.drawbridge.api.server;

import dev.drawbridge.api.question.Refusal;
import dev.drawbridge.api.report.PeerReference;
import dev.drawbridge.api.report.RuleReference;
import dev.drawbridge.api.report.StatusReport;
import dev.drawbridge.api.report.VerdictReport;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What loopback TCP is told. Any user of the host can connect there, so nothing of it holds a
 * container's labels, a requested path or a rule's text; those need the Unix socket and its group.
 */
final class Loopback {
  private Loopback() {}

  /** Healths and numbers; a component's sentence may name files of the host. */
  static StatusReport of(StatusReport status) {
    return new StatusReport(
        status.version(),
        status.startedAt(),
        status.ready(),
        status.generation(),
        status.components().stream()
            .map(c -> new StatusReport.Component(c.name(), c.health(), ""))
            .toList(),
        status.endpoints(),
        status.unattached(),
        status.exempt(),
        status.problems(),
        status.drops());
  }

  /** The verdict, its reason, and which rule decided, without what that rule says. */
  static VerdictReport of(VerdictReport verdict) {
    return new VerdictReport(
        verdict.verdict(),
        verdict.reason(),
        verdict.reasonCode(),
        verdict.sentence(),
        verdict.rule().map(r -> new RuleReference(r.number(), r.origin(), r.container(), "")),
        of(verdict.from()),
        of(verdict.to()),
        verdict.generation(),
        verdict.audited(),
        verdict.judgedBy(),
        Optional.empty());
  }

  private static PeerReference of(PeerReference peer) {
    return new PeerReference(peer.endpoint(), peer.name(), new TreeMap<>());
  }

  static Refusal needsTheSocket(String what) {
    return new Refusal(
        403,
        "socket-only",
        what + " is not answered on loopback TCP, where any user of the host can ask",
        "the same request on the Unix socket, by root or a member of its group");
  }
}
