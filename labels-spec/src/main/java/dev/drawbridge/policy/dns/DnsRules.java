package dev.drawbridge.policy.dns;

import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.language.Action;
import dev.drawbridge.policy.language.DnsName;
import dev.drawbridge.policy.language.NamePattern;
import dev.drawbridge.policy.read.Ask;
import dev.drawbridge.policy.read.Protocol;
import dev.drawbridge.policy.read.ProtocolRules;
import dev.drawbridge.policy.read.ReadRule;
import dev.drawbridge.policy.read.Saying;
import java.util.List;

/**
 * The DNS rules that govern a port of a pair: asked once a question, and once more for what an
 * answer leads to. What may not be resolved is looked for first.
 */
final class DnsRules implements ProtocolRules {
  private final List<ReadRule> rules;

  /** Number of the connect rule that allows what no rule denies; -1: there is none. */
  private final int otherwise;

  DnsRules(List<ReadRule> rules, int otherwise) {
    this.rules = List.copyOf(rules);
    this.otherwise = otherwise;
  }

  @Override
  public Protocol protocol() {
    return DnsProtocol.DNS;
  }

  @Override
  public List<ReadRule> rules() {
    return rules;
  }

  @Override
  public long judge(Ask ask) {
    DnsAsk asked = (DnsAsk) ask;
    int allow = otherwise;
    for (int i = 0; i < rules.size(); i++) {
      ReadRule rule = rules.get(i);
      if (!rule.allows() && deniesAny(rule, asked)) {
        return Saying.deny(Reason.RULE_DENIES, rule.number());
      }
      if (rule.allows() && fits(rule, asked.name())) {
        allow = allow <= 0 ? rule.number() : allow;
      }
    }
    return allow < 0
        ? Saying.deny(Reason.NO_RULE, 0)
        : Saying.allow(allow == 0 ? Reason.OPEN : Reason.RULE_ALLOWS, allow);
  }

  private static boolean deniesAny(ReadRule rule, DnsAsk asked) {
    if (fits(rule, asked.name())) {
      return true;
    }
    for (DnsName alias : asked.aliases()) {
      if (fits(rule, alias)) {
        return true;
      }
    }
    return false;
  }

  static boolean fits(ReadRule rule, DnsName name) {
    return rule.sentence().action() instanceof Action.Resolve(NamePattern pattern)
        && (rule.allows() ? pattern.allows(name) : pattern.forbids(name));
  }

  @Override
  public String toString() {
    return rules.size() + " DNS rules";
  }
}
