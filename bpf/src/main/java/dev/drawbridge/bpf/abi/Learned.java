package dev.drawbridge.bpf.abi;

import java.nio.ByteBuffer;

/**
 * {@code struct db_learned}, value of map {@code learned}.
 *
 * @param untilNanos from then on nothing new opens by it, by the kernel's clock ({@link
 *     System#nanoTime} on Linux)
 * @param usedNanos when it was last looked up for something new; 0: never
 * @param peer the number by which it is judged
 */
public record Learned(long untilNanos, long usedNanos, int peer) {
  /** Bytes in the kernel. */
  public static final int SIZE = 24;

  public byte[] encode() {
    return NativeOrder.bytes(
        NativeOrder.allocate(SIZE).putLong(untilNanos).putLong(usedNanos).putInt(peer).putInt(0));
  }

  public static Learned decode(byte[] bytes) {
    ByteBuffer in = NativeOrder.wrap(bytes, SIZE, "struct db_learned");
    long until = in.getLong();
    long used = in.getLong();
    return new Learned(until, used, in.getInt());
  }
}
