package dev.drawbridge.bpf.abi;

import java.nio.ByteBuffer;

/**
 * {@code struct db_pair}, key of map {@code pairs}: which port table judges this side. The value is
 * the table's {@code __u32} number.
 *
 * @param owner endpoint whose rule it is
 * @param peer endpoint, network, or one of the peers below 256; 0 stands for every peer without an
 *     entry of its own
 * @param direction from the owner's point of view
 */
public record Pair(int owner, int peer, KernelDirection direction) {
  /** Bytes in the kernel. */
  public static final int SIZE = 12;

  public Pair {
    NativeOrder.checkNotNegative(owner, "owner");
  }

  public byte[] encode() {
    return NativeOrder.bytes(
        NativeOrder.allocate(SIZE).putInt(owner).putInt(peer).putInt(direction.number()));
  }

  public static Pair decode(byte[] bytes) {
    ByteBuffer in = NativeOrder.wrap(bytes, SIZE, "struct db_pair");
    int owner = in.getInt();
    int peer = in.getInt();
    int direction = NativeOrder.checkNotNegative(in.getInt(), "direction");
    return new Pair(owner, peer, NativeOrder.constant(KernelDirection.class, direction));
  }
}
