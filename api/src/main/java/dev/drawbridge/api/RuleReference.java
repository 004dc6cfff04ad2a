package dev.drawbridge.api;

/**
 * The rule that decided.
 *
 * @param number of the rule within its policy generation
 * @param origin label key, or {@code file:line}
 * @param container name of the container that bears the label, empty for host policy
 * @param text the sentence as it was written
 */
public record RuleReference(int number, String origin, String container, String text) {}
