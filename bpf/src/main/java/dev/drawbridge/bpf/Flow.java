package dev.drawbridge.bpf;

import java.nio.ByteBuffer;

/**
 * {@code struct db_flow}, value of map {@code flows}: who sent the packets of a flow. Only programs
 * write it; the agent reads it to explain.
 *
 * @param seenNanos monotonic clock (bpf_ktime_get_ns) at the last packet
 * @param sender endpoint, or the one the engine speaks for
 * @param callee with {@code engine}: endpoint the request was judged for; else 0
 * @param engine written for a socket of the engine
 * @param outsider written by the receiver for an admitted outsider's datagram
 */
public record Flow(long seenNanos, int sender, int callee, boolean engine, boolean outsider) {
  /** Bytes in the kernel. */
  public static final int SIZE = 24;

  private static final int ENGINE = 1;
  private static final int OUTSIDER = 1 << 1;

  public Flow {
    NativeOrder.checkNotNegative(sender, "sender");
    NativeOrder.checkNotNegative(callee, "callee");
  }

  public byte[] encode() {
    int flags = (engine ? ENGINE : 0) | (outsider ? OUTSIDER : 0);
    return NativeOrder.bytes(
        NativeOrder.allocate(SIZE).putLong(seenNanos).putInt(sender).putInt(callee).putInt(flags));
  }

  public static Flow decode(byte[] bytes) {
    ByteBuffer in = NativeOrder.wrap(bytes, SIZE, "struct db_flow");
    long seen = in.getLong();
    int sender = in.getInt();
    int callee = in.getInt();
    int flags = in.getInt();
    return new Flow(seen, sender, callee, (flags & ENGINE) != 0, (flags & OUTSIDER) != 0);
  }
}
