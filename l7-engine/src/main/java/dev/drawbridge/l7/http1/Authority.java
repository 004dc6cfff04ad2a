package dev.drawbridge.l7.http1;

import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** A host with an optional port, as in a Host field. RFC 9110 section 7.2, RFC 3986 section 3.2. */
final class Authority {
  private static final int MAX_PORT = 65_535;

  private Authority() {}

  /** Whether the bytes are a host, a colon and a port or a host alone; userinfo is neither. */
  static boolean valid(byte[] bytes, int start, int end) {
    int colon = portColon(bytes, start, end);
    return colon > start && host(bytes, start, colon) && port(bytes, colon, end);
  }

  /**
   * The form to compare: lower case, without the dot at the end, without a port that is empty, 80
   * or the one that is connected to.
   */
  static String comparable(byte[] bytes, int start, int end, int port) {
    int colon = portColon(bytes, start, end);
    int hostEnd = colon - start > 1 && bytes[colon - 1] == '.' ? colon - 1 : colon;
    String host =
        new String(bytes, start, hostEnd - start, StandardCharsets.ISO_8859_1)
            .toLowerCase(Locale.ROOT);
    int number = number(bytes, colon + 1, end);
    return number < 0 || number == 80 || number == port ? host : host + ":" + number;
  }

  /** Where the port's colon is, or the end. */
  private static int portColon(byte[] bytes, int start, int end) {
    int at = end;
    while (at > start && Octets.digit(bytes[at - 1])) {
      at--;
    }
    return at > start && bytes[at - 1] == ':' ? at - 1 : end;
  }

  private static boolean port(byte[] bytes, int colon, int end) {
    return end - colon <= 6 && number(bytes, colon + 1, end) <= MAX_PORT;
  }

  private static int number(byte[] bytes, int start, int end) {
    if (start >= end) {
      return -1;
    }
    int value = 0;
    for (int i = start; i < end; i++) {
      value = value * 10 + (bytes[i] - '0');
    }
    return value;
  }

  private static boolean host(byte[] bytes, int start, int end) {
    if (bytes[start] == '[') {
      return address6(bytes, start, end);
    }
    for (int i = start; i < end; i++) {
      int octet = bytes[i];
      if (octet == '%') {
        if (i + 2 >= end || !Octets.hex(bytes[i + 1]) || !Octets.hex(bytes[i + 2])) {
          return false;
        }
        i += 2;
      } else if (!Octets.regName(octet)) {
        return false;
      }
    }
    return true;
  }

  private static boolean address6(byte[] bytes, int start, int end) {
    if (bytes[end - 1] != ']' || end - start < 4) {
      return false;
    }
    for (int i = start + 1; i < end - 1; i++) {
      if (!Octets.hex(bytes[i]) && bytes[i] != ':' && bytes[i] != '.') {
        return false;
      }
    }
    return true;
  }
}
