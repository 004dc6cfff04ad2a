package dev.drawbridge.l7.http1.relay;

import dev.drawbridge.l7.http1.HeadWriter;
import dev.drawbridge.l7.relay.Outbox;
import io.netty.buffer.ByteBuf;

/** A body on its way out in chunks. */
final class ChunkedBody {
  /** A size of eight digits, and what ends data and size. */
  private static final int LONGEST_SIZE = 16;

  private static final int SCRAP = 256;

  private ChunkedBody() {}

  /** Moves that many bytes of the input as a chunk. */
  static void put(ByteBuf in, int size, Outbox to) {
    HeadWriter.chunkSize(size, to.room(LONGEST_SIZE, SCRAP));
    to.data(in, size);
    HeadWriter.chunkEnd(to.room(LONGEST_SIZE, SCRAP));
  }
}
