package dev.drawbridge.l7.relay;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Divides the time of one loop between shares. Each pays for the time that its connections take, as
 * measured. As long as only one is busy it may take all. Otherwise whoever has spent more than he
 * may is no longer read: his connections wait, and go on one after the other as the debt is paid.
 * So others wait for a piece of his work, never for all of it; and what he sends meanwhile waits at
 * his own end. For one event loop.
 */
final class Turns {
  /** What a share may spend at once. */
  static final long BURST_NANOS = 500_000;

  /** How long after another share was busy the loop still counts as divided. */
  private static final long DIVIDED_NANOS = 1_000_000_000L;

  /**
   * Of the loop's time, what all who are in debt get together beside one who is not: one in this
   * many. Among themselves they get all of it.
   */
  private static final int PART = 2;

  /** How long one who was in debt is not taken for a modest neighbour, and one who was is. */
  private static final long MODEST_NANOS = 100_000_000L;

  private static final long LEAST_WAIT_NANOS = 50_000;

  /** What a connection is taken to cost before it was measured. */
  private static final long ASSUMED_NANOS = 50_000;

  /** Beyond, it is asked whether the thread has worked all that time. */
  private static final long LONG_NANOS = 1_000_000;

  private final EventLoop loop;
  private final OnProcessor processor = new OnProcessor();
  private final ArrayDeque<Account> owing = new ArrayDeque<>();
  private @Nullable Account latest;
  private long modest = System.nanoTime() - MODEST_NANOS;
  private long divided = System.nanoTime() - DIVIDED_NANOS;
  private @Nullable Future<?> next;

  /** Up to where the time of the event in hand is paid for. */
  long paidNanos;

  Turns(EventLoop loop) {
    this.loop = loop;
  }

  /** The time of one share on this loop. */
  static final class Account {
    private final ArrayDeque<Pace> waiting = new ArrayDeque<>();
    private long left = BURST_NANOS;
    private long filled = System.nanoTime();
    private long usual = ASSUMED_NANOS;
    private long indebted = filled - MODEST_NANOS;
    private boolean owes;
  }

  Account account() {
    return new Account();
  }

  /** Pays for some time; whether the share has spent more than it may. */
  boolean spend(Account account, long now, long nanos) {
    Account before = latest;
    if (before != account) {
      latest = account;
      if (before != null) {
        divided = now;
      }
    }
    fill(account, now);
    account.left -= nanos > LONG_NANOS ? processor.of(nanos) : nanos;
    if (account.left >= 0) {
      if (now - account.indebted > MODEST_NANOS) {
        modest = now;
      }
      return false;
    }
    account.indebted = now;
    if (now - divided < DIVIDED_NANOS) {
      return true;
    }
    // Nobody else wants it.
    account.left = 0;
    return false;
  }

  /** What a read of a connection has cost from beginning to end. */
  void cost(Account account, long nanos) {
    account.usual += (nanos - account.usual) / 8;
  }

  private void fill(Account account, long now) {
    long earned = (now - account.filled) / (part(now) * Math.max(1, owing.size()));
    account.filled = now;
    account.left = Math.min(BURST_NANOS, account.left + earned);
  }

  private long part(long now) {
    return now - modest < MODEST_NANOS ? PART : 1;
  }

  /** The connection waits for its turn. */
  void await(Account account, Pace pace) {
    account.waiting.add(pace);
    if (!account.owes) {
      account.owes = true;
      owing.add(account);
    }
    if (next == null) {
      schedule(LEAST_WAIT_NANOS);
    }
  }

  private void schedule(long nanos) {
    next = loop.schedule(this::turn, nanos, TimeUnit.NANOSECONDS);
  }

  private void turn() {
    next = null;
    long now = System.nanoTime();
    boolean alone = now - divided >= DIVIDED_NANOS;
    for (int i = owing.size(); i > 0; i--) {
      Account account = owing.remove();
      fill(account, now);
      if (alone) {
        account.left = BURST_NANOS;
      }
      // Some of those that go on only read later: they are counted by what they usually cost.
      long expected = account.left;
      while (expected > 0 && account.left > 0) {
        Pace pace = account.waiting.poll();
        if (pace == null) {
          break;
        }
        expected -= account.usual;
        try {
          pace.goOn();
        } catch (RuntimeException | OutOfMemoryError e) {
          // One connection must not keep the others from their turns.
          pace.fail(e);
        }
      }
      if (account.waiting.isEmpty()) {
        account.owes = false;
      } else {
        owing.add(account);
      }
    }
    if (!owing.isEmpty() && next == null) {
      long wait = Long.MAX_VALUE;
      for (Account account : owing) {
        wait = Math.min(wait, (ASSUMED_NANOS - account.left) * part(now) * owing.size());
      }
      schedule(Math.clamp(wait, LEAST_WAIT_NANOS, DIVIDED_NANOS / 4));
    }
  }

  void close() {
    Future<?> pending = next;
    if (pending != null) {
      pending.cancel(false);
    }
    processor.close();
  }
}
