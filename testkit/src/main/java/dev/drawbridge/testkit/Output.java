package dev.drawbridge.testkit;

/**
 * What a finished command left: exit status (-1: killed at its deadline), standard output and
 * standard error.
 */
public record Output(int status, String out, String err) {
  public boolean ok() {
    return status == 0;
  }

  /** Both streams, for a message. */
  public String text() {
    return (out + err).strip();
  }
}
