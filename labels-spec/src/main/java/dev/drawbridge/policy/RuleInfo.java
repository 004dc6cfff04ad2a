package dev.drawbridge.policy;

/**
 * A rule as people know it.
 *
 * @param number as verdicts and kernel events carry it; the same rule keeps it while it exists
 * @param origin where it was written
 * @param owner name of the container whose label it is, empty for a host policy
 * @param text the sentence as written
 */
public record RuleInfo(int number, Origin origin, String owner, String text) {}
