package dev.drawbridge.testkit;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits for a condition, never for a time. */
public final class Await {
  private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  private Await() {}

  /** True as soon as the condition holds; false if it does not before the deadline. */
  public static boolean within(Duration deadline, BooleanSupplier condition) {
    long end = System.nanoTime() + deadline.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - end > 0) {
        return false;
      }
      LockSupport.parkNanos(POLL_NANOS);
    }
    return true;
  }

  /**
   * Returns as soon as the condition holds.
   *
   * @throws LabException naming {@code what} if it does not before the deadline
   */
  public static void until(String what, Duration deadline, BooleanSupplier condition) {
    if (!within(deadline, condition)) {
      throw new LabException("gave up after " + deadline.toSeconds() + " s waiting until " + what);
    }
  }
}
