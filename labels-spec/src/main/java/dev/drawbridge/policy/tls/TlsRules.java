package dev.drawbridge.policy.tls;

import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.language.Action;
import dev.drawbridge.policy.read.Ask;
import dev.drawbridge.policy.read.Protocol;
import dev.drawbridge.policy.read.ProtocolRules;
import dev.drawbridge.policy.read.ReadRule;
import dev.drawbridge.policy.read.Saying;
import java.util.List;

/** The TLS rules that govern a port of a pair: asked once a connection, by the server name. */
final class TlsRules implements ProtocolRules {
  private final List<ReadRule> rules;

  /** Number of the connect rule that allows what no rule denies; -1: there is none. */
  private final int otherwise;

  /** A may-not rule of another protocol that encryption would get around; 0: none. */
  private final int blinded;

  TlsRules(List<ReadRule> rules, int otherwise, int blinded) {
    this.rules = List.copyOf(rules);
    this.otherwise = otherwise;
    this.blinded = blinded;
  }

  @Override
  public Protocol protocol() {
    return TlsProtocol.TLS;
  }

  @Override
  public List<ReadRule> rules() {
    return rules;
  }

  @Override
  public long judge(Ask ask) {
    String serverName = ((TlsAsk) ask).serverName();
    int allow = otherwise;
    for (int i = 0; i < rules.size(); i++) {
      ReadRule rule = rules.get(i);
      if (!fits(rule, serverName)) {
        continue;
      }
      if (!rule.allows()) {
        return Saying.deny(Reason.RULE_DENIES, rule.number());
      }
      allow = allow <= 0 ? rule.number() : allow;
    }
    if (allow >= 0 && blinded != 0) {
      return Saying.deny(Reason.TLS_UNDER_HTTP_RULE, blinded);
    }
    return allow < 0
        ? Saying.deny(Reason.NO_RULE, 0)
        : Saying.allow(allow == 0 ? Reason.OPEN : Reason.RULE_ALLOWS, allow);
  }

  static boolean fits(ReadRule rule, String serverName) {
    return rule.sentence().action() instanceof Action.OpenTls(var name) && name.matches(serverName);
  }

  @Override
  public String toString() {
    return rules.size() + " TLS rules";
  }
}
