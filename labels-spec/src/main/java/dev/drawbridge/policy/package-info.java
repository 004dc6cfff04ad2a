/**
 * The policy language: what a label or a host policy file says, compiled to verdicts.
 *
 * <p>Read first: {@code SPEC.md} beside the POM (numbered rules, each cited by a test), then {@link
 * dev.drawbridge.policy.parse.LabelParser} for the way in, {@link dev.drawbridge.policy.Policy} for
 * the way out.
 *
 * <p>It never does I/O, reads no clock, starts no thread and logs nothing: mistakes are {@link
 * dev.drawbridge.policy.Problem} values, denials are {@link dev.drawbridge.policy.Verdict} values.
 *
 * <p>Everybody may depend on it; it depends on nothing of Drawbridge.
 */
@NullMarked
package dev.drawbridge.policy;

import org.jspecify.annotations.NullMarked;
