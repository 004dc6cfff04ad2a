package dev.drawbridge.policy;

import java.util.List;

/** The TLS rules that govern a port of a pair: asked once a connection, by the server name. */
final class TlsRules {
  private final List<RuleCode> rules;

  /** Number of the connect rule that allows what no rule denies; -1: there is none. */
  private final int otherwise;

  /** A may-not HTTP rule on the same port, which encryption would get around; 0: none. */
  private final int blinded;

  TlsRules(List<RuleCode> rules, int otherwise, int blinded) {
    this.rules = List.copyOf(rules);
    this.otherwise = otherwise;
    this.blinded = blinded;
  }

  List<RuleCode> rules() {
    return rules;
  }

  /** What these rules say of a name; with the reasons of {@link Policy#tls}. */
  long judge(String serverName) {
    int allow = otherwise;
    for (int i = 0; i < rules.size(); i++) {
      RuleCode rule = rules.get(i);
      if (!fits(rule, serverName)) {
        continue;
      }
      if (!rule.allows) {
        return Saying.of(L4Verdict.DENY, Reason.RULE_DENIES, rule.number);
      }
      allow = allow <= 0 ? rule.number : allow;
    }
    if (allow >= 0 && blinded != 0) {
      return Saying.of(L4Verdict.DENY, Reason.TLS_UNDER_HTTP_RULE, blinded);
    }
    return allow < 0
        ? Saying.of(L4Verdict.DENY, Reason.NO_RULE, 0)
        : Saying.of(L4Verdict.ALLOW, allow == 0 ? Reason.OPEN : Reason.RULE_ALLOWS, allow);
  }

  static boolean fits(RuleCode rule, String serverName) {
    return rule.sentence.action() instanceof Action.OpenTls(var name) && name.matches(serverName);
  }

  @Override
  public String toString() {
    return rules.size() + " TLS rules";
  }
}
