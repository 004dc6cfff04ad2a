package dev.drawbridge.bpf.abi;

import java.nio.ByteBuffer;

/**
 * {@code struct db_learned}, value of map {@code learned}.
 *
 * @param untilNanos from then on nothing new opens by it, by the kernel's clock ({@link
 *     System#nanoTime} on Linux)
 * @param usedNanos when it was last looked up for something new; 0: never
 * @param peer the number by which what is new is judged; 0: who has the address
 * @param again the number by which what was opened before is judged when rules change; 0: as it was
 */
public record Learned(long untilNanos, long usedNanos, int peer, int again) {
  /** Bytes in the kernel. */
  public static final int SIZE = 24;

  public byte[] encode() {
    return NativeOrder.bytes(
        NativeOrder.allocate(SIZE)
            .putLong(untilNanos)
            .putLong(usedNanos)
            .putInt(peer)
            .putInt(again));
  }

  public static Learned decode(byte[] bytes) {
    ByteBuffer in = NativeOrder.wrap(bytes, SIZE, "struct db_learned");
    long until = in.getLong();
    long used = in.getLong();
    int peer = in.getInt();
    return new Learned(until, used, peer, in.getInt());
  }
}
