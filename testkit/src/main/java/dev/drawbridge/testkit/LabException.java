package dev.drawbridge.testkit;

/**
 * The laboratory itself is broken: the message names the command or object and what it answered.
 */
public final class LabException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public LabException(String message) {
    super(message);
  }

  public LabException(String message, Throwable cause) {
    super(message, cause);
  }
}
