package dev.drawbridge.l7.dns;

import java.io.Serial;

/** A message that cannot be read, or says what no message may. */
final class Unreadable extends Exception {
  @Serial private static final long serialVersionUID = 1;

  private final int rcode;

  /**
   * @param rcode what to answer it with; -1: nothing
   */
  Unreadable(String what, int rcode) {
    super(what, null, false, false);
    this.rcode = rcode;
  }

  /** What to answer it with; -1: nothing. */
  int rcode() {
    return rcode;
  }
}
