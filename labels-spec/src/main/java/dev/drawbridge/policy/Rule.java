package dev.drawbridge.policy;

/**
 * One sentence, and where it was written.
 *
 * @param text as written, without comment
 */
public record Rule(Origin origin, String text, Sentence sentence) {}
