package dev.drawbridge.api.report;

/**
 * Every answer that is not a 2xx.
 *
 * @param code stable, lower case with dashes
 * @param expected what would have been right, or empty
 */
public record ErrorReport(String code, String message, String expected) {

  /** Message and expectation in one line. */
  public String sentence() {
    return message + (expected.isEmpty() ? "" : " (expected: " + expected + ")");
  }
}
