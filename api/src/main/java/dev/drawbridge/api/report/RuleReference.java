package dev.drawbridge.api.report;

import dev.drawbridge.policy.RuleInfo;

/**
 * The rule that decided.
 *
 * @param number of the rule within its policy generation
 * @param origin label key, or {@code file:line}
 * @param container name of the container that bears the label, empty for host policy
 * @param text the sentence as it was written
 */
public record RuleReference(int number, String origin, String container, String text) {
  /** A rule as the API shows it. */
  public static RuleReference of(RuleInfo rule) {
    return new RuleReference(rule.number(), rule.origin().display(), rule.owner(), rule.text());
  }
}
