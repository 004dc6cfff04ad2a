package dev.drawbridge.api.report;

import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Verdict;
import dev.drawbridge.policy.ask.Answer;
import java.util.Optional;

/**
 * A verdict with everything needed to understand it.
 *
 * @param reason slug of the reason, such as {@code no-matching-rule}
 * @param reasonCode its number, as in docs/reasons.md
 * @param sentence the reason in words
 * @param rule the deciding rule, if a rule decided
 * @param audited the owner's mode turned a denial into this allow
 * @param judgedBy {@code kernel} if method and path play no part, else {@code engine}
 * @param explanation both sides of it, if they were asked for
 */
public record VerdictReport(
    Outcome verdict,
    String reason,
    int reasonCode,
    String sentence,
    Optional<RuleReference> rule,
    PeerReference from,
    PeerReference to,
    long generation,
    boolean audited,
    String judgedBy,
    Optional<ExplanationReport> explanation) {
  /** An answer as the API shows it. */
  public static VerdictReport of(Answer.Given given) {
    Verdict verdict = given.verdict();
    return new VerdictReport(
        verdict.decision() == Decision.DENY ? Outcome.DENY : Outcome.ALLOW,
        verdict.reason().slug(),
        verdict.reason().code(),
        verdict.reason().sentence(),
        given.rule().map(RuleReference::of),
        PeerReference.of(given.from()),
        PeerReference.of(given.to()),
        verdict.generation(),
        verdict.audited(),
        given.byEngine() ? "engine" : "kernel",
        given.explanation().map(ExplanationReport::of));
  }
}
