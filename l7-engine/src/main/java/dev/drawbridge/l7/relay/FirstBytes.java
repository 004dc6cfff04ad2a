package dev.drawbridge.l7.relay;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;

/** What the first bytes of a client say it speaks. Looks at them and takes none. */
enum FirstBytes {
  /** They may still become several things. */
  MORE,
  /** HTTP/1, or nothing that is known: its reader says so. */
  HTTP1,
  /** The preface of HTTP/2, whole: RFC 9113 section 3.4. */
  HTTP2,
  /** A TLS record of type handshake: RFC 8446 section 5.1. */
  TLS;

  private static final byte[] PREFACE =
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
  private static final byte HANDSHAKE = 0x16;
  private static final byte MAJOR_VERSION = 3;

  static FirstBytes of(ByteBuf in) {
    int size = in.readableBytes();
    if (size == 0) {
      return MORE;
    }
    int start = in.readerIndex();
    if (in.getByte(start) == HANDSHAKE) {
      return size == 1 ? MORE : in.getByte(start + 1) == MAJOR_VERSION ? TLS : HTTP1;
    }
    int common = Math.min(size, PREFACE.length);
    for (int i = 0; i < common; i++) {
      if (in.getByte(start + i) != PREFACE[i]) {
        return HTTP1;
      }
    }
    return common < PREFACE.length ? MORE : HTTP2;
  }
}
