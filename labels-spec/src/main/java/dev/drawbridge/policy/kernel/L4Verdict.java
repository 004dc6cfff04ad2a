package dev.drawbridge.policy.kernel;

/** Verdict of one side, or of both: the smaller wins. */
public enum L4Verdict {
  DENY(0),
  ENGINE(1),
  ALLOW(2);

  private final int code;

  L4Verdict(int code) {
    this.code = code;
  }

  /** {@code enum db_verdict} in abi.h. */
  public int code() {
    return code;
  }

  /** The verdict of two sides together. */
  public L4Verdict and(L4Verdict other) {
    return compareTo(other) <= 0 ? this : other;
  }
}
