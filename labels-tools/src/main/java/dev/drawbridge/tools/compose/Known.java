package dev.drawbridge.tools.compose;

/** A text that compose makes, as far as it can be known. */
public sealed interface Known {
  /** Every compose makes this of it. */
  record Text(String text) implements Known {}

  /**
   * It depends.
   *
   * @param why half a sentence
   */
  record Unknown(String why) implements Known {}

  /** Some compose, or every one, refuses the file for it. */
  record Wrong(String why, String expected) implements Known {}
}
