package dev.drawbridge.l7.dns;

import dev.drawbridge.l7.ConnectionOrigin;
import dev.drawbridge.l7.LearnedNames;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.Verdict;
import dev.drawbridge.policy.dns.DnsAsk;
import dev.drawbridge.policy.language.DnsName;
import java.util.List;
import org.xbill.DNS.Rcode;

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

  /**
   * What was allowed is answered with what must not be let in. What was to be refused before stays
   * what is recorded.
   *
   * @param audited whether it is let in all the same
   */
  static Verdict rebinding(Verdict allowed, boolean audited) {
    if (audited && allowed.audited()) {
      return allowed;
    }
    return new Verdict(
        audited ? Decision.ALLOW : Decision.DENY,
        Reason.DNS_REBINDING,
        allowed.generation(),
        allowed.rule(),
        audited);
  }

  /** The answer to what may not be resolved. */
  static int refusal(LearnedNames learned) {
    return switch (learned.refusal()) {
      case REFUSED -> Rcode.REFUSED;
      case NXDOMAIN -> Rcode.NXDOMAIN;
    };
  }

  /** Whether the container was given that resolver. */
  static boolean isGiven(ConnectionOrigin origin) {
    return origin.toEnginesResolver();
  }
}
