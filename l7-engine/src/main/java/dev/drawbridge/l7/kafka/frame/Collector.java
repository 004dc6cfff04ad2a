package dev.drawbridge.l7.kafka.frame;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import org.jspecify.annotations.Nullable;

/** Puts together a run of bytes of known length that comes in pieces; grows with what has come. */
public final class Collector {
  private static final int FIRST_BYTES = 4096;

  /** A buffer that waits is at most so many times as large as what is in it. */
  private static final int MOST_WASTE = 4;

  private final ByteBufAllocator allocator;
  private @Nullable ByteBuf bytes;
  private int wanted;

  public Collector(ByteBufAllocator allocator) {
    this.allocator = allocator;
  }

  /** Whether something of the run has come that is not whole yet. */
  public boolean begun() {
    return bytes != null;
  }

  /** How long the run is to be: what has come stays. */
  public void want(int length) {
    wanted = length;
  }

  /**
   * What has come, which stays here; at least as long as was wanted once this returns something.
   */
  public @Nullable ByteBuf look(ByteBuf in) {
    ByteBuf here = bytes;
    if (here == null) {
      if (in.readableBytes() >= wanted) {
        return in;
      }
      here = allocator.directBuffer(Math.min(wanted, FIRST_BYTES), KafkaLimits.FRAME);
      bytes = here;
    }
    int size = Math.min(wanted - here.readableBytes(), in.readableBytes());
    if (size > 0) {
      here.writeBytes(in, size);
    }
    return here.readableBytes() >= wanted ? here : null;
  }

  /** Takes the run, after {@link #look} has returned something; the caller owns it. */
  public ByteBuf take(ByteBuf in) {
    ByteBuf here = bytes;
    if (here != null) {
      bytes = null;
      return here;
    }
    if (wanted > in.capacity() / MOST_WASTE) {
      return in.readRetainedSlice(wanted);
    }
    // Little of a large buffer: it may have to wait for long.
    return allocator.directBuffer(wanted).writeBytes(in, wanted);
  }

  /** Takes what has come of a run that is not whole; null: nothing. */
  public @Nullable ByteBuf takePart() {
    ByteBuf here = bytes;
    bytes = null;
    return here;
  }

  public long holds() {
    ByteBuf here = bytes;
    return here == null ? 0 : here.capacity();
  }

  public void discard() {
    ByteBuf here = bytes;
    if (here != null) {
      bytes = null;
      here.release();
    }
  }
}
