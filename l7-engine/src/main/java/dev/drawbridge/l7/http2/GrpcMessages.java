package dev.drawbridge.l7.http2;

import io.netty.buffer.ByteBuf;

/**
 * Where the messages of a gRPC body begin and end: a flag octet, four of length, the message. Only
 * between two of them can a stream end with a status of the engine's own.
 */
public final class GrpcMessages {
  private static final int PREFIX = 5;

  private int prefix;
  private long length;
  private long left;

  /** Looks at the next part of the body. */
  public void see(ByteBuf in, int start, int size) {
    int at = start;
    int end = start + size;
    while (at < end) {
      if (left > 0) {
        int step = (int) Math.min(left, end - at);
        left -= step;
        at += step;
      } else {
        int octet = in.getUnsignedByte(at++);
        length = prefix == 0 ? 0 : (length << 8) | octet;
        if (++prefix == PREFIX) {
          prefix = 0;
          left = length;
        }
      }
    }
  }

  /** Whether no message is half sent. */
  public boolean between() {
    return prefix == 0 && left == 0;
  }
}
