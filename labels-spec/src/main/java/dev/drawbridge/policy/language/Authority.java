package dev.drawbridge.policy.language;

/** For which side a host policy's sentence speaks. */
public enum Authority {
  /** Nothing said: it grants or refuses for both. */
  BOTH,
  /** {@code for caller}. */
  CALLER,
  /** {@code for callee}. */
  CALLEE
}
