package dev.drawbridge.daemon.network;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Which network namespaces are to know which: a caller whose rules may redirect what it calls knows
 * all, and all know a callee whose rules may redirect what calls it. What was asked for once is not
 * asked for again. Not thread-safe.
 */
final class Introductions {

  /** By namespace, what was last known of its sides. */
  private final Map<Integer, Sides> before = new HashMap<>();

  private record Sides(boolean calls, boolean isCalled) {}

  /** Told of a pair. */
  @FunctionalInterface
  interface Pairs {
    void introduce(int from, int to);
  }

  /**
   * Asks for what is new.
   *
   * @param open all namespaces
   * @param calls whether rules of somebody in it may redirect what he calls
   * @param isCalled whether rules of somebody in it may redirect what calls him
   */
  void walk(Set<Integer> open, IntPredicate calls, IntPredicate isCalled, Pairs pairs) {
    Map<Integer, Sides> now = new HashMap<>();
    Set<Integer> changed = new HashSet<>();
    boolean anybody = false;
    for (int number : open) {
      Sides sides = new Sides(calls.test(number), isCalled.test(number));
      anybody |= sides.calls || sides.isCalled;
      now.put(number, sides);
      if (!sides.equals(before.get(number))) {
        changed.add(number);
      }
    }
    if (anybody) {
      for (int number : changed) {
        for (int other : open) {
          ask(number, other, now, pairs);
          if (!changed.contains(other)) {
            ask(other, number, now, pairs);
          }
        }
      }
    }
    before.clear();
    before.putAll(now);
  }

  /** As {@link #walk} where no rule may redirect anything. */
  void nobody() {
    before.clear();
  }

  private void ask(int from, int to, Map<Integer, Sides> now, Pairs pairs) {
    if (from != to
        && knows(now.get(from), now.get(to))
        && !knows(before.get(from), before.get(to))) {
      pairs.introduce(from, to);
    }
  }

  private static boolean knows(@Nullable Sides from, @Nullable Sides to) {
    return from != null && to != null && (from.calls || to.isCalled);
  }

  /** Nobody lives in the namespace any more. */
  void forget(int number) {
    before.remove(number);
  }
}
