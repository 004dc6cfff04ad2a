package dev.drawbridge.policy.read;

import dev.drawbridge.policy.Reason;
import java.util.List;

/**
 * The rules of a protocol whose questions are asked of one rule after another: any that denies
 * wins, else the first that allows.
 *
 * @param <A> what is asked
 */
public abstract class RulesInOrder<A extends Ask> implements ProtocolRules {
  private final List<ReadRule> rules;

  /** Number of the connect rule that allows what no rule denies; -1: there is none. */
  private final int otherwise;

  /**
   * The rules of a port.
   *
   * @param otherwise number of the connect rule, or 0 for none needed, that allows what no rule
   *     denies; -1: nothing does
   */
  protected RulesInOrder(List<ReadRule> rules, int otherwise) {
    this.rules = List.copyOf(rules);
    this.otherwise = otherwise;
  }

  /** Whether what is asked is what the rule allows, or forbids. */
  protected abstract boolean decides(ReadRule rule, A asked);

  @Override
  public final List<ReadRule> rules() {
    return rules;
  }

  /** What they say, made by {@link Saying}; makes no garbage. */
  protected final long ask(A asked) {
    int allow = otherwise;
    for (int i = 0; i < rules.size(); i++) {
      ReadRule rule = rules.get(i);
      if (!decides(rule, asked)) {
        continue;
      }
      if (!rule.allows()) {
        return Saying.deny(Reason.RULE_DENIES, rule.number());
      }
      allow = allow <= 0 ? rule.number() : allow;
    }
    return allow < 0
        ? Saying.deny(Reason.NO_RULE, 0)
        : Saying.allow(allow == 0 ? Reason.OPEN : Reason.RULE_ALLOWS, allow);
  }

  @Override
  public final String toString() {
    return rules.size() + " rules of " + protocol().name();
  }
}
