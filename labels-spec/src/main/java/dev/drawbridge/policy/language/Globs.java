package dev.drawbridge.policy.language;

/** Names in which {@code *} stands for any run of characters, none included. */
public final class Globs {
  private Globs() {}

  /** Whether every name fits. */
  public static boolean isAll(String glob) {
    for (int i = 0; i < glob.length(); i++) {
      if (glob.charAt(i) != '*') {
        return false;
      }
    }
    return !glob.isEmpty();
  }

  /**
   * Whether the name fits, as it is: case matters. Two pointers; nothing but the last star moves.
   */
  public static boolean matches(String glob, String name) {
    int g = 0;
    int n = 0;
    int star = -1;
    int mark = 0;
    while (n < name.length()) {
      if (g < glob.length() && glob.charAt(g) == '*') {
        star = g++;
        mark = n;
      } else if (g < glob.length() && glob.charAt(g) == name.charAt(n)) {
        g++;
        n++;
      } else if (star >= 0) {
        g = star + 1;
        n = ++mark;
      } else {
        return false;
      }
    }
    while (g < glob.length() && glob.charAt(g) == '*') {
      g++;
    }
    return g == glob.length();
  }

  /** Whether whatever fits the narrow one fits the wide one; may say no when unsure. */
  public static boolean covers(String wide, String narrow) {
    return isAll(wide) || wide.equals(narrow) || (narrow.indexOf('*') < 0 && matches(wide, narrow));
  }
}
