package dev.drawbridge.api.question;

import dev.drawbridge.api.report.ErrorReport;

/**
 * Thrown while a request is read or answered; becomes the answer itself. Not seen outside the
 * package.
 */
public final class Refusal extends Exception {
  private static final long serialVersionUID = 1;

  private final int status;
  private final transient ErrorReport report;

  public Refusal(int status, String code, String message, String expected) {
    super(message, null, false, false);
    this.status = status;
    this.report = new ErrorReport(code, message, expected);
  }

  public int status() {
    return status;
  }

  public ErrorReport report() {
    return report;
  }
}
