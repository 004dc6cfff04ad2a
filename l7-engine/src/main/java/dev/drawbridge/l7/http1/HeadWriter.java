package dev.drawbridge.l7.http1;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Writes heads, chunk lines and trailers anew from what was parsed. Fields keep their order and
 * spelling; hop-by-hop fields are left out, framing and Connection are the engine's own and come
 * last. For one event loop.
 */
public final class HeadWriter {
  /** What follows the fields of a head that is sent on. */
  public enum Persistence {
    /** As the version has it. */
    DEFAULT,
    CLOSE,
    /** Said to HTTP/1.0, where it is not the default. */
    KEEP_ALIVE,
    /** The connection becomes what the field Upgrade says. */
    UPGRADE
  }

  private static final byte[] CRLF = Octets.ascii("\r\n");
  private static final byte[] COLON = Octets.ascii(": ");
  private static final byte[] VERSION_10 = Octets.ascii(" HTTP/1.0\r\n");
  private static final byte[] VERSION_11 = Octets.ascii(" HTTP/1.1\r\n");
  private static final byte[] STATUS_11 = Octets.ascii("HTTP/1.1 ");
  private static final byte[] LENGTH = Octets.ascii("Content-Length: ");
  private static final byte[] CHUNKED = Octets.ascii("Transfer-Encoding: chunked\r\n");
  private static final byte[] EXPECT = Octets.ascii("Expect: 100-continue\r\n");
  private static final byte[] CLOSE = Octets.ascii("Connection: close\r\n");
  private static final byte[] KEEP_ALIVE = Octets.ascii("Connection: keep-alive\r\n");
  private static final byte[] WEBSOCKET =
      Octets.ascii("Connection: Upgrade\r\nUpgrade: websocket\r\n");
  private static final byte[] UPGRADE = Octets.ascii("Connection: Upgrade\r\n");
  private static final byte[] TRAILERS = Octets.ascii("Connection: TE\r\nTE: trailers\r\n");
  private static final byte[] CLOSE_TRAILERS =
      Octets.ascii("Connection: close, TE\r\nTE: trailers\r\n");
  private static final byte[] LAST_CHUNK = Octets.ascii("0\r\n");
  private static final byte[] HEX = Octets.ascii("0123456789abcdef");
  private static final int KEPT = 16 * 1024;

  private byte[] out = new byte[2048];
  private int length;

  /**
   * A forward proxy is asked in the absolute form, and every server takes it (RFC 9112 section
   * 3.2.2); but one without a path is given the path that was judged, because some servers look for
   * it behind the first slash, wherever that is, and find it in the query.
   */
  private void target(RequestHead head) {
    if (head.pathStart() < head.pathEnd()) {
      put(head.bytes, head.targetStart(), head.targetEnd());
    } else if (head.isWholeServer()) {
      put('*');
    } else {
      put(head.bytes, head.targetStart(), head.pathStart());
      put('/');
      put(head.bytes, head.pathEnd(), head.targetEnd());
    }
  }

  /** The head to send to the callee. */
  public ByteBuf request(RequestHead head, ByteBufAllocator allocator, int room) {
    length = 0;
    put(head.bytes, head.methodStart(), head.methodEnd());
    put(' ');
    target(head);
    put(head.minorVersion() == 0 ? VERSION_10 : VERSION_11);
    for (int i = 0; i < head.count(); i++) {
      FieldName name = head.name(i);
      if (name == FieldName.OTHER || name == FieldName.OVERRIDE || name == FieldName.HOST) {
        field(head, i);
      }
    }
    switch (head.framing()) {
      case LENGTH -> contentLength(head.contentLength());
      case CHUNKED -> put(CHUNKED);
      case NONE, UNTIL_CLOSE -> {}
    }
    if (head.expectsContinue()) {
      put(EXPECT);
    }
    if (head.websocket()) {
      put(WEBSOCKET);
    } else if (head.upgradesElsewhere()) {
      put(UPGRADE);
      for (int i = 0; i < head.count(); i++) {
        if (head.name(i) == FieldName.UPGRADE) {
          field(head, i);
        }
      }
    } else if (head.closes()) {
      put(head.takesTrailers() && head.minorVersion() == 1 ? CLOSE_TRAILERS : CLOSE);
    } else if (head.minorVersion() == 0) {
      put(KEEP_ALIVE);
    } else if (head.takesTrailers()) {
      put(TRAILERS);
    }
    return finish(allocator, room);
  }

  /**
   * The head to send to the client.
   *
   * @param framing towards the client
   * @param bodiless the answer has no body whatever its fields say: HEAD, 304
   */
  public ByteBuf answer(
      AnswerHead head,
      Framing framing,
      boolean bodiless,
      Persistence persistence,
      ByteBufAllocator allocator,
      int room) {
    length = 0;
    put(STATUS_11);
    int status = head.status();
    put('0' + status / 100);
    put('0' + status / 10 % 10);
    put('0' + status % 10);
    put(' ');
    put(head.bytes, head.reasonStart(), head.reasonEnd());
    put(CRLF);
    boolean kept = status >= 200 && persistence != Persistence.CLOSE;
    boolean hinted = false;
    for (int i = 0; i < head.count(); i++) {
      switch (head.name(i)) {
        case OTHER, OVERRIDE, HOST, EXPECT -> field(head, i);
        case KEEP_ALIVE -> {
          if (kept) {
            field(head, i);
            hinted = true;
          }
        }
        case CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION, UPGRADE, TE, DROPPED, OWN -> {}
      }
    }
    if (framing == Framing.CHUNKED) {
      put(CHUNKED);
    } else if (framing == Framing.LENGTH
        || (bodiless && status != 204 && status >= 200 && head.contentLength() >= 0)) {
      contentLength(head.contentLength());
    } else if (bodiless && head.framing(false) == Framing.CHUNKED) {
      put(CHUNKED);
    }
    switch (persistence) {
      case DEFAULT -> {
        if (hinted) {
          // A field of one hop is named: RFC 9110 section 7.6.1.
          put(KEEP_ALIVE);
        }
      }
      case CLOSE -> put(CLOSE);
      case KEEP_ALIVE -> put(KEEP_ALIVE);
      case UPGRADE -> {
        put(UPGRADE);
        field(head, head.upgradeField());
      }
    }
    return finish(allocator, room);
  }

  /** A chunk's size line. */
  public static void chunkSize(int size, ByteBuf to) {
    int shift = 28;
    while (shift > 0 && size >>> shift == 0) {
      shift -= 4;
    }
    for (; shift >= 0; shift -= 4) {
      to.writeByte(HEX[(size >>> shift) & 15]);
    }
    to.writeBytes(CRLF);
  }

  /** What ends a chunk's data. */
  public static void chunkEnd(ByteBuf to) {
    to.writeBytes(CRLF);
  }

  /** The last chunk with the trailers that came. */
  public ByteBuf lastChunk(Chunks chunks, ByteBufAllocator allocator) {
    length = 0;
    put(LAST_CHUNK);
    @Nullable TrailerFields trailers = chunks.trailers();
    if (trailers != null) {
      for (int i = 0; i < trailers.count(); i++) {
        field(trailers, i);
      }
    }
    return finish(allocator, 0);
  }

  private ByteBuf finish(ByteBufAllocator allocator, int room) {
    put(CRLF);
    ByteBuf head = allocator.directBuffer(length + room);
    head.writeBytes(out, 0, length);
    if (out.length > KEPT) {
      out = new byte[2048];
    }
    return head;
  }

  private void field(Head head, int field) {
    put(head.bytes, head.nameStart(field), head.nameEnd(field));
    put(COLON);
    put(head.bytes, head.valueStart(field), head.valueEnd(field));
    put(CRLF);
  }

  private void contentLength(long value) {
    put(LENGTH);
    int digits = 1;
    for (long rest = value; rest >= 10; rest /= 10) {
      digits++;
    }
    reserve(digits);
    long rest = value;
    for (int i = digits - 1; i >= 0; i--) {
      out[length + i] = (byte) ('0' + rest % 10);
      rest /= 10;
    }
    length += digits;
    put(CRLF);
  }

  private void put(int octet) {
    reserve(1);
    out[length++] = (byte) octet;
  }

  private void put(byte[] bytes) {
    put(bytes, 0, bytes.length);
  }

  private void put(byte[] bytes, int start, int end) {
    reserve(end - start);
    System.arraycopy(bytes, start, out, length, end - start);
    length += end - start;
  }

  private void reserve(int more) {
    if (length + more > out.length) {
      out = Arrays.copyOf(out, Math.max(out.length * 2, length + more));
    }
  }
}
