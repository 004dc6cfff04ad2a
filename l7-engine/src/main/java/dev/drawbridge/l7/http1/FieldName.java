package dev.drawbridge.l7.http1;

import dev.drawbridge.policy.Overrides;
import java.nio.charset.StandardCharsets;

/** The header fields that the engine acts on; all others are data. */
enum FieldName {
  OTHER,
  HOST,
  CONTENT_LENGTH,
  TRANSFER_ENCODING,
  CONNECTION,
  EXPECT,
  UPGRADE,
  TE,
  /** By which some servers take the request for another one; sent on as it is. */
  OVERRIDE,
  /** Of an answer: how long a connection is kept, which the client's is as long as the callee's. */
  KEEP_ALIVE,
  /** Hop by hop, never sent on. */
  DROPPED,
  /**
   * In the engine's own name, or spelled like it, or a framing field with an underscore for the
   * hyphen, which some servers read as the same: never believed, never sent on.
   */
  OWN;

  private static final byte[] HOST_NAME = Octets.ascii("host");
  private static final byte[] LENGTH_NAME = Octets.ascii("content-length");
  private static final byte[] CODING_NAME = Octets.ascii("transfer-encoding");
  private static final byte[] CONNECTION_NAME = Octets.ascii("connection");
  private static final byte[] EXPECT_NAME = Octets.ascii("expect");
  private static final byte[] UPGRADE_NAME = Octets.ascii("upgrade");
  private static final byte[] TE_NAME = Octets.ascii("te");
  private static final byte[] KEEP_ALIVE_NAME = Octets.ascii("keep-alive");
  private static final byte[] PROXY_CONNECTION_NAME = Octets.ascii("proxy-connection");
  private static final byte[] SETTINGS_NAME = Octets.ascii("http2-settings");
  private static final byte[] LENGTH_ALIAS = Octets.ascii("content_length");
  private static final byte[] CODING_ALIAS = Octets.ascii("transfer_encoding");
  private static final byte[] OWN_NAME = Octets.ascii("drawbridge-");

  /** What the name means; any case. */
  static FieldName of(byte[] bytes, int start, int end) {
    switch (end - start) {
      case 2 -> {
        if (Octets.same(bytes, start, end, TE_NAME)) {
          return TE;
        }
      }
      case 4 -> {
        if (Octets.same(bytes, start, end, HOST_NAME)) {
          return HOST;
        }
      }
      case 6 -> {
        if (Octets.same(bytes, start, end, EXPECT_NAME)) {
          return EXPECT;
        }
      }
      case 7 -> {
        if (Octets.same(bytes, start, end, UPGRADE_NAME)) {
          return UPGRADE;
        }
      }
      case 10 -> {
        if (Octets.same(bytes, start, end, CONNECTION_NAME)) {
          return CONNECTION;
        }
        if (Octets.same(bytes, start, end, KEEP_ALIVE_NAME)) {
          return KEEP_ALIVE;
        }
      }
      case 13, 22 -> {
        if (override(bytes, start, end)) {
          return OVERRIDE;
        }
      }
      case 14 -> {
        if (override(bytes, start, end)) {
          return OVERRIDE;
        }
        if (Octets.same(bytes, start, end, LENGTH_NAME)) {
          return CONTENT_LENGTH;
        }
        if (Octets.same(bytes, start, end, LENGTH_ALIAS)) {
          return OWN;
        }
        if (Octets.same(bytes, start, end, SETTINGS_NAME)) {
          return DROPPED;
        }
      }
      case 16 -> {
        if (Octets.same(bytes, start, end, PROXY_CONNECTION_NAME)) {
          return DROPPED;
        }
      }
      case 17 -> {
        if (override(bytes, start, end)) {
          return OVERRIDE;
        }
        if (Octets.same(bytes, start, end, CODING_NAME)) {
          return TRANSFER_ENCODING;
        }
        if (Octets.same(bytes, start, end, CODING_ALIAS)) {
          return OWN;
        }
      }
      default -> {}
    }
    return own(bytes, start, end) ? OWN : OTHER;
  }

  private static boolean override(byte[] bytes, int start, int end) {
    return Octets.lower(bytes[start]) == 'x'
        && hyphen(bytes[start + 1]) == '-'
        && Overrides.isField(new String(bytes, start, end - start, StandardCharsets.ISO_8859_1));
  }

  /** {@code Drawbridge-…} and {@code X-Drawbridge-…}, with underscores or hyphens. */
  private static boolean own(byte[] bytes, int start, int end) {
    int at = start;
    int first = Octets.lower(bytes[at]);
    if (first == 'x' && end - start > 2 && hyphen(bytes[at + 1]) == '-') {
      at += 2;
      first = Octets.lower(bytes[at]);
    }
    if (first != 'd' || end - at < OWN_NAME.length) {
      return false;
    }
    for (int i = 0; i < OWN_NAME.length; i++) {
      if (hyphen(Octets.lower(bytes[at + i])) != OWN_NAME[i]) {
        return false;
      }
    }
    return true;
  }

  private static int hyphen(int octet) {
    return octet == '_' ? '-' : octet;
  }
}
