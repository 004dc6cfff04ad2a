package dev.drawbridge.policy;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * What servers may take a path for. Some decode %2F, some decode twice, some fold slashes, take
 * backslashes for slashes, cut {@code ;parameters}, resolve dot segments before or after any of
 * that. A rule must hold for all of them, because nobody knows which one the callee does.
 *
 * <p>Each reading is in the same spelling, so that rules need one: escapes of unreserved characters
 * are decoded (RFC 3986 section 6.2.2.2 calls the two equivalent), all other escapes have
 * upper-case digits, and what may not stand in a path is escaped. Letters keep their case.
 */
public final class PathReadings {
  private static final int DECODINGS = 3;

  private PathReadings() {}

  /**
   * Every reading, the one nearest to what was sent first.
   *
   * @param path one octet a character, with valid escapes, without query
   */
  public static List<String> of(String path) {
    Set<String> readings = new LinkedHashSet<>();
    String first = unreserved(path);
    add(readings, first, true);
    String decoded = first;
    for (int i = 0; i < DECODINGS && escaped(decoded); i++) {
      decoded = decode(decoded);
      add(readings, decoded, false);
    }
    return List.copyOf(readings);
  }

  private static void add(Set<String> readings, String octets, boolean escapes) {
    List<String> spellings = new ArrayList<>(4);
    spellings.add(octets);
    vary(spellings, PathReadings::slashes);
    if (!escapes) {
      vary(spellings, PathReadings::cut);
    }
    vary(spellings, PathReadings::withoutParameters);
    for (String spelling : spellings) {
      readings.add(encode(spelling, escapes));
      if (spelling.contains("../")) {
        // Where a name that ends in dots is taken for a climb.
        readings.add(encode(resolve(climbs(spelling)), escapes));
      }
      if (spelling.contains("//") || spelling.contains("/.")) {
        String merged = merge(spelling);
        String resolved = resolve(spelling);
        readings.add(encode(merged, escapes));
        readings.add(encode(resolved, escapes));
        readings.add(encode(merge(resolved), escapes));
        readings.add(encode(resolve(merged), escapes));
      }
    }
  }

  private static void vary(List<String> spellings, UnaryOperator<String> change) {
    for (int i = spellings.size() - 1; i >= 0; i--) {
      String changed = change.apply(spellings.get(i));
      if (!spellings.contains(changed)) {
        spellings.add(changed);
      }
    }
  }

  /** Backslashes, and the full-width forms of slash, dot and backslash in UTF-8. */
  private static String slashes(String octets) {
    String changed = octets.replace('\\', '/');
    if (changed.indexOf('\u00ef') >= 0) {
      changed =
          changed
              .replace("\u00ef\u00bc\u008f", "/")
              .replace("\u00ef\u00bc\u008e", ".")
              .replace("\u00ef\u00bc\u00bc", "/");
    }
    return changed;
  }

  /** Up to what would end a path after decoding, without white space at the end. */
  private static String cut(String octets) {
    int end = 0;
    while (end < octets.length() && "?#\r\n".indexOf(octets.charAt(end)) < 0) {
      end++;
    }
    while (end > 1 && (octets.charAt(end - 1) == ' ' || octets.charAt(end - 1) == '\t')) {
      end--;
    }
    return octets.substring(0, end);
  }

  private static String climbs(String octets) {
    StringBuilder split = new StringBuilder(octets.length() + 8);
    for (int i = 0; i < octets.length(); i++) {
      if (octets.startsWith("../", i) && i > 0 && octets.charAt(i - 1) != '/') {
        split.append('/');
      }
      split.append(octets.charAt(i));
    }
    return split.toString();
  }

  private static String withoutParameters(String octets) {
    if (octets.indexOf(';') < 0) {
      return octets;
    }
    StringBuilder kept = new StringBuilder(octets.length());
    boolean parameter = false;
    for (int i = 0; i < octets.length(); i++) {
      char c = octets.charAt(i);
      parameter = c != '/' && (parameter || c == ';');
      if (!parameter) {
        kept.append(c);
      }
    }
    return kept.toString();
  }

  private static String merge(String octets) {
    StringBuilder kept = new StringBuilder(octets.length());
    for (int i = 0; i < octets.length(); i++) {
      char c = octets.charAt(i);
      if (c != '/' || kept.isEmpty() || kept.charAt(kept.length() - 1) != '/') {
        kept.append(c);
      }
    }
    return kept.toString();
  }

  /** RFC 3986 section 5.2.4; what climbs above the root stays there. */
  private static String resolve(String octets) {
    StringBuilder kept = new StringBuilder(octets.length());
    int at = 0;
    while (at < octets.length()) {
      int next = octets.indexOf('/', at + 1);
      int end = next < 0 ? octets.length() : next;
      String segment = octets.substring(at, end);
      boolean last = next < 0;
      if (segment.equals("/..")) {
        kept.setLength(Math.max(0, kept.lastIndexOf("/")));
        if (last) {
          kept.append('/');
        }
      } else if (segment.equals("/.")) {
        if (last) {
          kept.append('/');
        }
      } else {
        kept.append(segment);
      }
      at = end;
    }
    return kept.isEmpty() ? "/" : kept.toString();
  }

  private static String unreserved(String path) {
    if (path.indexOf('%') < 0) {
      return path;
    }
    StringBuilder out = new StringBuilder(path.length());
    for (int i = 0; i < path.length(); i++) {
      char c = path.charAt(i);
      if (c == '%') {
        char value = value(path, i);
        if (isUnreserved(value)) {
          out.append(value);
        } else {
          escape(out, value);
        }
        i += 2;
      } else {
        out.append(c);
      }
    }
    return out.toString();
  }

  private static boolean escaped(String octets) {
    for (int i = octets.indexOf('%'); i >= 0; i = octets.indexOf('%', i + 1)) {
      if (isEscape(octets, i)) {
        return true;
      }
    }
    return false;
  }

  private static String decode(String octets) {
    StringBuilder out = new StringBuilder(octets.length());
    for (int i = 0; i < octets.length(); i++) {
      if (octets.charAt(i) == '%' && isEscape(octets, i)) {
        out.append(value(octets, i));
        i += 2;
      } else {
        out.append(octets.charAt(i));
      }
    }
    return out.toString();
  }

  private static boolean isEscape(String octets, int at) {
    return at + 2 < octets.length()
        && hex(octets.charAt(at + 1)) >= 0
        && hex(octets.charAt(at + 2)) >= 0;
  }

  private static char value(String octets, int at) {
    return (char) ((hex(octets.charAt(at + 1)) << 4) | hex(octets.charAt(at + 2)));
  }

  /** The common spelling; escapes are kept when the octets still hold them. */
  private static String encode(String octets, boolean escapes) {
    int at = 0;
    while (at < octets.length() && literal(octets.charAt(at), escapes)) {
      at++;
    }
    if (at == octets.length()) {
      return octets;
    }
    StringBuilder out = new StringBuilder(octets.length() + 16).append(octets, 0, at);
    for (int i = at; i < octets.length(); i++) {
      char c = octets.charAt(i);
      if (literal(c, escapes)) {
        out.append(c);
      } else {
        escape(out, c);
      }
    }
    return out.toString();
  }

  private static boolean literal(char c, boolean escapes) {
    return plain(c) || c == ';' || (escapes && c == '%');
  }

  /** The value of a hexadecimal digit, or -1. ASCII only: Character.digit knows other digits. */
  private static int hex(char c) {
    return c < 0x80 ? Character.digit(c, 16) : -1;
  }

  private static boolean isAlphanumeric(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  }

  /** The same in every reading, unless two slashes or a dot segment are among them. */
  private static boolean plain(char c) {
    return isAlphanumeric(c) || "-_~/.!$&'()*+,=:@".indexOf(c) >= 0;
  }

  private static boolean isUnreserved(char c) {
    return isAlphanumeric(c) || "-._~".indexOf(c) >= 0;
  }

  private static void escape(StringBuilder out, char octet) {
    out.append('%')
        .append(Character.toUpperCase(Character.forDigit((octet >> 4) & 15, 16)))
        .append(Character.toUpperCase(Character.forDigit(octet & 15, 16)));
  }
}
