package dev.drawbridge.policy.parse;

import dev.drawbridge.policy.automaton.CharSet;
import dev.drawbridge.policy.automaton.Node;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What an expression matches that a slash must follow. */
final class Slashes {
  private Slashes() {}

  /** Every text that the expression matches with a slash at the end, without it. */
  static Optional<Node> before(Node node) {
    return switch (node) {
      case Node.Chars(CharSet set) ->
          set.contains('/') ? Optional.of(new Node.Sequence(List.of())) : Optional.empty();
      case Node.Sequence(var parts) -> beforeEndOf(parts);
      case Node.Choice(var options) ->
          choice(options.stream().flatMap(option -> before(option).stream()).toList());
      case Node.Repeat(Node repeated, int min, int max) ->
          max == 0
              ? Optional.empty()
              : before(repeated)
                  .map(last ->
                      new Node.Sequence(
                          List.of(
                              new Node.Repeat(
                                  repeated, Math.max(0, min - 1), max < 0 ? max : max - 1),
                              last)));
    };
  }

  private static Optional<Node> beforeEndOf(List<Node> parts) {
    var found = new ArrayList<Node>();
    for (int i = parts.size() - 1; i >= 0; i--) {
      List<Node> front = parts.subList(0, i);
      before(parts.get(i))
          .ifPresent(last -> {
            var whole = new ArrayList<Node>(front);
            whole.add(last);
            found.add(new Node.Sequence(whole));
          });
      if (!matchesNothing(parts.get(i))) {
        break;
      }
    }
    return choice(found);
  }

  /** Whether the empty text matches. */
  private static boolean matchesNothing(Node node) {
    return switch (node) {
      case Node.Chars _ -> false;
      case Node.Sequence(var parts) -> parts.stream().allMatch(Slashes::matchesNothing);
      case Node.Choice(var options) -> options.stream().anyMatch(Slashes::matchesNothing);
      case Node.Repeat(Node repeated, int min, int _) -> min == 0 || matchesNothing(repeated);
    };
  }

  private static Optional<Node> choice(List<Node> options) {
    return options.isEmpty()
        ? Optional.empty()
        : Optional.of(options.size() == 1 ? options.getFirst() : new Node.Choice(options));
  }
}
