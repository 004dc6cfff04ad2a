package dev.drawbridge.l7.dns;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Messages of a stream, each behind its length in two bytes: RFC 1035 section 4.2.2. */
final class Frames {
  private static final int LENGTH = 2;
  private static final int FIRST_BYTES = 512;

  private byte[] bytes = new byte[0];
  private int filled;
  private int wanted = -1;
  private int high = -1;

  /** Takes what belongs to one message; the message once it is whole. */
  byte @Nullable [] take(ByteBuf in) {
    while (wanted < 0) {
      if (!in.isReadable()) {
        return null;
      }
      int octet = in.readUnsignedByte();
      if (high < 0) {
        high = octet;
      } else {
        wanted = high << 8 | octet;
        high = -1;
        filled = 0;
      }
    }
    int more = Math.min(wanted - filled, in.readableBytes());
    if (filled + more > bytes.length) {
      // Room for what has come, not for what is announced.
      bytes = Arrays.copyOf(bytes, Math.min(wanted, Math.max(FIRST_BYTES, 2 * (filled + more))));
    }
    in.readBytes(bytes, filled, more);
    filled += more;
    if (filled < wanted) {
      return null;
    }
    byte[] whole = bytes.length == wanted ? bytes : Arrays.copyOf(bytes, wanted);
    discard();
    return whole;
  }

  /** Whether a message has begun that is not whole. */
  boolean begun() {
    return high >= 0 || wanted >= 0;
  }

  /** How long that is to be; -1: not known yet. */
  int announced() {
    return wanted;
  }

  long holds() {
    return bytes.length;
  }

  void discard() {
    bytes = new byte[0];
    filled = 0;
    wanted = -1;
    high = -1;
  }

  /** A message behind its length. */
  static ByteBuf of(io.netty.buffer.ByteBufAllocator allocator, byte[] message) {
    return allocator
        .directBuffer(LENGTH + message.length)
        .writeShort(message.length)
        .writeBytes(message);
  }
}
