package dev.drawbridge.policy.automaton;

import java.util.ArrayList;
import java.util.List;

/** A regular expression, understood. */
public sealed interface Node {
  /** One character of the set. */
  record Chars(CharSet set) implements Node {}

  /** One after the other; an empty list matches the empty string. */
  record Sequence(List<Node> parts) implements Node {
    public Sequence {
      parts = List.copyOf(parts);
    }
  }

  /** One of them; an empty list matches nothing. */
  record Choice(List<Node> options) implements Node {
    public Choice {
      options = List.copyOf(options);
    }
  }

  /**
   * Repeated.
   *
   * @param max -1 for no limit
   */
  record Repeat(Node node, int min, int max) implements Node {}

  /** Exactly that text. */
  static Node literal(String text) {
    var parts = new ArrayList<Node>(text.length());
    for (int i = 0; i < text.length(); i++) {
      parts.add(new Chars(CharSet.of(text.charAt(i))));
    }
    return new Sequence(parts);
  }

  /** How many NFA states it takes; saturates at {@code limit}. */
  default int size(int limit) {
    long size =
        switch (this) {
          case Chars(var set) -> 1;
          case Sequence(var parts) -> sum(parts, limit);
          case Choice(var options) -> sum(options, limit) + options.size();
          case Repeat(var node, int min, int max) ->
              (long) (node.size(limit) + 1) * Math.max(1, max < 0 ? min + 1 : max);
        };
    return (int) Math.min(limit, size);
  }

  private static long sum(List<Node> nodes, int limit) {
    long sum = 0;
    for (Node node : nodes) {
      sum += node.size(limit);
      if (sum >= limit) {
        return limit;
      }
    }
    return sum;
  }
}
