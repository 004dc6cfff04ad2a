package dev.drawbridge.api.report;

import dev.drawbridge.policy.ask.Explanation;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A verdict taken apart.
 *
 * @param sides what each container's own rules say, the caller's first; host, world and addresses
 *     have none
 * @param labels labels that would allow it, one for each side that denies; empty if it is allowed,
 *     or if nothing but another rule's removal would help
 */
public record ExplanationReport(List<SideReport> sides, List<SuggestedLabel> labels) {

  static ExplanationReport of(Explanation explanation) {
    return new ExplanationReport(
        explanation.sides().stream().map(SideReport::of).toList(),
        explanation.advice().stream()
            .map(a -> new SuggestedLabel(a.container(), a.key(), a.value()))
            .toList());
  }

  /**
   * One side.
   *
   * @param direction {@code egress}: the caller's side, {@code ingress}: the callee's
   * @param container whose side it is
   * @param mode {@code enforce}, {@code audit} or {@code off}
   * @param closed whether anything needs a rule here
   * @param decision {@code allow}, {@code deny} or {@code engine}, before audit mode
   * @param reason slug of the reason
   * @param sentence the reason in words
   * @param rule the rule that decided on this side, if one did
   * @param near rules that miss by one thing only
   */
  public record SideReport(
      String direction,
      String container,
      String mode,
      boolean closed,
      String decision,
      String reason,
      String sentence,
      Optional<RuleReference> rule,
      List<NearMiss> near) {
    private static SideReport of(Explanation.SideReport side) {
      return new SideReport(
          lower(side.direction()),
          side.owner(),
          lower(side.mode()),
          side.closed(),
          lower(side.decision()),
          side.reason().slug(),
          side.reason().sentence(),
          side.decidedBy().map(RuleReference::of),
          side.near().stream()
              .map(near -> new NearMiss(RuleReference.of(near.rule()), near.why()))
              .toList());
    }

    private static String lower(Enum<?> constant) {
      return constant.name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * A rule that nearly allows it.
   *
   * @param why what keeps it from matching
   */
  public record NearMiss(RuleReference rule, String why) {}

  /**
   * A label that would allow it.
   *
   * @param container the container to put it on
   */
  public record SuggestedLabel(String container, String key, String value) {}
}
