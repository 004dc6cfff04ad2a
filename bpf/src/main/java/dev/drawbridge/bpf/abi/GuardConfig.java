package dev.drawbridge.bpf.abi;

import java.nio.ByteBuffer;

/**
 * {@code struct db_guard}, the one value of map {@code guard} (key {@code __u32} 0): what the
 * programs at a parent of containers do with a cgroup they do not know.
 *
 * @param deny it is denied; else it passes, unrecorded
 */
public record GuardConfig(boolean deny) {
  /** Bytes in the kernel. */
  public static final int SIZE = 8;

  private static final int DENY = 1;

  public byte[] encode() {
    return NativeOrder.bytes(NativeOrder.allocate(SIZE).putInt(deny ? DENY : 0));
  }

  public static GuardConfig decode(byte[] bytes) {
    ByteBuffer in = NativeOrder.wrap(bytes, SIZE, "struct db_guard");
    return new GuardConfig((in.getInt() & DENY) != 0);
  }
}
