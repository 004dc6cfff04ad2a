package dev.drawbridge.policy.automaton;

import java.util.Arrays;
import java.util.stream.IntStream;

/** A set of UTF-16 code units as sorted, disjoint, inclusive ranges: low, high, low, high... */
public final class CharSet {
  public static final CharSet ALL = new CharSet(new int[] {0, 0xffff});

  private final int[] bounds;

  private CharSet(int[] bounds) {
    this.bounds = bounds;
  }

  public static CharSet of(char c) {
    return new CharSet(new int[] {c, c});
  }

  public static CharSet range(int low, int high) {
    return new CharSet(new int[] {low, high});
  }

  /** Everything but the given characters. */
  public static CharSet except(String characters) {
    CharSet set = new CharSet(new int[0]);
    for (int i = 0; i < characters.length(); i++) {
      set = set.or(of(characters.charAt(i)));
    }
    return set.not();
  }

  public CharSet or(CharSet other) {
    int n = bounds.length / 2;
    int m = other.bounds.length / 2;
    long[] ranges = new long[n + m];
    for (int i = 0; i < n; i++) {
      ranges[i] = (long) bounds[2 * i] << 32 | bounds[2 * i + 1];
    }
    for (int i = 0; i < m; i++) {
      ranges[n + i] = (long) other.bounds[2 * i] << 32 | other.bounds[2 * i + 1];
    }
    Arrays.sort(ranges);
    int[] out = new int[2 * (n + m)];
    int size = 0;
    for (long range : ranges) {
      int low = (int) (range >>> 32);
      int high = (int) range;
      if (size > 0 && low <= out[size - 1] + 1) {
        out[size - 1] = Math.max(out[size - 1], high);
      } else {
        out[size++] = low;
        out[size++] = high;
      }
    }
    return new CharSet(Arrays.copyOf(out, size));
  }

  public CharSet not() {
    int[] out = new int[bounds.length + 2];
    int size = 0;
    int from = 0;
    for (int i = 0; i < bounds.length; i += 2) {
      if (bounds[i] > from) {
        out[size++] = from;
        out[size++] = bounds[i] - 1;
      }
      from = bounds[i + 1] + 1;
    }
    if (from <= 0xffff) {
      out[size++] = from;
      out[size++] = 0xffff;
    }
    return new CharSet(Arrays.copyOf(out, size));
  }

  /** With the other case of every ASCII letter in it. */
  public CharSet foldAscii() {
    CharSet set = this;
    for (char c = 'a'; c <= 'z'; c++) {
      char upper = (char) (c - 32);
      if (contains(c) || contains(upper)) {
        set = set.or(of(c)).or(of(upper));
      }
    }
    return set;
  }

  /** How many characters are in it. */
  public int count() {
    int count = 0;
    for (int i = 0; i < bounds.length; i += 2) {
      count += bounds[i + 1] - bounds[i] + 1;
    }
    return count;
  }

  /** Its characters, in ascending order. */
  public IntStream characters() {
    return IntStream.range(0, rangeCount()).flatMap(i -> IntStream.rangeClosed(low(i), high(i)));
  }

  public boolean isEmpty() {
    return bounds.length == 0;
  }

  public boolean contains(int c) {
    for (int i = 0; i < bounds.length; i += 2) {
      if (bounds[i] <= c && c <= bounds[i + 1]) {
        return true;
      }
    }
    return false;
  }

  int rangeCount() {
    return bounds.length / 2;
  }

  int low(int i) {
    return bounds[2 * i];
  }

  int high(int i) {
    return bounds[2 * i + 1];
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof CharSet other && Arrays.equals(bounds, other.bounds);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bounds);
  }
}
