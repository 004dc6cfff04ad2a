package dev.drawbridge.bpf.key;

import dev.drawbridge.bpf.abi.NativeOrder;

/**
 * {@code struct db_neighbour}, key of map {@code neighbours}: two network namespaces by the agent's
 * numbers; the value is the id by which the first knows the other.
 */
public record NeighbourKey(int netns, int other) {
  /** Bytes in the kernel. */
  public static final int SIZE = 8;

  public NeighbourKey {
    NativeOrder.checkNotNegative(netns, "netns");
    NativeOrder.checkNotNegative(other, "netns");
  }

  public byte[] encode() {
    return NativeOrder.bytes(NativeOrder.allocate(SIZE).putInt(netns).putInt(other));
  }
}
