package dev.drawbridge.tools.lint;

import java.util.Optional;

/** What compose makes of {@code $} in a value, as far as it can be known without variables. */
final class Interpolation {
  private Interpolation() {}

  /** The value with {@code $$} and defaults put in; nothing if a variable decides. */
  static Optional<String> apply(String value) {
    var out = new StringBuilder(value.length());
    int i = 0;
    while (i < value.length()) {
      char c = value.charAt(i);
      if (c != '$') {
        out.append(c);
        i++;
        continue;
      }
      if (value.startsWith("$$", i)) {
        out.append('$');
        i += 2;
        continue;
      }
      int close = value.startsWith("${", i) ? value.indexOf('}', i) : -1;
      if (close < 0) {
        return Optional.empty();
      }
      String inner = value.substring(i + 2, close);
      int dash = inner.indexOf('-');
      if (dash < 1 || inner.indexOf('$') >= 0) {
        return Optional.empty();
      }
      out.append(inner, dash + 1, inner.length());
      i = close + 1;
    }
    return Optional.of(out.toString());
  }
}
