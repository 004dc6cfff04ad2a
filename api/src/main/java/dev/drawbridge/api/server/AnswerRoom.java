package dev.drawbridge.api.server;

import dev.drawbridge.api.ApiLimits;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How much of whole answers may wait for their clients at one listener. One answer always fits, so
 * that a large one is never refused for its size. Safe for any thread.
 */
final class AnswerRoom {
  private final AtomicLong taken = new AtomicLong();

  /** Whether there is room for an answer of that size; whoever takes it gives it back. */
  boolean take(long bytes) {
    long now = taken.addAndGet(bytes);
    if (now > ApiLimits.ANSWERS && now != bytes) {
      taken.addAndGet(-bytes);
      return false;
    }
    return true;
  }

  void give(long bytes) {
    taken.addAndGet(-bytes);
  }
}
