package dev.drawbridge.l7.relay;

import dev.drawbridge.l7.http1.HeadWriter;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;

/** What is on its way out of a leg that speaks HTTP/1. */
final class Http1Output extends Outbox {
  private static final int SCRAP = 256;

  /** Moves that many bytes of the input as a chunk. */
  void chunk(ByteBuf in, int size) {
    HeadWriter.chunkSize(size, scrap());
    data(in, size);
    HeadWriter.chunkEnd(scrap());
  }

  private ByteBuf scrap() {
    ByteBuf open = tail;
    if (open == null || open.writableBytes() < 16) {
      Channel to = channel;
      if (to == null) {
        throw new IllegalStateException("a body has nowhere to go before there is a channel");
      }
      seal();
      open = to.alloc().directBuffer(SCRAP);
      tail = open;
    }
    return open;
  }
}
