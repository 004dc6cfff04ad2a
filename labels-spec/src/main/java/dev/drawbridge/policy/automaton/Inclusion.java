package dev.drawbridge.policy.automaton;

import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Compares languages by walking both automata at once. */
public final class Inclusion {
  private static final int MAX_PAIRS = 20_000;

  private Inclusion() {}

  private record Pair(Dfa.State<Boolean> wide, Dfa.State<Boolean> narrow) {}

  /** Whether {@code wide} matches all that {@code narrow} matches; no, when it is too costly. */
  public static boolean covers(Node wide, Node narrow) {
    var big = new Dfa<>(List.of(wide), accepts -> accepts.length > 0);
    var small = new Dfa<>(List.of(narrow), accepts -> accepts.length > 0);
    char[] letters = small.representatives(big);
    Set<Pair> seen = new HashSet<>();
    var todo = new ArrayDeque<Pair>();
    todo.add(new Pair(big.start(), small.start()));
    while (!todo.isEmpty()) {
      Pair pair = todo.remove();
      if (pair.narrow.isDead() || !seen.add(pair)) {
        continue;
      }
      if (pair.narrow.verdict() && !pair.wide.verdict()) {
        return false;
      }
      if (seen.size() > MAX_PAIRS) {
        return false;
      }
      for (char letter : letters) {
        todo.add(new Pair(big.step(pair.wide, letter), small.step(pair.narrow, letter)));
      }
    }
    return true;
  }
}
