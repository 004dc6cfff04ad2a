package dev.drawbridge.runtime;

import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/** Waits for a condition; fails the test with its name when time is up. */
final class Deadline {
  private Deadline() {}

  static void until(String claim, int seconds, Callable<Boolean> condition) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    while (!condition.call()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("not within " + seconds + " s: " + claim);
      }
      TimeUnit.MILLISECONDS.sleep(5);
    }
  }
}
