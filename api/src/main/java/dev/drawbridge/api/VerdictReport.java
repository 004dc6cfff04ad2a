package dev.drawbridge.api;

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
 * @param explanation both sides of it, if {@link VerdictQuery#explain} asked for them
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
    Optional<ExplanationReport> explanation) {}
