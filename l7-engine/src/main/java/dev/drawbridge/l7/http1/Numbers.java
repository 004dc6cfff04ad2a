package dev.drawbridge.l7.http1;

/** Numbers as the grammar has them: digits and nothing else. */
final class Numbers {
  /** Fits a long whatever the digits are. */
  private static final int MAX_DECIMAL_DIGITS = 18;

  private Numbers() {}

  /** The value, or -1 if it is empty, too large or not all digits. */
  static long decimal(byte[] bytes, int start, int end) {
    if (start == end || end - start > MAX_DECIMAL_DIGITS) {
      return -1;
    }
    long value = 0;
    for (int i = start; i < end; i++) {
      if (!Octets.digit(bytes[i])) {
        return -1;
      }
      value = value * 10 + (bytes[i] - '0');
    }
    return value;
  }
}
