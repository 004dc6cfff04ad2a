package dev.drawbridge.l7.dns;

import dev.drawbridge.l7.ConnectionOrigin;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.Verdict;
import dev.drawbridge.policy.dns.DnsAsk;
import dev.drawbridge.policy.language.DnsName;
import java.util.List;

/** Asks policy about a name. */
final class NameJudge {
  private NameJudge() {}

  /**
   * May whoever sent it there ask for that?
   *
   * @param aliases what the answer leads to; none while there is no answer
   * @param transport IANA's number
   */
  static Verdict judge(
      Policy policy, ConnectionOrigin origin, Query query, List<DnsName> aliases, int transport) {
    int callee = policy.peerAgain(origin.callee(), origin.destination().getAddress());
    return policy.judge(
        origin.caller(),
        callee,
        isGiven(origin) ? DnsAsk.PORT : origin.destination().getPort(),
        new DnsAsk(query.name(), query.type(), aliases, transport, isGiven(origin)));
  }

  /** What was allowed is answered with what must not be let in. */
  static Verdict rebinding(Verdict allowed) {
    return new Verdict(
        Decision.DENY, Reason.DNS_REBINDING, allowed.generation(), allowed.rule(), false);
  }

  /** Whether the container was given that resolver. */
  static boolean isGiven(ConnectionOrigin origin) {
    return origin.toEnginesResolver();
  }
}
