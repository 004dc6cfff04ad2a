package dev.drawbridge.testkit;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits for a condition, never for a time. */
public final class Await {
  /**
   * How many times slower than a machine of one's own this one may be, such as one that QEMU
   * interprets.
   */
  private static final int PATIENCE = Integer.getInteger("drawbridge.lab.patience", 1);

  private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  private Await() {}

  /**
   * A deadline as it is on this machine: property {@code drawbridge.lab.patience} times as long.
   */
  public static Duration patient(Duration deadline) {
    return deadline.multipliedBy(PATIENCE);
  }

  /** True as soon as the condition holds; false if it does not before the deadline. */
  public static boolean within(Duration deadline, BooleanSupplier condition) {
    long end = System.nanoTime() + patient(deadline).toNanos();
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
      throw new LabException(
          "gave up after " + patient(deadline).toSeconds() + " s waiting until " + what);
    }
  }
}
