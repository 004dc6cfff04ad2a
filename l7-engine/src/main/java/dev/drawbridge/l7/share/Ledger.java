package dev.drawbridge.l7.share;

import dev.drawbridge.l7.EngineLimits;
import dev.drawbridge.policy.Peers;
import java.net.InetAddress;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Who has how much of the engine, and how much there is. A share may be exceeded by nobody and is
 * reserved for nobody: while there is room whoever asks gets it, and when there is none whoever has
 * most gives back. So the most that one peer can take from another is what that one had beyond its
 * even part. Safe for any thread.
 */
public final class Ledger {
  /** How long a share without connections is remembered, so that its debts of time are. */
  private static final long REMEMBERED_NANOS = 5_000_000_000L;

  /** Addresses remembered; beyond, those without connections are forgotten at once. */
  private static final int MOST_SOURCES = 16_384;

  /** Of which an address is a part: itself, or the /64 that one site has. */
  private record Source(int peer, boolean version6, long prefix) {}

  private final EngineLimits limits;
  private final int loops;
  private final AtomicLong held = new AtomicLong();
  private final ConcurrentHashMap<Integer, Share> peers = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<Source, Share> sources = new ConcurrentHashMap<>();

  public Ledger(EngineLimits limits, int loops) {
    this.limits = limits;
    this.loops = loops;
  }

  /** Takes a connection into account. */
  public Share enter(int caller, InetAddress address) {
    // Address ranges that rules name are parts of the world: a rule must not make a share of them.
    int peer = Peers.isEndpoint(caller) || caller == Peers.HOST ? caller : Peers.WORLD;
    Share whole =
        peers.compute(
            peer,
            (number, there) -> {
              Share of = there == null ? new Share(number, null, loops) : there;
              of.connections.incrementAndGet();
              return of;
            });
    if (Peers.isEndpoint(peer)) {
      return whole;
    }
    return sources.compute(
        source(peer, address),
        (_, there) -> {
          Share of = there == null ? new Share(peer, whole, loops) : there;
          of.connections.incrementAndGet();
          return of;
        });
  }

  private static Source source(int peer, InetAddress address) {
    byte[] octets = address.getAddress();
    boolean version6 = octets.length == 16;
    if (peer == Peers.HOST && address.isLoopbackAddress()) {
      // Whoever is on the host may call himself by any of them.
      return new Source(peer, false, 0);
    }
    long prefix = 0;
    for (int i = 0; i < (version6 ? 8 : 4); i++) {
      prefix = prefix << 8 | (octets[i] & 0xff);
    }
    return new Source(peer, version6, prefix);
  }

  /** A connection has ended. */
  public void leave(Share share) {
    share.leftNanos = System.nanoTime();
    share.connections.decrementAndGet();
    Share whole = share.within;
    if (whole != null) {
      whole.leftNanos = share.leftNanos;
      whole.connections.decrementAndGet();
    }
    if (sources.size() > MOST_SOURCES) {
      sweep(share.leftNanos + 2 * REMEMBERED_NANOS);
    }
  }

  /** Forgets who has been gone for a while. */
  public void sweep(long nowNanos) {
    sources.keySet().forEach(key -> sources.computeIfPresent(key, (_, of) -> kept(of, nowNanos)));
    peers.keySet().forEach(key -> peers.computeIfPresent(key, (_, of) -> kept(of, nowNanos)));
  }

  private static @Nullable Share kept(Share share, long nowNanos) {
    return share.connections.get() > 0 || nowNanos - share.leftNanos < REMEMBERED_NANOS
        ? share
        : null;
  }

  // Memory.

  void hold(Share share, long change) {
    held.addAndGet(change);
    share.hold(change);
  }

  public long held() {
    return held.get();
  }

  /** Whether more is held than may be. */
  boolean beyond() {
    return held.get() > limits.heldMemory();
  }

  /** Whether so much is held that those who hold most are to hold less. */
  public boolean full() {
    return held.get() > limits.heldMemory() / 8 * 7;
  }

  /** Whether there is room for what need not be held. */
  public boolean roomy() {
    return held.get() < limits.heldMemory() / 2;
  }

  /** Who holds most: a container, or of host and world the address that holds most. */
  public @Nullable Share holdsMost() {
    return most(Share::held);
  }

  // Connections.

  /** Whose connections are too many now that this share has one more; null if nobody's are. */
  public @Nullable Share beyondConnections(Share share, int all) {
    if (share.within != null && share.connections.get() > limits.connectionsPerSource()) {
      return share;
    }
    Share whole = share.whole();
    if (whole.connections.get() > limits.connectionsPerCaller()) {
      return mostWithin(whole, of -> of.connections.get());
    }
    return all > limits.connections() ? most(of -> of.connections.get()) : null;
  }

  private @Nullable Share most(ToLongFunction<Share> measure) {
    Share found = null;
    for (Share share : peers.values()) {
      if (found == null || measure.applyAsLong(share) > measure.applyAsLong(found)) {
        found = share;
      }
    }
    return found == null ? null : mostWithin(found, measure);
  }

  private Share mostWithin(Share whole, ToLongFunction<Share> measure) {
    Share found = whole;
    if (!Peers.isEndpoint(whole.peer)) {
      long most = -1;
      for (Share share : sources.values()) {
        long much = measure.applyAsLong(share);
        if (share.within == whole && much > most) {
          found = share;
          most = much;
        }
      }
    }
    return found;
  }
}
