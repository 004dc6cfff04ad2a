package dev.drawbridge.policy;

/**
 * One sentence, and where it was written.
 *
 * @param text as written
 */
public record Rule(Origin origin, String text) {}
