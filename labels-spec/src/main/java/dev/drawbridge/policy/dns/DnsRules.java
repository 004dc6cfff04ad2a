package dev.drawbridge.policy.dns;

import dev.drawbridge.policy.language.Action;
import dev.drawbridge.policy.language.DnsName;
import dev.drawbridge.policy.language.NamePattern;
import dev.drawbridge.policy.read.Ask;
import dev.drawbridge.policy.read.Protocol;
import dev.drawbridge.policy.read.ReadRule;
import dev.drawbridge.policy.read.RulesInOrder;
import java.util.List;

/**
 * The DNS rules that govern a port of a pair: asked once a question, and once more for what an
 * answer leads to. What may not be resolved is looked for first.
 */
final class DnsRules extends RulesInOrder<DnsAsk> {
  DnsRules(List<ReadRule> rules, int otherwise) {
    super(rules, otherwise);
  }

  @Override
  public Protocol protocol() {
    return DnsProtocol.DNS;
  }

  @Override
  public long judge(Ask ask) {
    return ask((DnsAsk) ask);
  }

  @Override
  protected boolean decides(ReadRule rule, DnsAsk asked) {
    return rule.allows() ? fits(rule, asked.name()) : deniesAny(rule, asked);
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
}
