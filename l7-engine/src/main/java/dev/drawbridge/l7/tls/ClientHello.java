package dev.drawbridge.l7.tls;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What a ClientHello says of where it wants to go: RFC 8446 section 4.1.2, RFC 5246 section
 * 7.4.1.2.
 *
 * @param naming whether {@code serverName} can be judged by
 * @param serverName in lower case; empty unless named
 * @param protocols of ALPN, RFC 7301, in the client's order; anything but plain ASCII as dots
 */
public record ClientHello(Naming naming, String serverName, List<String> protocols) {
  /** How it names the server. */
  public enum Naming {
    /** By one host name, RFC 6066 section 3. */
    NAMED,
    /** Not at all, or not by a name that DNS could have. */
    UNNAMED,
    /** By a name that only the server can read: Encrypted Client Hello, or a draft of it. */
    HIDDEN
  }

  private static final int SERVER_NAME = 0;
  private static final int ALPN = 16;

  /** RFC 9849; the drafts' type is the same. */
  private static final int ENCRYPTED_CLIENT_HELLO = 0xfe0d;

  /** Draft-ietf-tls-esni up to 06, and up to 08. */
  private static final int ENCRYPTED_SERVER_NAME = 0xffce;

  private static final int ECHO = 0xff02;

  private static final int RANDOM_BYTES = 32;
  private static final int MAX_SESSION_ID = 32;
  private static final int MAX_NAME = 253;
  private static final int MAX_LABEL = 63;
  private static final int EXTENSION_TYPES = 1 << 16;

  public ClientHello {
    protocols = List.copyOf(protocols);
  }

  /**
   * Reads the body of the message, without its type and length.
   *
   * @return null if it is not a ClientHello that every server would read alike
   */
  static @Nullable ClientHello parse(ByteBuffer body) {
    try {
      return new Reading(body).hello();
    } catch (BufferUnderflowException _) {
      return null;
    }
  }

  private static final class Reading {
    private final ByteBuffer body;
    private Naming naming = Naming.UNNAMED;
    private boolean hidden;
    private String name = "";
    private final List<String> protocols = new ArrayList<>();

    Reading(ByteBuffer body) {
      this.body = body;
    }

    @Nullable ClientHello hello() {
      boolean version3 = body.get() == 3;
      body.get();
      skip(RANDOM_BYTES);
      int sessionId = octet();
      skip(sessionId);
      int suites = pair();
      skip(suites);
      int compressions = octet();
      skip(compressions);
      if (!version3
          || sessionId > MAX_SESSION_ID
          || suites == 0
          || suites % 2 != 0
          || compressions == 0) {
        return null;
      }
      if (body.hasRemaining()) {
        int length = pair();
        if (length != body.remaining() || !extensions()) {
          return null;
        }
      }
      if (hidden) {
        return new ClientHello(Naming.HIDDEN, "", protocols);
      }
      return new ClientHello(naming, name, protocols);
    }

    /** RFC 8446 section 4.2: a type stands once. Types that are not known, GREASE too, may come. */
    private boolean extensions() {
      BitSet seen = new BitSet(EXTENSION_TYPES);
      while (body.hasRemaining()) {
        int type = pair();
        ByteBuffer data = part(pair());
        if (seen.get(type)) {
          return false;
        }
        seen.set(type);
        boolean good =
            switch (type) {
              case SERVER_NAME -> serverName(data);
              case ALPN -> alpn(data);
              case ENCRYPTED_CLIENT_HELLO, ENCRYPTED_SERVER_NAME, ECHO -> {
                hidden = true;
                yield true;
              }
              default -> true;
            };
        if (!good) {
          return false;
        }
      }
      return true;
    }

    /** One name of type host_name; lists of more, and other types, some servers read otherwise. */
    private boolean serverName(ByteBuffer data) {
      int list = data.getShort() & 0xffff;
      if (list != data.remaining() || list == 0) {
        return false;
      }
      int type = data.get();
      byte[] host = new byte[data.getShort() & 0xffff];
      data.get(host);
      if (type != 0 || data.hasRemaining()) {
        return false;
      }
      String text = new String(host, StandardCharsets.ISO_8859_1).toLowerCase(Locale.ROOT);
      if (isHostName(text)) {
        naming = Naming.NAMED;
        name = text;
      }
      return true;
    }

    private boolean alpn(ByteBuffer data) {
      int list = data.getShort() & 0xffff;
      if (list != data.remaining() || list == 0) {
        return false;
      }
      while (data.hasRemaining()) {
        byte[] protocol = new byte[data.get() & 0xff];
        data.get(protocol);
        if (protocol.length == 0) {
          return false;
        }
        for (int i = 0; i < protocol.length; i++) {
          protocol[i] = protocol[i] > ' ' && protocol[i] < 127 ? protocol[i] : (byte) '.';
        }
        protocols.add(new String(protocol, StandardCharsets.US_ASCII));
      }
      return true;
    }

    private int octet() {
      return body.get() & 0xff;
    }

    private int pair() {
      return body.getShort() & 0xffff;
    }

    private void skip(int bytes) {
      part(bytes);
    }

    private ByteBuffer part(int bytes) {
      if (bytes > body.remaining()) {
        throw new BufferUnderflowException();
      }
      ByteBuffer part = body.slice(body.position(), bytes);
      body.position(body.position() + bytes);
      return part;
    }
  }

  /** Letters, digits, dashes and underscores between single dots; not an IPv4 address. */
  private static boolean isHostName(String text) {
    if (text.isEmpty() || text.length() > MAX_NAME) {
      return false;
    }
    int label = 0;
    boolean digits = true;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '.') {
        if (label == 0) {
          return false;
        }
        label = 0;
        digits = true;
        continue;
      }
      boolean digit = c >= '0' && c <= '9';
      if (!digit && !(c >= 'a' && c <= 'z') && c != '-' && c != '_') {
        return false;
      }
      digits &= digit;
      if (++label > MAX_LABEL) {
        return false;
      }
    }
    // No top-level domain is a number: what ends in one is an address, in one of its spellings.
    return label > 0 && !digits;
  }
}
