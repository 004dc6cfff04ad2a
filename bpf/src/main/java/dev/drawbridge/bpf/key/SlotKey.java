package dev.drawbridge.bpf.key;

import dev.drawbridge.bpf.abi.NativeOrder;
import java.nio.ByteBuffer;

/**
 * {@code struct db_slot_key}: which of the listeners for datagrams of a namespace.
 *
 * @param netns the agent's number of the namespace
 * @param slot below {@link #SLOTS}
 */
public record SlotKey(int netns, int slot, boolean version6) {
  /** Bytes in the kernel. */
  public static final int SIZE = 8;

  /** DB_SLOTS: places that one namespace asks at a time, of a family. */
  public static final int SLOTS = 4;

  public SlotKey {
    NativeOrder.checkNotNegative(netns, "netns");
    int _ = NativeOrder.checkRange(slot, SLOTS - 1, "slot");
  }

  public byte[] encode() {
    return NativeOrder.bytes(
        NativeOrder.allocate(SIZE).putInt(netns).putInt(slot << 1 | (version6 ? 1 : 0)));
  }

  public static SlotKey decode(byte[] bytes) {
    ByteBuffer in = NativeOrder.wrap(bytes, SIZE, "struct db_slot_key");
    int netns = in.getInt();
    int slot = in.getInt();
    return new SlotKey(netns, slot >> 1, (slot & 1) != 0);
  }
}
