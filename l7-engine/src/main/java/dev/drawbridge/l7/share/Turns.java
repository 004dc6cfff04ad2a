package dev.drawbridge.l7.share;

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
 * his own end.
 *
 * <p>Those that work divide what there is evenly, and what one leaves another may have. A share
 * whose time comes to nothing for long (no answer of a callee, no body, only refusals, frames about
 * frames, connections) wastes: beside one that works it gets a small part. For one event loop.
 */
public final class Turns {
  /** What a share may spend at once. */
  static final long BURST_NANOS = 500_000;

  /** The same of one that wastes. */
  static final long WASTE_BURST_NANOS = 50_000;

  /** How long after another share was busy the loop still counts as divided. */
  private static final long DIVIDED_NANOS = 1_000_000_000L;

  /** The same between shares that work. */
  private static final long DIVIDED_WORK_NANOS = 100_000_000L;

  /**
   * Of the loop's time, what all who are in debt get together beside one who is not, if that one
   * wants the rest: one in this many. Among themselves they get all of it.
   */
  private static final int PART = 2;

  /** The same of those that waste, beside one that works. */
  static final int WASTE_PART = 24;

  /** How long one who was in debt is not taken for a modest neighbour, and one who was is. */
  private static final long MODEST_NANOS = 100_000_000L;

  /** Time that came to nothing, from which on a share wastes. */
  static final long TOLERATED_NANOS = 5_000_000;

  /** The most of it that is remembered. */
  private static final long REMEMBERED_NANOS = 10_000_000;

  /** Of all time, what may come to nothing for ever: one in this many. */
  private static final int FORGIVEN = 32;

  /** What a share can owe at most, so that whatever it has done it is read again. */
  private static final long MOST_DEBT_NANOS = 10_000_000;

  private static final long LEAST_WAIT_NANOS = 50_000;

  /** What a connection is taken to cost before it was measured. */
  private static final long ASSUMED_NANOS = 50_000;

  /** Beyond, it is asked whether the thread has worked all that time. */
  private static final long LONG_NANOS = 1_000_000;

  private final EventLoop loop;
  private final SteadyEpoll.Began began;
  private final OnProcessor processor = new OnProcessor();
  private final ArrayDeque<Account> owing = new ArrayDeque<>();
  private @Nullable Account latest;
  private @Nullable Account latestWorking;
  private long modest = System.nanoTime() - MODEST_NANOS;
  private long working = System.nanoTime() - MODEST_NANOS;
  private long divided = System.nanoTime() - DIVIDED_NANOS;
  private long dividedWork = System.nanoTime() - DIVIDED_NANOS;
  private long asked = System.nanoTime();
  private @Nullable Future<?> next;
  private long nextNanos;
  private int owingWaste;

  /** Time that all shares have spent. */
  private long spentByAll;

  /** Up to where the time of the event in hand is paid for. */
  long paidNanos;

  /** Whether something was passed on in the event in hand. */
  boolean moved;

  Turns(EventLoop loop) {
    this(loop, new SteadyEpoll.Began());
  }

  public Turns(EventLoop loop, SteadyEpoll.Began began) {
    this.loop = loop;
    this.began = began;
  }

  /** When the event in hand began. */
  long began() {
    return began.take();
  }

  /** Who waits for a share's turn. */
  interface Waiter {
    void goOn();

    void fail(Throwable cause);
  }

  /** The time of one share on this loop. */
  static final class Account {
    private final ArrayDeque<Waiter> waiting = new ArrayDeque<>();
    private long left = BURST_NANOS;
    private long filled;
    private long othersBefore;
    private long spent;
    private long wasted;
    private long usual = ASSUMED_NANOS;
    private long indebted;
    private boolean owes;
    private boolean owesAsWaste;

    private Account(long now) {
      filled = now;
      indebted = now - MODEST_NANOS;
    }

    /** Some time has come to something: that much at most. */
    void worth(long nanos) {
      wasted = Math.max(0, wasted - nanos);
    }

    boolean wastes() {
      return wasted > TOLERATED_NANOS;
    }
  }

  Account account() {
    return account(System.nanoTime());
  }

  Account account(long now) {
    Account account = new Account(now);
    account.othersBefore = spentByAll;
    return account;
  }

  /** Pays for some time; whether the share has spent more than it may. */
  boolean spend(Account account, long now, long nanos) {
    fill(account, now);
    long worked = nanos > LONG_NANOS ? processor.of(nanos, spentByAll) : nanos;
    if (now - asked > LONG_NANOS) {
      asked = now;
      processor.ask(spentByAll + worked);
    }
    spentByAll += worked;
    account.spent += worked;
    account.wasted = Math.min(REMEMBERED_NANOS, account.wasted + worked);
    account.left = Math.max(-MOST_DEBT_NANOS, account.left - worked);
    boolean wastes = account.wastes();
    if (account != latest) {
      divided = latest == null ? divided : now;
      latest = account;
    }
    if (!wastes) {
      working = now;
      if (account != latestWorking) {
        dividedWork = latestWorking == null ? dividedWork : now;
        latestWorking = account;
      }
    }
    if (account.left >= 0) {
      if (now - account.indebted > MODEST_NANOS) {
        modest = now;
      }
      return false;
    }
    account.indebted = now;
    if (wastes ? now - divided < DIVIDED_NANOS : now - dividedWork < DIVIDED_WORK_NANOS) {
      return true;
    }
    // Nobody else wants it, or nobody who is to have it.
    account.left = 0;
    return false;
  }

  /** What a read of a connection has cost from beginning to end. */
  void cost(Account account, long nanos) {
    account.usual += (nanos - account.usual) / 8;
  }

  private void fill(Account account, long now) {
    long passed = now - account.filled;
    long byOthers = spentByAll - account.spent - account.othersBefore;
    account.filled = now;
    account.othersBefore += byOthers;
    account.wasted = Math.max(0, account.wasted - passed / FORGIVEN);
    boolean restrained = restrained(account, now);
    long earned = passed / part(account, now);
    if (!restrained) {
      // What nobody has taken.
      int many = Math.max(1, owing.size() - owingWaste);
      earned = Math.max(earned, (passed - byOthers) / many);
    }
    account.left =
        Math.min(restrained ? WASTE_BURST_NANOS : BURST_NANOS, account.left + Math.max(0, earned));
  }

  /** Whether it wastes, and somebody works. */
  private boolean restrained(Account account, long now) {
    return account.wastes() && now - working < MODEST_NANOS;
  }

  /** Of how much time a share earns one. */
  private long part(Account account, long now) {
    if (restrained(account, now)) {
      return (long) WASTE_PART * Math.max(1, owingWaste);
    }
    int many = Math.max(1, owing.size() - owingWaste);
    return (long) many * (now - modest < MODEST_NANOS ? PART : 1);
  }

  /** The connection waits for its turn. */
  void await(Account account, Waiter waiter) {
    account.waiting.add(waiter);
    if (!account.owes) {
      account.owes = true;
      owe(account);
    }
    long now = System.nanoTime();
    schedule(now, wait(account, now));
  }

  private void owe(Account account) {
    owing.add(account);
    account.owesAsWaste = account.wastes();
    owingWaste += account.owesAsWaste ? 1 : 0;
  }

  /** The next turn comes in that time at the latest: nobody waits for another's debt. */
  private void schedule(long now, long nanos) {
    Future<?> pending = next;
    if (pending != null) {
      if (nextNanos - now - nanos <= LEAST_WAIT_NANOS) {
        return;
      }
      pending.cancel(false);
    }
    nextNanos = now + nanos;
    next = loop.schedule(this::turn, nanos, TimeUnit.NANOSECONDS);
  }

  /** How long it takes an account to have something to spend. */
  private long wait(Account account, long now) {
    long wanted = Math.min(ASSUMED_NANOS, WASTE_BURST_NANOS / 2) - account.left;
    return Math.clamp(wanted * part(account, now), LEAST_WAIT_NANOS, DIVIDED_NANOS / 4);
  }

  private void turn() {
    next = null;
    long now = System.nanoTime();
    boolean alone = now - divided >= DIVIDED_NANOS;
    boolean workAlone = now - dividedWork >= DIVIDED_WORK_NANOS;
    for (int i = owing.size(); i > 0; i--) {
      Account account = owing.remove();
      fill(account, now);
      owingWaste -= account.owesAsWaste ? 1 : 0;
      if (alone || (workAlone && !account.wastes())) {
        account.left = BURST_NANOS;
      }
      // Some of those that go on only read later: they are counted by what they usually cost.
      long expected = account.left;
      while (expected > 0 && account.left > 0) {
        Waiter waiter = account.waiting.poll();
        if (waiter == null) {
          break;
        }
        expected -= account.usual;
        try {
          waiter.goOn();
        } catch (RuntimeException | OutOfMemoryError e) {
          // One connection must not keep the others from their turns.
          waiter.fail(e);
        }
      }
      if (account.waiting.isEmpty()) {
        account.owes = false;
      } else {
        owe(account);
      }
    }
    long end = System.nanoTime();
    for (Account account : owing) {
      schedule(end, wait(account, end));
    }
  }

  public void close() {
    Future<?> pending = next;
    if (pending != null) {
      pending.cancel(false);
    }
    processor.close();
  }
}
