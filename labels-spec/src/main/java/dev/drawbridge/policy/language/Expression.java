package dev.drawbridge.policy.language;

import dev.drawbridge.policy.automaton.Inclusion;
import dev.drawbridge.policy.automaton.Node;
import dev.drawbridge.policy.automaton.RegexException;
import dev.drawbridge.policy.automaton.RegexParser;
import dev.drawbridge.policy.automaton.Words;
import java.util.List;
import java.util.Optional;

/**
 * A regular expression as sentences take it after {@code matching}: it matches a text as a whole.
 * For those who translate other systems' expressions and must know what they mean; not for the data
 * path.
 */
public final class Expression {
  private static final String METHOD =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~";
  private static final int MAX_METHODS = 32;

  private final Node node;

  private Expression(Node node) {
    this.node = node;
  }

  /** What became of a text: an expression, or the sentence that says why it is none. */
  public sealed interface Read {
    record Ok(Expression expression) implements Read {}

    record Wrong(String why) implements Read {}
  }

  /** Reads an expression. */
  public static Read read(String text) {
    try {
      return new Read.Ok(new Expression(RegexParser.parse(text)));
    } catch (RegexException e) {
      return new Read.Wrong(String.valueOf(e.getMessage()));
    }
  }

  /** Whether it matches that text. */
  public boolean matches(String text) {
    return Inclusion.covers(node, Node.literal(text));
  }

  /** Whether it matches all that the other one matches; no, when that cannot be told cheaply. */
  public boolean covers(Expression other) {
    return Inclusion.covers(node, other.node);
  }

  /** Every HTTP method (RFC 9110 9.1: any token) it matches, if these are few; else nothing. */
  public Optional<List<String>> methods() {
    return Words.of(node, METHOD, MAX_METHODS)
        .map(words -> words.stream().filter(word -> !word.isEmpty()).toList());
  }
}
