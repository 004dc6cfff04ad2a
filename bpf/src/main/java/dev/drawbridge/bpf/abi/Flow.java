package dev.drawbridge.bpf.abi;

import java.nio.ByteBuffer;

/**
 * {@code struct db_flow}, value of map {@code flows}: who sent the packets of a flow. Only programs
 * write it; the agent reads it to explain.
 *
 * @param seenNanos monotonic clock (bpf_ktime_get_coarse_ns) at the last packet, at most 10 s late
 * @param sender endpoint, or the one the engine speaks for
 * @param callee whom the sender took the destination to be; with {@code engine}: whom the request
 *     was judged for
 * @param engine written for a socket of the engine
 * @param outsider written by the receiver for an admitted outsider's datagram
 * @param generation policy generation by which the sender's side judged it last
 * @param admittedBy endpoint that let its datagrams in, 0 for none yet
 * @param admittedGeneration policy generation by which it did
 * @param place its entry in map {@code flow_places}, from 1
 */
public record Flow(
    long seenNanos,
    int sender,
    int callee,
    boolean engine,
    boolean outsider,
    long generation,
    int admittedBy,
    long admittedGeneration,
    int place) {
  /** Bytes in the kernel. */
  public static final int SIZE = 40;

  private static final int ENGINE = 1;
  private static final int OUTSIDER = 1 << 1;

  public Flow {
    NativeOrder.checkU32(generation, "generation");
    NativeOrder.checkNotNegative(admittedBy, "admitting endpoint");
    NativeOrder.checkU32(admittedGeneration, "generation of admission");
  }

  public byte[] encode() {
    int flags = (engine ? ENGINE : 0) | (outsider ? OUTSIDER : 0);
    return NativeOrder.bytes(
        NativeOrder.allocate(SIZE)
            .putLong(seenNanos)
            .putInt(sender)
            .putInt(callee)
            .putInt(flags)
            .putInt((int) generation)
            .putInt(admittedBy)
            .putInt((int) admittedGeneration)
            .putInt(place)
            .putInt(0));
  }

  public static Flow decode(byte[] bytes) {
    ByteBuffer in = NativeOrder.wrap(bytes, SIZE, "struct db_flow");
    long seen = in.getLong();
    int sender = in.getInt();
    int callee = in.getInt();
    int flags = in.getInt();
    long generation = NativeOrder.unsigned32(in);
    int admittedBy = in.getInt();
    long admittedGeneration = NativeOrder.unsigned32(in);
    return new Flow(
        seen,
        sender,
        callee,
        (flags & ENGINE) != 0,
        (flags & OUTSIDER) != 0,
        generation,
        admittedBy,
        admittedGeneration,
        in.getInt());
  }
}
