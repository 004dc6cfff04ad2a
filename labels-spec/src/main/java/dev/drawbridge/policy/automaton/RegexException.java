package dev.drawbridge.policy.automaton;

/** A regular expression that is not accepted. */
public final class RegexException extends Exception {
  private static final long serialVersionUID = 1L;

  private final int index;
  private final String expected;

  RegexException(int index, String message, String expected) {
    super(message, null, false, false);
    this.index = index;
    this.expected = expected;
  }

  /** Of the character that is wrong, from 0. */
  public int index() {
    return index;
  }

  public String expected() {
    return expected;
  }
}
