package dev.drawbridge.tools.compose;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code .env} and {@code label_file}: a line each, {@code KEY=VALUE}. What every reader of such
 * files takes alike is known; escapes, variables and lines that go on are not.
 */
final class EnvFile {
  private static final Pattern LINE =
      Pattern.compile("\\s*(?:export\\s+)?([^\\s=:#'\"]+)\\s*=\\s*(.*?)\\s*");

  private EnvFile() {}

  /** The variables in the order of the file; the last of a name counts. */
  static Map<String, Known> read(String text, String name) {
    var out = new LinkedHashMap<String, Known>();
    String body = text.startsWith("\ufeff") ? text.substring(1) : text;
    boolean open = false;
    for (String line : body.split("\r?\n", -1)) {
      if (line.isBlank() || line.stripLeading().startsWith("#")) {
        continue;
      }
      Matcher matcher = LINE.matcher(line);
      if (open || !matcher.matches()) {
        // The rest of a quoted text, or a line that readers skip, refuse or take for a name.
        String key = line.strip().split("[\\s=:]", 2)[0];
        out.put(key, unknown(key, name));
        continue;
      }
      String key = matcher.group(1);
      String value = matcher.group(2);
      out.remove(key);
      Known read = value(value, key, name);
      open = isOpen(value);
      out.put(key, read);
    }
    if (open) {
      out.replaceAll((key, value) -> unknown(key, name));
    }
    return out;
  }

  private static boolean isOpen(String value) {
    if (value.isEmpty()) {
      return false;
    }
    char quote = value.charAt(0);
    return (quote == '"' || quote == '\'') && value.indexOf(quote, 1) < 0;
  }

  private static Known value(String value, String key, String name) {
    if (value.isEmpty()) {
      return new Known.Text("");
    }
    char first = value.charAt(0);
    if (first == '"' || first == '\'') {
      int close = value.indexOf(first, 1);
      String inner = close < 0 ? "" : value.substring(1, close);
      boolean rest = close >= 0 && !value.substring(close + 1).matches("(\\s+#.*)?");
      boolean plain = inner.indexOf('\\') < 0 && inner.indexOf('$') < 0;
      return close < 0 || rest || !plain ? unknown(key, name) : new Known.Text(inner);
    }
    String bare = value.replaceFirst("\\s+#.*$", "");
    boolean plain = bare.chars().noneMatch(c -> "\\$#'\"`".indexOf(c) >= 0);
    return plain ? new Known.Text(bare) : unknown(key, name);
  }

  private static Known unknown(String key, String name) {
    return new Known.Unknown("readers of " + name + " differ about the value of " + key);
  }
}
