package dev.drawbridge.policy.path;

import dev.drawbridge.policy.automaton.CharSet;
import dev.drawbridge.policy.automaton.Node;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The one spelling in which rules and requests meet: escapes of unreserved characters are decoded
 * (RFC 3986 section 6.2.2.2 calls the two equivalent), all other escapes have upper-case digits,
 * and what may not stand in a path is escaped. Letters keep their case.
 */
public final class PathSpelling {
  /** Characters of a set in an expression that are spelled out one by one; beyond, none is. */
  private static final int MAX_SPELLED_OUT = 256;

  private static final int ASCII = 0x80;

  /** What may stand in a path as it is, but for escapes. */
  private static final boolean[] LITERAL = new boolean[ASCII];

  private static final byte[] HEX = new byte[ASCII];

  static {
    for (char c = 0; c < ASCII; c++) {
      HEX[c] = (byte) Character.digit(c, 16);
      LITERAL[c] = isAlphanumeric(c) || "-_~/.!$&'()*+,=:@;".indexOf(c) >= 0;
    }
  }

  /** In a decoded rule: a star that is meant, not whatever a star stands for. */
  public static final char STAR = '\ue000';

  private PathSpelling() {}

  /** What a rule's author wrote, as UTF-8; what is no escape is no escape. */
  public static String ofRule(String written) {
    return encode(unreserved(utf8(written)), true);
  }

  /** The same with every escape decoded, as most servers do; {@link #STAR} for {@code %2A}. */
  public static String ofDecodedRule(String written) {
    String octets = utf8(written);
    StringBuilder out = new StringBuilder(octets.length());
    for (int i = 0; i < octets.length(); i++) {
      if (!isEscape(octets, i)) {
        append(out, octets.charAt(i));
        continue;
      }
      char value = value(octets, i);
      if (value == '*') {
        out.append(STAR);
      } else {
        append(out, value);
      }
      i += 2;
    }
    return out.toString();
  }

  private static String utf8(String text) {
    return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
  }

  private static void append(StringBuilder out, char octet) {
    if (isLiteral(octet, false)) {
      out.append(octet);
    } else {
      escape(out, octet);
    }
  }

  /** An expression over what its author wrote, as one over the common spelling. */
  public static Node ofExpression(Node node) {
    return switch (node) {
      case Node.Chars(var set) -> spelled(set);
      case Node.Sequence(var parts) -> sequence(parts);
      case Node.Choice(var options) ->
          new Node.Choice(options.stream().map(PathSpelling::ofExpression).toList());
      case Node.Repeat(var repeated, int min, int max) ->
          new Node.Repeat(ofExpression(repeated), min, max);
    };
  }

  private static Node sequence(List<Node> parts) {
    var out = new ArrayList<Node>(parts.size());
    int i = 0;
    while (i < parts.size()) {
      String octet = escape(parts, i);
      String pair = octet.isEmpty() ? surrogates(parts, i) : "";
      if (!octet.isEmpty()) {
        out.add(Node.literal(octet));
        i += 3;
      } else if (!pair.isEmpty()) {
        out.add(Node.literal(ofRule(pair)));
        i += 2;
      } else {
        out.add(ofExpression(parts.get(i)));
        i++;
      }
    }
    return new Node.Sequence(out);
  }

  /** The escape that the parts from there on are, in the common spelling; empty: they are none. */
  private static String escape(List<Node> parts, int at) {
    int high = at + 2 < parts.size() && only(parts.get(at)) == '%' ? hex(parts, at + 1) : -1;
    int low = high < 0 ? -1 : hex(parts, at + 2);
    return low < 0 ? "" : ofRule(String.format(Locale.ROOT, "%%%x%x", high, low));
  }

  private static String surrogates(List<Node> parts, int at) {
    int high = only(parts.get(at));
    int low = at + 1 < parts.size() ? only(parts.get(at + 1)) : -1;
    boolean pair =
        high >= 0
            && low >= 0
            && Character.isHighSurrogate((char) high)
            && Character.isLowSurrogate((char) low);
    return pair ? new String(new char[] {(char) high, (char) low}) : "";
  }

  private static int hex(List<Node> parts, int at) {
    int c = only(parts.get(at));
    return c < 0 ? -1 : hex((char) c);
  }

  /** The one character that is in the set, or one of its two cases; -1: there are others. */
  private static int only(Node node) {
    if (!(node instanceof Node.Chars(var set)) || set.isEmpty() || set.count() > 2) {
      return -1;
    }
    char c = (char) set.characters().findFirst().orElseThrow();
    return set.count() == 1 || set.equals(CharSet.of(c).foldAscii()) ? c : -1;
  }

  /** What may not stand in a path stands there escaped. */
  private static Node spelled(CharSet set) {
    if (set.count() > MAX_SPELLED_OUT) {
      return new Node.Chars(set);
    }
    var options = new ArrayList<Node>();
    set.characters()
        .filter(c -> !(c < ASCII && isLiteral((char) c, true)))
        .filter(c -> !Character.isSurrogate((char) c))
        .forEach(c -> options.add(Node.literal(ofRule(String.valueOf((char) c)))));
    if (options.isEmpty()) {
      return new Node.Chars(set);
    }
    options.addFirst(new Node.Chars(set));
    return new Node.Choice(options);
  }

  /** Escapes of unreserved characters decoded, the others with upper-case digits. */
  static String unreserved(String octets) {
    if (octets.indexOf('%') < 0) {
      return octets;
    }
    StringBuilder out = new StringBuilder(octets.length());
    int copied = 0;
    for (int i = octets.indexOf('%'); i >= 0; i = octets.indexOf('%', copied)) {
      out.append(octets, copied, i);
      if (isEscape(octets, i)) {
        char value = value(octets, i);
        if (isUnreserved(value)) {
          out.append(value);
        } else {
          escape(out, value);
        }
        copied = i + 3;
      } else {
        escape(out, '%');
        copied = i + 1;
      }
    }
    return out.append(octets, copied, octets.length()).toString();
  }

  /** The common spelling of octets; escapes are kept if the octets still hold them. */
  static String encode(String octets, boolean escapes) {
    int at = 0;
    while (at < octets.length() && isLiteral(octets.charAt(at), escapes)) {
      at++;
    }
    if (at == octets.length()) {
      return octets;
    }
    StringBuilder out = new StringBuilder(octets.length() + 16).append(octets, 0, at);
    int copied = at;
    for (int i = at; i < octets.length(); i++) {
      char c = octets.charAt(i);
      if (!isLiteral(c, escapes)) {
        escape(out.append(octets, copied, i), c);
        copied = i + 1;
      }
    }
    return out.append(octets, copied, octets.length()).toString();
  }

  public static boolean isEscape(String octets, int at) {
    return at + 2 < octets.length()
        && octets.charAt(at) == '%'
        && hex(octets.charAt(at + 1)) >= 0
        && hex(octets.charAt(at + 2)) >= 0;
  }

  public static char value(String octets, int at) {
    return (char) ((hex(octets.charAt(at + 1)) << 4) | hex(octets.charAt(at + 2)));
  }

  /** The value of a hexadecimal digit, or -1. ASCII only: Character.digit knows other digits. */
  static int hex(char c) {
    return c < ASCII ? HEX[c] : -1;
  }

  private static boolean isLiteral(char c, boolean escapes) {
    return (c < ASCII && LITERAL[c]) || (escapes && c == '%');
  }

  private static boolean isAlphanumeric(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  }

  private static boolean isUnreserved(char c) {
    return isAlphanumeric(c) || "-._~".indexOf(c) >= 0;
  }

  private static void escape(StringBuilder out, char octet) {
    out.append('%')
        .append("0123456789ABCDEF".charAt((octet >> 4) & 15))
        .append("0123456789ABCDEF".charAt(octet & 15));
  }
}
