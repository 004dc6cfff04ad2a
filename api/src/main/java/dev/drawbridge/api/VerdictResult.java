package dev.drawbridge.api;

/** The answer to a {@link VerdictQuery}, or why there is none. */
public sealed interface VerdictResult {

  record Answered(VerdictReport report) implements VerdictResult {}

  /**
   * The question names something that the agent does not know, or that means several things.
   * Becomes a 404.
   *
   * @param code lower case with dashes, such as {@code unknown-container}
   * @param message what is unknown
   * @param expected what would be known
   */
  record Unknown(String code, String message, String expected) implements VerdictResult {}
}
