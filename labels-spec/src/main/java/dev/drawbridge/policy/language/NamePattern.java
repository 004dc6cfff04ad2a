package dev.drawbridge.policy.language;

import java.util.List;

/**
 * A DNS name or a pattern of names: {@code *} is a run of characters within one label (at least one
 * if it is the whole label), {@code **} as first label is one label or more, and alone every name.
 *
 * @param pattern in lower case, A-labels for international ones, without a dot at the end
 */
public record NamePattern(String pattern) {
  public static final int MAX_NAME = 253;
  public static final int MAX_LABEL = 63;

  /** Octets in a message: each label with its length, and the root's. */
  static final int MAX_WIRE = 255;

  public boolean isWild() {
    return pattern.indexOf('*') >= 0;
  }

  /** Whether the name fits as it is written; case and a dot at the end do not matter. */
  public boolean matches(String name) {
    String n = lower(name);
    if (n.endsWith(".")) {
      n = n.substring(0, n.length() - 1);
    }
    if (n.isEmpty() || n.length() > MAX_NAME) {
      return false;
    }
    return isWild() ? fits(List.of(n.split("\\.", -1))) : pattern.equals(n);
  }

  /** Whether a may rule is about the name: of one that is not plain only if it is about all. */
  public boolean allows(DnsName name) {
    return pattern.equals("**") || (name.isPlain() && fits(name.labels()));
  }

  /** Whether a may-not rule is about the name, whatever is in it. */
  public boolean forbids(DnsName name) {
    return pattern.equals("**") || fits(name.labels());
  }

  /** Whether every name of the other one fits. May say no when unsure. */
  public boolean covers(NamePattern other) {
    return equals(other)
        || pattern.equals("**")
        || (other.isWild() ? coversBelow(other) : matches(other.pattern));
  }

  /** {@code **.x} beside {@code **.y.x} or {@code *.x}. */
  private boolean coversBelow(NamePattern other) {
    if (!pattern.startsWith("**.") || pattern.indexOf('*', 2) >= 0) {
      return false;
    }
    String end = pattern.substring(2);
    return other.pattern.endsWith(end) && other.pattern.length() > end.length();
  }

  private boolean fits(List<String> given) {
    String[] wanted = pattern.split("\\.", -1);
    int first = 0;
    int skip = given.size() - wanted.length;
    if (wanted[0].equals("**")) {
      if (skip < 0) {
        return false;
      }
      first = 1;
    } else if (skip != 0) {
      return false;
    }
    for (int i = first; i < wanted.length; i++) {
      if (!labelMatches(wanted[i], given.get(i + skip))) {
        return false;
      }
    }
    return true;
  }

  /** A star alone is a label, and no label is empty. */
  private static boolean labelMatches(String wanted, String given) {
    return wanted.equals("*") ? !given.isEmpty() : Globs.matches(wanted, given);
  }

  /** What of ASCII has a lower case; of nothing else, so that no sign becomes a letter. */
  public static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char) (c + 'a' - 'A') : c;
  }

  private static String lower(String name) {
    var lower = new StringBuilder(name.length());
    for (int i = 0; i < name.length(); i++) {
      lower.append(lower(name.charAt(i)));
    }
    return lower.toString();
  }

  /** Whether the character of a label is in lower case and is no pattern's and no escape's. */
  public static boolean isPlain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  }

  public String print() {
    return pattern;
  }
}
