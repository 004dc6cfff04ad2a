package dev.drawbridge.policy.automaton;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Lists the texts that an expression matches. */
public final class Words {
  private static final int LONGEST = 64;
  private static final int MAX_STEPS = 200_000;

  private final Dfa<Boolean> dfa;
  private final String alphabet;
  private final int most;
  private final List<String> found = new ArrayList<>();
  private int steps;

  private Words(Node node, String alphabet, int most) {
    this.dfa = new Dfa<>(List.of(node), accepts -> accepts.length > 0);
    this.alphabet = alphabet;
    this.most = most;
  }

  /**
   * Every text over the alphabet that the expression matches, in the alphabet's order; nothing if
   * there are more than {@code most}, or if that cannot be told cheaply.
   */
  public static Optional<List<String>> of(Node node, String alphabet, int most) {
    var words = new Words(node, alphabet, most);
    return words.walk(words.dfa.start(), new StringBuilder())
        ? Optional.of(List.copyOf(words.found))
        : Optional.empty();
  }

  private boolean walk(Dfa.State<Boolean> state, StringBuilder text) {
    if (state.isDead()) {
      return true;
    }
    if (text.length() > LONGEST || ++steps > MAX_STEPS) {
      return false;
    }
    if (state.verdict()) {
      if (found.size() == most) {
        return false;
      }
      found.add(text.toString());
    }
    for (int i = 0; i < alphabet.length(); i++) {
      text.append(alphabet.charAt(i));
      boolean listed = walk(dfa.step(state, alphabet.charAt(i)), text);
      text.setLength(text.length() - 1);
      if (!listed) {
        return false;
      }
    }
    return true;
  }
}
