package dev.drawbridge.policy;

/**
 * What was decided, and why.
 *
 * @param generation of the policy that decided
 * @param rule number of the deciding rule, 0 for none
 * @param audited allowed only because the denying side is in audit mode; reason and rule are those
 *     of the denial
 */
public record Verdict(
    Decision decision, Reason reason, long generation, int rule, boolean audited) {}
