package dev.drawbridge.api;

/**
 * Thrown while a request is read or answered; becomes the answer itself. Not seen outside the
 * package.
 */
final class Refusal extends Exception {
  private static final long serialVersionUID = 1;

  private final int status;
  private final transient ErrorReport report;

  Refusal(int status, String code, String message, String expected) {
    super(message, null, false, false);
    this.status = status;
    this.report = new ErrorReport(code, message, expected);
  }

  int status() {
    return status;
  }

  ErrorReport report() {
    return report;
  }
}
