package dev.drawbridge.l7.relay;

import dev.drawbridge.policy.Policy;

/**
 * What a {@link Loop} keeps of a client connection, whatever it carries. All methods are called on
 * the loop. Whoever is entered leaves once, by {@link Opened#left} when its channel is inactive.
 */
interface Connection {
  /** A new policy is in force: what it does not allow any more ends. */
  void judgeAgain(Policy policy);

  /** Looks at the deadlines; called at a small part of the shortest one. */
  void tick(long nowNanos);

  /** Whether it came through that listener's namespace. */
  boolean cameThrough(OnwardSource source);

  /** Ends both legs at once with a reset, so that nothing looks complete. */
  void abort();

  /** Index in the loop's list; kept for the loop. */
  int place();

  void place(int index);
}
