package dev.drawbridge.l7.relay;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import org.jspecify.annotations.Nullable;

/** Input that has to wait. */
public final class HeldInput {
  /** A buffer that waits is at most so many times as large as what is in it. */
  public static final int MOST_WASTE = 4;

  private HeldInput() {}

  /** Both, one after the other; takes both over. */
  public static ByteBuf append(@Nullable ByteBuf before, ByteBuf in, ByteBufAllocator allocator) {
    if (before == null) {
      if (in.readableBytes() > in.capacity() / MOST_WASTE) {
        return in;
      }
      // Little of a large buffer: it may have to wait for long.
      ByteBuf small = allocator.directBuffer(in.readableBytes()).writeBytes(in);
      in.release();
      return small;
    }
    ByteBuf all = before;
    int size = in.readableBytes();
    if (before.refCnt() > 1 || before.writableBytes() < size) {
      // Parts of it may be on their way out: it must not move.
      all = allocator.directBuffer(2 * (before.readableBytes() + size));
      all.writeBytes(before);
      before.release();
    }
    all.writeBytes(in);
    in.release();
    return all;
  }

  /** Gives back what waits, if something does. Always null, for the field that held it. */
  public static @Nullable ByteBuf discarded(@Nullable ByteBuf held) {
    if (held != null) {
      held.release();
    }
    return null;
  }
}
