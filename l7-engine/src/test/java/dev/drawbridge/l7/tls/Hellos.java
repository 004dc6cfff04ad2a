package dev.drawbridge.l7.tls;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;

/** Makes ClientHellos, good and bad. Does not model what comes after them. */
public final class Hellos {
  private Hellos() {}

  /** An extension with that type and data. */
  public static byte[] extension(int type, byte... data) {
    return join(pair(type), pair(data.length), data);
  }

  public static byte[] serverName(String name) {
    byte[] host = name.getBytes(StandardCharsets.ISO_8859_1);
    return extension(0, join(pair(host.length + 3), new byte[] {0}, pair(host.length), host));
  }

  public static byte[] alpn(String... protocols) {
    byte[] list = {};
    for (String protocol : protocols) {
      byte[] name = protocol.getBytes(StandardCharsets.US_ASCII);
      list = join(list, new byte[] {(byte) name.length}, name);
    }
    return extension(16, join(pair(list.length), list));
  }

  /** A whole message, with its header, of TLS 1.3's shape. */
  public static byte[] message(byte[]... extensions) {
    byte[] all = join(extensions);
    byte[] random = new byte[32];
    Arrays.fill(random, (byte) 7);
    byte[] body =
        join(
            new byte[] {3, 3},
            random,
            new byte[] {32},
            random,
            pair(4),
            new byte[] {0x13, 1, 0x1a, 0x1a},
            new byte[] {1, 0},
            extensions.length == 0 ? new byte[0] : join(pair(all.length), all));
    return join(new byte[] {1, (byte) (body.length >> 16)}, pair(body.length & 0xffff), body);
  }

  /** In records of that many bytes at most. */
  public static byte[] records(byte[] message, int size) {
    byte[] out = {};
    for (int at = 0; at < message.length; at += size) {
      byte[] part = Arrays.copyOfRange(message, at, Math.min(message.length, at + size));
      out = join(out, new byte[] {22, 3, 1}, pair(part.length), part);
    }
    return out;
  }

  /** The usual: one record, one name. */
  public static byte[] hello(String name) {
    return records(message(serverName(name), alpn("h2", "http/1.1")), 1 << 14);
  }

  /**
   * A ServerHello in one record; with the digest of "HelloRetryRequest" as random, one of those.
   */
  public static byte[] serverHello(byte[] random) {
    byte[] body = join(new byte[] {3, 3}, random, new byte[] {0, 0x13, 1, 0}, pair(0));
    return records(join(new byte[] {2, 0}, pair(body.length), body), 1 << 14);
  }

  /** RFC 8446 section 4.1.3. */
  public static byte[] retryRandom() {
    try {
      return MessageDigest.getInstance("SHA-256")
          .digest("HelloRetryRequest".getBytes(StandardCharsets.US_ASCII));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  static byte[] pair(int value) {
    return new byte[] {(byte) (value >> 8), (byte) value};
  }

  public static byte[] join(byte[]... parts) {
    var out = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }
}
