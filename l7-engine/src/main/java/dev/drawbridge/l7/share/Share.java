package dev.drawbridge.l7.share;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What one peer has of the engine: connections, memory, time of each loop. A container has one;
 * host and world have one each, and in it one for each address.
 */
public final class Share {
  /** A container's number, or {@code HOST} or {@code WORLD}. */
  public final int peer;

  /** Of the peer, for an address' share. */
  final @Nullable Share within;

  public final AtomicInteger connections = new AtomicInteger();
  private final AtomicLong held = new AtomicLong();

  /** By loop; each is touched on its own loop only. */
  private final Turns.@Nullable Account[] time;

  /** When its last connection left, by the clock of {@code System.nanoTime}. */
  volatile long leftNanos;

  public Share(int peer, @Nullable Share within, int loops) {
    this.peer = peer;
    this.within = within;
    this.time = new Turns.@Nullable Account[loops];
  }

  /** The peer's whole share. */
  Share whole() {
    Share whole = within;
    return whole == null ? this : whole;
  }

  public boolean belongsTo(Share other) {
    return this == other || within == other;
  }

  /** Bytes that the engine holds for it. */
  public long held() {
    return held.get();
  }

  void hold(long change) {
    held.addAndGet(change);
    Share whole = within;
    if (whole != null) {
      whole.held.addAndGet(change);
    }
  }

  /** Its time on a loop; called on that loop. */
  public Turns.Account time(int loop, Turns turns) {
    Turns.Account there = time[loop];
    if (there == null) {
      there = turns.account();
      time[loop] = there;
    }
    return there;
  }
}
