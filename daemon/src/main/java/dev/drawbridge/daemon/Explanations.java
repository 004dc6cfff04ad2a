package dev.drawbridge.daemon;

import dev.drawbridge.api.ExplanationReport;
import dev.drawbridge.api.RuleReference;
import dev.drawbridge.policy.Explanation;
import dev.drawbridge.policy.RuleInfo;
import java.util.Locale;

/** Explanations as the API shows them. */
final class Explanations {

  private Explanations() {}

  static ExplanationReport report(Explanation explanation) {
    return new ExplanationReport(
        explanation.sides().stream().map(Explanations::side).toList(),
        explanation.advice().stream()
            .map(a -> new ExplanationReport.SuggestedLabel(a.container(), a.key(), a.value()))
            .toList());
  }

  private static ExplanationReport.SideReport side(Explanation.SideReport side) {
    return new ExplanationReport.SideReport(
        lower(side.direction()),
        side.owner(),
        lower(side.mode()),
        side.closed(),
        lower(side.decision()),
        side.reason().slug(),
        side.reason().sentence(),
        side.decidedBy().map(Explanations::rule),
        side.near().stream()
            .map(near -> new ExplanationReport.NearMiss(rule(near.rule()), near.why()))
            .toList());
  }

  static RuleReference rule(RuleInfo rule) {
    return new RuleReference(rule.number(), rule.origin().display(), rule.owner(), rule.text());
  }

  private static String lower(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }
}
