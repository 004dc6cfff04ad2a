package dev.drawbridge.l7.http1.relay;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.List;

/**
 * Where the frames of one direction of a WebSocket end: RFC 6455 section 5.2. Reads headers, judges
 * nothing: only there can a frame of the engine's own be put in.
 */
final class WebSocketFrames {
  /** What a request becomes that has such frames. */
  static final List<String> PROTOCOL = List.of("websocket");

  private static final int CLOSE = 0x88;
  private static final int MASKED = 0x80;

  /** RFC 6455 section 7.4.1: an endpoint received what violates its policy. */
  private static final int POLICY_VIOLATION = 1008;

  private static final int SHORT_LENGTH = 126;
  private static final int LONG_LENGTH = 127;

  /** Bytes of the current header that were read. */
  private int headerBytes;

  /** Bytes of the current header that are to come; known after two. */
  private int headerLeft = 2;

  private int lengthBytes;
  private long length;
  private long payloadLeft;

  /** Bytes that go by; none is taken. */
  void pass(ByteBuf in, int size) {
    int at = in.readerIndex();
    int end = at + size;
    while (at < end) {
      if (payloadLeft > 0) {
        long step = Math.min(payloadLeft, end - at);
        payloadLeft -= step;
        at += (int) step;
      } else {
        header(in.getByte(at++) & 0xff);
      }
    }
  }

  private void header(int octet) {
    headerBytes++;
    headerLeft--;
    if (headerBytes == 2) {
      int given = octet & 0x7f;
      lengthBytes = given == SHORT_LENGTH ? 2 : given == LONG_LENGTH ? 8 : 0;
      length = lengthBytes == 0 ? given : 0;
      headerLeft = lengthBytes + ((octet & MASKED) == 0 ? 0 : 4);
    } else if (headerBytes > 2 && headerBytes <= 2 + lengthBytes) {
      length = length << 8 | octet;
    }
    if (headerLeft == 0) {
      // A length beyond 63 bits is no length: such a frame does not end.
      payloadLeft = length < 0 ? Long.MAX_VALUE : length;
      headerBytes = 0;
      headerLeft = 2;
    }
  }

  /** Whether what went by ends with a whole frame. */
  boolean atEnd() {
    return payloadLeft == 0 && headerBytes == 0;
  }

  /** A close frame with code 1008; masked, with a key of zeros, as a client must. */
  static ByteBuf close(ByteBufAllocator allocator, boolean masked) {
    ByteBuf out = allocator.directBuffer(8).writeByte(CLOSE);
    if (masked) {
      out.writeByte(MASKED | 2).writeInt(0);
    } else {
      out.writeByte(2);
    }
    return out.writeShort(POLICY_VIOLATION);
  }
}
