package dev.drawbridge.policy.http;

import dev.drawbridge.policy.parse.Regexes;
import dev.drawbridge.policy.path.PathSpelling;
import java.util.Optional;

/** Which request lines are judged at all: what servers read in different ways is refused before. */
public final class RequestLine {
  private static final int ASCII_END = 0x7f;

  private RequestLine() {}

  /**
   * Why a request is refused whatever the rules say; empty if it is judged. The engine's reader
   * says the same of the octets, and a test compares the two.
   *
   * @param target as it stands in the request line, with the query
   */
  public static Optional<String> fault(String method, String target) {
    if (!isUpperCase(method)) {
      return Optional.of("the method is not written in upper case");
    }
    if (method.equals("CONNECT")) {
      return Optional.of("CONNECT is not relayed");
    }
    if (target.equals(Regexes.ASTERISK) && method.equals("OPTIONS")) {
      return Optional.empty();
    }
    if (!target.startsWith("/")) {
      return Optional.of("the request target is neither a path nor an absolute http address");
    }
    boolean path = true;
    for (int i = 0; i < target.length(); i++) {
      char c = target.charAt(i);
      if (c <= ' ' || c >= ASCII_END || c == '#') {
        return Optional.of("the request target holds what may not stand there");
      }
      path &= c != '?';
      if (path && c == '%' && !isBearableEscape(target, i)) {
        return Optional.of("the path contains an invalid or forbidden %-escape");
      }
    }
    return Optional.empty();
  }

  /** Whether a method is made of upper-case letters, with hyphens and underscores between them. */
  static boolean isUpperCase(String method) {
    for (int i = 0; i < method.length(); i++) {
      char c = method.charAt(i);
      if (!(c >= 'A' && c <= 'Z') && (i == 0 || (c != '-' && c != '_'))) {
        return false;
      }
    }
    return !method.isEmpty();
  }

  /** A valid escape that is neither NUL nor the start of an over-long UTF-8 sequence. */
  private static boolean isBearableEscape(String target, int at) {
    int value = escaped(target, at);
    if (value <= 0) {
      return false;
    }
    int least =
        switch (value) {
          case 0xc0, 0xc1 -> 0xc0;
          case 0xe0 -> 0xa0;
          case 0xf0 -> 0x90;
          default -> 0;
        };
    int next = least == 0 ? -1 : escaped(target, at + 3);
    return next < 0x80 || next >= least;
  }

  private static int escaped(String target, int at) {
    return PathSpelling.isEscape(target, at) ? PathSpelling.value(target, at) : -1;
  }
}
