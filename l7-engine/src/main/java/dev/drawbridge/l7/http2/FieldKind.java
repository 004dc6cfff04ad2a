package dev.drawbridge.l7.http2;

import java.nio.charset.StandardCharsets;
import java.util.Map;

/** What a field's name means to the engine; all others are data. */
public enum FieldKind {
  OTHER,
  METHOD,
  SCHEME,
  AUTHORITY,
  PATH,
  STATUS,
  /** Begins with a colon and is none of the above. */
  UNKNOWN_PSEUDO,
  HOST,
  CONTENT_LENGTH,
  CONTENT_TYPE,
  COOKIE,
  EXPECT,
  TE,
  /** Belongs to a connection of HTTP/1. RFC 9113 section 8.2.2. */
  CONNECTION,
  /**
   * In the engine's own name, or a framing field with an underscore for the hyphen, which some
   * servers read as the same: never believed, never sent on.
   */
  OWN,
  /** Describes what came before it, and so must not come after. RFC 9110 section 6.5.1. */
  NOT_A_TRAILER;

  private static final Map<String, FieldKind> BY_NAME =
      Map.ofEntries(
          Map.entry(":method", METHOD),
          Map.entry(":scheme", SCHEME),
          Map.entry(":authority", AUTHORITY),
          Map.entry(":path", PATH),
          Map.entry(":status", STATUS),
          Map.entry("host", HOST),
          Map.entry("content-length", CONTENT_LENGTH),
          Map.entry("content-type", CONTENT_TYPE),
          Map.entry("cookie", COOKIE),
          Map.entry("expect", EXPECT),
          Map.entry("te", TE),
          Map.entry("connection", CONNECTION),
          Map.entry("keep-alive", CONNECTION),
          Map.entry("proxy-connection", CONNECTION),
          Map.entry("transfer-encoding", CONNECTION),
          Map.entry("upgrade", CONNECTION),
          Map.entry("http2-settings", CONNECTION),
          Map.entry("content_length", OWN),
          Map.entry("transfer_encoding", OWN),
          Map.entry("authorization", NOT_A_TRAILER),
          Map.entry("cache-control", NOT_A_TRAILER),
          Map.entry("content-encoding", NOT_A_TRAILER),
          Map.entry("content-range", NOT_A_TRAILER),
          Map.entry("max-forwards", NOT_A_TRAILER),
          Map.entry("pragma", NOT_A_TRAILER),
          Map.entry("proxy-authorization", NOT_A_TRAILER),
          Map.entry("range", NOT_A_TRAILER),
          Map.entry("set-cookie", NOT_A_TRAILER),
          Map.entry("trailer", NOT_A_TRAILER),
          Map.entry("www-authenticate", NOT_A_TRAILER));

  private static final int LONGEST = 19;

  /** The meaning of a lower-case name. */
  static FieldKind of(byte[] name) {
    if (name.length > 0 && name.length <= LONGEST) {
      FieldKind known = BY_NAME.get(new String(name, StandardCharsets.ISO_8859_1));
      if (known != null) {
        return known;
      }
    }
    if (name.length > 0 && name[0] == ':') {
      return UNKNOWN_PSEUDO;
    }
    return own(name) ? OWN : OTHER;
  }

  /** Whether it may stand only before the ordinary fields. */
  public boolean pseudo() {
    return switch (this) {
      case METHOD, SCHEME, AUTHORITY, PATH, STATUS, UNKNOWN_PSEUDO -> true;
      case OTHER,
          HOST,
          CONTENT_LENGTH,
          CONTENT_TYPE,
          COOKIE,
          EXPECT,
          TE,
          CONNECTION,
          OWN,
          NOT_A_TRAILER ->
          false;
    };
  }

  /** {@code drawbridge-…} and {@code x-drawbridge-…}, with underscores or hyphens. */
  private static boolean own(byte[] name) {
    int at = name.length > 2 && name[0] == 'x' && hyphen(name[1]) == '-' ? 2 : 0;
    String own = "drawbridge-";
    if (name.length - at < own.length()) {
      return false;
    }
    for (int i = 0; i < own.length(); i++) {
      if (hyphen(name[at + i]) != own.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  private static int hyphen(int octet) {
    return octet == '_' ? '-' : octet;
  }
}
