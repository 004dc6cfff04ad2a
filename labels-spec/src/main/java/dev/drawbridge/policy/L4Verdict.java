package dev.drawbridge.policy;

/** Verdict of one side, or of both: the smaller wins. Ordinals equal {@code enum db_verdict}. */
public enum L4Verdict {
  DENY,
  ENGINE,
  ALLOW;

  /** The verdict of two sides together. */
  public L4Verdict and(L4Verdict other) {
    return compareTo(other) <= 0 ? this : other;
  }
}
