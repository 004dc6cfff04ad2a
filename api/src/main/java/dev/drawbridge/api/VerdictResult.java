package dev.drawbridge.api;

import dev.drawbridge.api.report.VerdictReport;
import dev.drawbridge.policy.ask.Answer;

/** The answer to a question, or why there is none. */
public sealed interface VerdictResult {

  /** An answer as the API shows it. */
  static VerdictResult of(Answer answer) {
    return switch (answer) {
      case Answer.Given given -> new Answered(VerdictReport.of(given));
      case Answer.Unknown(String code, String message, String expected) ->
          new Unknown(code, message, expected);
    };
  }

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
