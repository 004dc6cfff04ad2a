package dev.drawbridge.daemon.loop;

import dev.drawbridge.daemon.node.Guard;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * When it is tried again to guard what runs and could not be: after a second, and twice as late
 * each time that it fails. Each try is a generation for all, and whoever lives there may be the
 * cause.
 */
final class Retries {
  private static final long FIRST_NANOS = TimeUnit.SECONDS.toNanos(1);
  static final long LAST_NANOS = TimeUnit.MINUTES.toNanos(5);

  private record Next(long atNanos, long waitsNanos) {}

  private final Map<String, Next> byId = new HashMap<>();

  /** Whether it is the time of one that is not guarded. */
  boolean isDue(String id, long nowNanos) {
    Next next = byId.computeIfAbsent(id, _ -> new Next(nowNanos + FIRST_NANOS, FIRST_NANOS));
    if (nowNanos - next.atNanos < 0) {
      return false;
    }
    long waits = Math.min(2 * next.waitsNanos, LAST_NANOS);
    byId.put(id, new Next(nowNanos + waits, waits));
    return true;
  }

  /** Forgets whoever is guarded by now, or gone: a part of a guard is none. */
  void tidy(Collection<Guard> all) {
    if (byId.isEmpty()) {
      return;
    }
    Map<String, Next> left = new HashMap<>();
    for (Guard guard : all) {
      String id = guard.observed().id();
      Next next = byId.get(id);
      boolean guarded =
          guard.attachment().isPresent() && guard.progress() == Guard.Progress.IN_FORCE;
      if (next != null && !guarded) {
        left.put(id, next);
      }
    }
    byId.clear();
    byId.putAll(left);
  }
}
