package dev.drawbridge.l7.http1;

import org.jspecify.annotations.Nullable;

/** Where the parts of a request's target stand. RFC 9112 section 3.2, but for CONNECT. */
final class RequestTarget {
  /** It begins with a scheme and names a host. */
  boolean absolute;

  int start;
  int authorityStart;
  int authorityEnd;
  int pathStart;
  int pathEnd;
  int end;

  /** The path is the same to every server. */
  boolean plain;

  void clear() {
    absolute = false;
    start = 0;
    authorityStart = 0;
    authorityEnd = 0;
    pathStart = 0;
    pathEnd = 0;
    end = 0;
    plain = false;
  }

  /**
   * Takes a target in.
   *
   * @param all where it stands
   * @param options whether the method is OPTIONS
   * @return what is wrong with it
   */
  @Nullable Fault read(byte[] all, int from, int after, boolean options) {
    start = from;
    end = after;
    if (all[start] == '*' && end - start == 1 && options) {
      pathStart = start;
      pathEnd = end;
      return null;
    }
    int path = start;
    if (all[start] != '/') {
      if (end - start <= RequestHead.HTTP.length
          || !Octets.same(all, start, start + RequestHead.HTTP.length, RequestHead.HTTP)) {
        return Fault.TARGET;
      }
      absolute = true;
      authorityStart = start + RequestHead.HTTP.length;
      path = authorityStart;
      while (path < end && all[path] != '/' && all[path] != '?' && all[path] != '#') {
        path++;
      }
      authorityEnd = path;
      if (!Authority.valid(all, authorityStart, authorityEnd)) {
        return Fault.TARGET;
      }
    }
    return path(all, path);
  }

  private @Nullable Fault path(byte[] all, int from) {
    boolean simple = true;
    int at = from;
    for (; at < end && all[at] != '?'; at++) {
      int octet = all[at];
      if (Octets.plainPath(octet)) {
        simple &= !suspicious(octet, at + 1 < end ? all[at + 1] : '?');
      } else {
        simple = false;
        if (octet == '#') {
          return Fault.TARGET_FRAGMENT;
        }
        if (!Octets.target(octet)) {
          return Fault.TARGET;
        }
        if (octet == '%' && !escape(all, at)) {
          return Fault.TARGET_ESCAPE;
        }
      }
    }
    pathStart = from;
    pathEnd = at;
    plain = simple && at > from;
    for (; at < end; at++) {
      // Some browsers and many programs send what is beyond ASCII as it is.
      if (!Octets.target(all[at]) && all[at] >= 0) {
        return all[at] == '#' ? Fault.TARGET_FRAGMENT : Fault.TARGET;
      }
    }
    return null;
  }

  /** What some server takes for something else though each character alone is plain. */
  private static boolean suspicious(int octet, int next) {
    return switch (octet) {
      case '/' -> next == '/' || next == '.';
      case '.' -> next == '/' || next == '.' || next == '?';
      case ':' -> next == ':';
      default -> false;
    };
  }

  /** A valid escape that is neither NUL nor the start of an over-long UTF-8 sequence. */
  private boolean escape(byte[] all, int at) {
    int value = escaped(all, at);
    if (value <= 0) {
      return false;
    }
    int least = value == 0xc0 || value == 0xc1 ? 0xc0 : value == 0xe0 ? 0xa0 : 0x90;
    if (value == 0xc0 || value == 0xc1 || value == 0xe0 || value == 0xf0) {
      int next = escaped(all, at + 3);
      return next < 0x80 || next >= least;
    }
    return true;
  }

  private int escaped(byte[] all, int at) {
    return at + 2 < end && all[at] == '%' && Octets.hex(all[at + 1]) && Octets.hex(all[at + 2])
        ? (Octets.hexValue(all[at + 1]) << 4) | Octets.hexValue(all[at + 2])
        : -1;
  }
}
