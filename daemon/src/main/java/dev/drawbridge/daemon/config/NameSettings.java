package dev.drawbridge.daemon.config;

import dev.drawbridge.l7.LearnedNames;

/**
 * How long an address is known by a name, and what is said of names that may not be resolved.
 *
 * @param leastSeconds shorter times of an answer count as this: who has an address must have time
 *     to use it (5; 0..3600)
 * @param mostSeconds longer ones count as this (86400; 1..604800), and never as less than the least
 * @param graceSeconds so much longer the kernel holds to it: while the agent is away nobody renews
 *     it (10; 0..86400)
 * @param refusal what whoever asks for such a name is told (REFUSED)
 */
public record NameSettings(
    int leastSeconds, int mostSeconds, int graceSeconds, LearnedNames.Refusal refusal) {
  /** As shipped. */
  public static final NameSettings STANDARD =
      new NameSettings(5, 86_400, 10, LearnedNames.Refusal.REFUSED);

  /** How long an answer counts that says it holds for so many seconds. */
  public long counted(long seconds) {
    return Math.max(leastSeconds, Math.min(seconds, mostSeconds));
  }
}
