package dev.drawbridge.policy;

import java.util.Locale;

/**
 * A DNS name or a pattern of names: {@code *} is a run of characters within one label (at least one
 * if it is the whole label), {@code **} as first label is one label or more.
 *
 * @param pattern in lower case, without a dot at the end
 */
public record NamePattern(String pattern) {
  static final int MAX_NAME = 253;
  static final int MAX_LABEL = 63;

  public boolean isWild() {
    return pattern.indexOf('*') >= 0;
  }

  /** Whether the name fits; case and a dot at the end do not matter. */
  public boolean matches(String name) {
    String n = name.toLowerCase(Locale.ROOT);
    if (n.endsWith(".")) {
      n = n.substring(0, n.length() - 1);
    }
    if (n.isEmpty() || n.length() > MAX_NAME) {
      return false;
    }
    if (!isWild()) {
      return pattern.equals(n);
    }
    if (pattern.equals("**")) {
      return true;
    }
    String[] wanted = pattern.split("\\.", -1);
    String[] given = n.split("\\.", -1);
    int first = 0;
    int skip = given.length - wanted.length;
    if (wanted[0].equals("**")) {
      if (skip < 0) {
        return false;
      }
      first = 1;
    } else if (skip != 0) {
      return false;
    }
    for (int i = first; i < wanted.length; i++) {
      if (!labelMatches(wanted[i], given[i + skip])) {
        return false;
      }
    }
    return true;
  }

  /** Two pointers, linear but for the last star: a label has at most 63 characters. */
  private static boolean labelMatches(String wanted, String given) {
    if (wanted.equals("*")) {
      return !given.isEmpty();
    }
    int w = 0;
    int g = 0;
    int star = -1;
    int mark = 0;
    while (g < given.length()) {
      if (w < wanted.length() && wanted.charAt(w) == '*') {
        star = w++;
        mark = g;
      } else if (w < wanted.length() && wanted.charAt(w) == given.charAt(g)) {
        w++;
        g++;
      } else if (star >= 0) {
        w = star + 1;
        g = ++mark;
      } else {
        return false;
      }
    }
    while (w < wanted.length() && wanted.charAt(w) == '*') {
      w++;
    }
    return w == wanted.length();
  }

  public String print() {
    return pattern;
  }
}
