package dev.drawbridge.l7.http2;

import java.util.function.LongSupplier;

/**
 * How often something may happen: at once as often as the burst, and then at a rate. The clock is
 * read only when the burst is used up.
 */
public final class Allowance {
  private static final long NANOS = 1_000_000_000L;

  private final int burst;
  private final int perSecond;
  private final LongSupplier nanoTime;
  private long left;
  private long filled;

  public Allowance(int burst, int perSecond) {
    this(burst, perSecond, System::nanoTime);
  }

  Allowance(int burst, int perSecond, LongSupplier nanoTime) {
    this.burst = burst;
    this.perSecond = perSecond;
    this.nanoTime = nanoTime;
    this.left = burst;
    this.filled = nanoTime.getAsLong();
  }

  /** Takes that much; false if there is not enough left. */
  public boolean take(int cost) {
    left -= cost;
    if (left >= 0) {
      return true;
    }
    long now = nanoTime.getAsLong();
    long seconds = (now - filled) / NANOS;
    if (seconds > 0) {
      left = Math.min(burst - (long) cost, left + seconds * perSecond);
      filled = now;
    }
    return left >= 0;
  }

  /** Gives that much back, never beyond the burst. */
  public void give(int amount) {
    left = Math.min(burst, left + amount);
  }
}
