package dev.drawbridge.policy.language;

import dev.drawbridge.policy.Origin;

/**
 * One sentence, and where it was written.
 *
 * @param text as written, without comment
 */
public record Rule(Origin origin, String text, Sentence sentence) {}
