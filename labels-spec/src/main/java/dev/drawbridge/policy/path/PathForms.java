package dev.drawbridge.policy.path;

/**
 * What servers do to a path, one step each. Octets in, octets out, one a character; a step that
 * changes nothing gives back the same text. SPEC.md names for each a server that takes it.
 */
public final class PathForms {
  /** Beyond the first 16 bits of a lenient UTF-8 reader's interest. */
  private static final int SIX_BITS = 0x3f;

  private PathForms() {}

  /** Every escape. */
  public static String decode(String octets) {
    StringBuilder out = new StringBuilder(octets.length());
    int copied = 0;
    for (int i = octets.indexOf('%'); i >= 0; i = octets.indexOf('%', i)) {
      if (PathSpelling.isEscape(octets, i)) {
        out.append(octets, copied, i).append(PathSpelling.value(octets, i));
        i += 3;
        copied = i;
      } else {
        i++;
      }
    }
    return out.append(octets, copied, octets.length()).toString();
  }

  /** {@code %u0041}, as UTF-8. */
  static String decodeUnicode(String octets) {
    StringBuilder out = new StringBuilder(octets.length());
    for (int i = 0; i < octets.length(); i++) {
      int point = unicode(octets, i);
      if (point < 0) {
        out.append(octets.charAt(i));
        continue;
      }
      if (point < 0x80) {
        out.append((char) point);
      } else if (point < 0x800) {
        out.append((char) (0xc0 | point >> 6)).append((char) (0x80 | (point & SIX_BITS)));
      } else {
        out.append((char) (0xe0 | point >> 12))
            .append((char) (0x80 | (point >> 6 & SIX_BITS)))
            .append((char) (0x80 | (point & SIX_BITS)));
      }
      i += 5;
    }
    return out.toString();
  }

  private static int unicode(String octets, int at) {
    if (at + 5 >= octets.length()
        || octets.charAt(at) != '%'
        || (octets.charAt(at + 1) | 0x20) != 'u') {
      return -1;
    }
    int point = 0;
    for (int i = at + 2; i < at + 6; i++) {
      int digit = PathSpelling.hex(octets.charAt(i));
      if (digit < 0) {
        return -1;
      }
      point = point << 4 | digit;
    }
    return point;
  }

  /**
   * UTF-8 as readers take it that do not look closely: ASCII in two, three or four octets
   * (CVE-2000-0884, CVE-2008-2938), continuation bits unchecked.
   */
  static String overlong(String octets) {
    StringBuilder out = new StringBuilder(octets.length());
    for (int i = 0; i < octets.length(); i++) {
      int length = overlongLength(octets, i);
      if (length == 0) {
        out.append(octets.charAt(i));
      } else {
        int last = octets.charAt(i + length - 1) & SIX_BITS;
        int before = octets.charAt(i + length - 2);
        out.append((char) ((before & 1) << 6 | last));
        i += length - 1;
      }
    }
    return out.toString();
  }

  private static int overlongLength(String octets, int at) {
    int first = octets.charAt(at);
    int length = first == 0xc0 || first == 0xc1 ? 2 : first == 0xe0 ? 3 : first == 0xf0 ? 4 : 0;
    if (length == 0 || at + length > octets.length()) {
      return 0;
    }
    for (int i = 1; i < length - 2; i++) {
      if (octets.charAt(at + i) != 0x80) {
        return 0;
      }
    }
    return length == 2 || (octets.charAt(at + length - 2) & 0xfe) == 0x80 ? length : 0;
  }

  /** Backslashes. */
  static String slashes(String octets) {
    return octets.replace('\\', '/');
  }

  /** Slashes, backslashes and dots of other widths, in UTF-8, as a best fit makes them ASCII. */
  static String bestFitMarks(String octets) {
    return octets
        .replace("\u00ef\u00bc\u008f", "/")
        .replace("\u00ef\u00bc\u00bc", "/")
        .replace("\u00e2\u0081\u0084", "/")
        .replace("\u00e2\u0088\u0095", "/")
        .replace("\u00ef\u00bc\u008e", ".")
        .replace("\u00e2\u0080\u00a4", ".")
        .replace("\u00e2\u0080\u00a5", "..");
  }

  /** Full-width characters, and the few letters whose other case is ASCII. */
  static String bestFitLetters(String octets) {
    StringBuilder out = new StringBuilder(octets.length());
    for (int i = 0; i < octets.length(); i++) {
      char c = octets.charAt(i);
      char next = i + 1 < octets.length() ? octets.charAt(i + 1) : 0;
      char third = i + 2 < octets.length() ? octets.charAt(i + 2) : 0;
      if (c == 0xef && next == 0xbc && third >= 0x81 && third <= 0xbf) {
        out.append((char) (third - 0x60));
        i += 2;
      } else if (c == 0xef && next == 0xbd && third >= 0x80 && third <= 0x9e) {
        out.append((char) (third - 0x20));
        i += 2;
      } else if (c == 0xe2 && next == 0x84 && third == 0xaa) {
        out.append('K');
        i += 2;
      } else if (c == 0xc5 && next == 0xbf) {
        out.append('s');
        i++;
      } else if (c == 0xc4 && (next == 0xb0 || next == 0xb1)) {
        out.append('i');
        i++;
      } else {
        out.append(c);
      }
    }
    return out.toString();
  }

  /** Up to a mark that ends a path, or ends a text in C. */
  static String cut(String octets, char mark) {
    int at = octets.indexOf(mark);
    return at < 0 ? octets : octets.substring(0, at);
  }

  /** Without blanks and controls around it. */
  static String trim(String octets) {
    int end = octets.length();
    while (end > 1 && octets.charAt(end - 1) <= ' ') {
      end--;
    }
    return octets.substring(0, end);
  }

  /** Without what a URL reader strips from the middle: tab, CR, LF. */
  static String strip(String octets) {
    StringBuilder out = new StringBuilder(octets.length());
    for (int i = 0; i < octets.length(); i++) {
      char c = octets.charAt(i);
      if (c != '\t' && c != '\r' && c != '\n') {
        out.append(c);
      }
    }
    return out.toString();
  }

  /** Without {@code ;parameters}. */
  static String parameters(String octets) {
    if (octets.indexOf(';') < 0) {
      return octets;
    }
    StringBuilder kept = new StringBuilder(octets.length());
    int at = 0;
    while (at < octets.length()) {
      int parameter = octets.indexOf(';', at);
      if (parameter < 0) {
        return kept.append(octets, at, octets.length()).toString();
      }
      kept.append(octets, at, parameter);
      int next = octets.indexOf('/', parameter);
      at = next < 0 ? octets.length() : next;
    }
    return kept.toString();
  }

  /** A network-path reference (RFC 3986 section 4.2), without its authority. */
  static String authority(String octets) {
    if (!octets.startsWith("//")) {
      return octets;
    }
    int path = octets.indexOf('/', 2);
    return path < 0 ? "/" : octets.substring(path);
  }

  /** Runs of slashes as one. */
  public static String merge(String octets) {
    StringBuilder kept = new StringBuilder(octets.length());
    int copied = 0;
    for (int i = octets.indexOf("//"); i >= 0; i = octets.indexOf("//", copied)) {
      kept.append(octets, copied, i + 1);
      copied = i + 2;
      while (copied < octets.length() && octets.charAt(copied) == '/') {
        copied++;
      }
    }
    return kept.append(octets, copied, octets.length()).toString();
  }

  /** A name that ends in two dots, taken for a climb: where a prefix is replaced by a directory. */
  static String climbs(String octets) {
    StringBuilder split = new StringBuilder(octets.length() + 8);
    int copied = 0;
    for (int i = octets.indexOf("../"); i >= 0; i = octets.indexOf("../", i + 1)) {
      if (i > 0 && octets.charAt(i - 1) != '/') {
        split.append(octets, copied, i).append('/');
        copied = i;
      }
    }
    return split.append(octets, copied, octets.length()).toString();
  }

  /** RFC 3986 section 5.2.4; what climbs above the root stays there. */
  static String resolve(String octets) {
    return resolve(octets, false);
  }

  /** The same, but that what climbs above the root is kept in front. */
  static String resolveBelow(String octets) {
    return resolve(octets, true);
  }

  private static String resolve(String octets, boolean above) {
    StringBuilder kept = new StringBuilder(octets.length());
    int root = 0;
    int at = 0;
    while (at < octets.length()) {
      int next = octets.indexOf('/', at + 1);
      int end = next < 0 ? octets.length() : next;
      boolean last = next < 0;
      if (isSegment(octets, at, end, "/..")) {
        if (above && kept.length() == root) {
          kept.append("/..");
          root = kept.length();
        }
        kept.setLength(Math.max(root, kept.lastIndexOf("/")));
        if (last) {
          kept.append('/');
        }
      } else if (isSegment(octets, at, end, "/.")) {
        if (last) {
          kept.append('/');
        }
      } else {
        kept.append(octets, at, end);
      }
      at = end;
    }
    return kept.isEmpty() ? "/" : kept.toString();
  }

  private static boolean isSegment(String octets, int at, int end, String segment) {
    return end - at == segment.length() && octets.startsWith(segment, at);
  }

  /** As Windows opens a file: no dots and blanks at the end of a name, no {@code ::$DATA}. */
  static String windows(String octets) {
    StringBuilder kept = new StringBuilder(octets.length());
    int at = 0;
    int stream = octets.indexOf("::$");
    while (at < octets.length()) {
      int next = octets.indexOf('/', at + 1);
      int end = next < 0 ? octets.length() : next;
      if (stream >= 0 && stream < at) {
        // Only then: a look at the whole rest for each name would be quadratic.
        stream = octets.indexOf("::$", at);
      }
      int nameEnd = stream >= 0 && stream < end ? stream : end;
      boolean dots = isSegment(octets, at, end, "/..") || isSegment(octets, at, end, "/.");
      while (!dots
          && nameEnd > at + 1
          && (octets.charAt(nameEnd - 1) == '.' || octets.charAt(nameEnd - 1) == ' ')) {
        nameEnd--;
      }
      kept.append(octets, at, nameEnd);
      at = end;
    }
    return kept.toString();
  }
}
