package dev.drawbridge.bench;

import dev.drawbridge.bpf.linux.ThreadTurns;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/**
 * How late a thread runs that sleeps and wakes as a loop of the engine does, beside as many threads
 * that never sleep as there are processors: with the kernel's own turns, and with those that the
 * agent asks for. Rounds of both in turn; a ratio is the median of the rounds'.
 */
final class WakeBench {
  private static final int ROUNDS = Integer.getInteger("drawbridge.bench.rounds", 20);
  private static final long ROUND_NANOS = 400_000_000;
  private static final long SLEEP_NANOS = 200_000;
  private static final long WORK_NANOS = 30_000;
  private static final Duration SHORT = Duration.ofNanos(100_000);

  private WakeBench() {}

  static void run(PrintStream out) {
    AtomicBoolean over = new AtomicBoolean();
    for (int i = 0; i < Runtime.getRuntime().availableProcessors(); i++) {
      Thread _ = Thread.ofPlatform().daemon().start(() -> spin(over));
    }
    Duration own = ThreadTurns.of(0);
    Sample plain = new Sample();
    Sample shortened = new Sample();
    Sample ratios = new Sample();
    for (int round = 0; round < ROUNDS; round++) {
      double before = late(own);
      double after = late(SHORT);
      plain.add(before);
      shortened.add(after);
      ratios.add(after / before);
    }
    over.set(true);
    out.printf(
        Locale.ROOT,
        "late by, p99, us; medians of %d rounds: turns of %d us %.0f, of %d us %.0f%n",
        ROUNDS,
        own.toNanos() / 1_000,
        plain.median(),
        SHORT.toNanos() / 1_000,
        shortened.median());
    out.printf(Locale.ROOT, "{\"wake_p99_ratio\":%.3f}%n", ratios.median());
  }

  /** The 99th percentile in microseconds, of a round with turns of that length. */
  private static double late(Duration turn) {
    boolean _ = ThreadTurns.shorten(turn);
    Sample all = new Sample();
    long end = System.nanoTime() + ROUND_NANOS;
    for (long now = System.nanoTime(); now < end; ) {
      LockSupport.parkNanos(SLEEP_NANOS);
      long woken = System.nanoTime();
      all.add((woken - now - SLEEP_NANOS) / 1e3);
      now = woken;
      while (now - woken < WORK_NANOS) {
        now = System.nanoTime();
      }
    }
    return all.quantile(0.99);
  }

  private static void spin(AtomicBoolean over) {
    while (!over.get()) {
      Thread.onSpinWait();
    }
  }
}
