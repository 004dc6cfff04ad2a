package dev.drawbridge.l7.http1;

import java.nio.charset.StandardCharsets;

/** Character classes of RFC 9110 section 5.6 and RFC 3986, as tables. */
final class Octets {
  private static final byte TOKEN = 1;
  private static final byte CONTROL = 2;
  private static final byte PLAIN_PATH = 4;
  private static final byte TARGET = 8;
  private static final byte REG_NAME = 16;
  private static final byte HEX = 32;
  private static final byte[] CLASS = new byte[256];

  static {
    for (int c = 0; c < 256; c++) {
      if (c < 0x20 || c == 0x7f) {
        CLASS[c] |= CONTROL;
      }
      boolean alphanumeric =
          (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
      if (alphanumeric || (c < 0x80 && "!#$%&'*+-.^_`|~".indexOf(c) >= 0)) {
        CLASS[c] |= TOKEN;
      }
      // Same in every reading, when no two slashes and no dot segment are among them.
      if (alphanumeric || (c < 0x80 && "-_~/.!$&'()*+,=:@".indexOf(c) >= 0)) {
        CLASS[c] |= PLAIN_PATH;
      }
      if (c > 0x20 && c < 0x7f && c != '#') {
        CLASS[c] |= TARGET;
      }
      if (alphanumeric || (c < 0x80 && "-._~!$&'()*+;=".indexOf(c) >= 0)) {
        CLASS[c] |= REG_NAME;
      }
      if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f')) {
        CLASS[c] |= HEX;
      }
    }
  }

  private Octets() {}

  static boolean token(int octet) {
    return (CLASS[octet & 0xff] & TOKEN) != 0;
  }

  static boolean control(int octet) {
    return (CLASS[octet & 0xff] & CONTROL) != 0;
  }

  static boolean plainPath(int octet) {
    return (CLASS[octet & 0xff] & PLAIN_PATH) != 0;
  }

  static boolean target(int octet) {
    return (CLASS[octet & 0xff] & TARGET) != 0;
  }

  static boolean regName(int octet) {
    return (CLASS[octet & 0xff] & REG_NAME) != 0;
  }

  /** Of a method: upper-case letters, and hyphens and underscores between them. */
  static boolean method(int octet, boolean first) {
    return (octet >= 'A' && octet <= 'Z') || (!first && (octet == '-' || octet == '_'));
  }

  static boolean hex(int octet) {
    return (CLASS[octet & 0xff] & HEX) != 0;
  }

  static boolean digit(int octet) {
    return octet >= '0' && octet <= '9';
  }

  /** The value of a hexadecimal digit. */
  static int hexValue(int octet) {
    return octet <= '9' ? octet - '0' : (octet | 0x20) - 'a' + 10;
  }

  static int lower(int octet) {
    return octet >= 'A' && octet <= 'Z' ? octet + 0x20 : octet;
  }

  /** Whether the bytes are the word, letters in either case; the word is given in lower case. */
  static boolean same(byte[] bytes, int start, int end, byte[] lowerCaseWord) {
    if (end - start != lowerCaseWord.length) {
      return false;
    }
    for (int i = 0; i < lowerCaseWord.length; i++) {
      if (lower(bytes[start + i]) != lowerCaseWord[i]) {
        return false;
      }
    }
    return true;
  }

  /** Whether two spans are the same but for case. */
  static boolean same(byte[] bytes, int start, int end, int otherStart, int otherEnd) {
    if (end - start != otherEnd - otherStart) {
      return false;
    }
    for (int i = 0; i < end - start; i++) {
      if (lower(bytes[start + i]) != lower(bytes[otherStart + i])) {
        return false;
      }
    }
    return true;
  }

  static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
