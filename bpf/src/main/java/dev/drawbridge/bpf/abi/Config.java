package dev.drawbridge.bpf.abi;

import java.nio.ByteBuffer;

/**
 * {@code struct db_config}, the one value of map {@code config} (key {@code __u32} 0).
 *
 * @param generation current policy generation; 0 means none was applied yet, and denies
 */
public record Config(long generation, int flags) {
  /** Bytes in the kernel. */
  public static final int SIZE = 8;

  public Config {
    NativeOrder.checkU32(generation, "generation");
  }

  public byte[] encode() {
    return NativeOrder.bytes(NativeOrder.allocate(SIZE).putInt((int) generation).putInt(flags));
  }

  public static Config decode(byte[] bytes) {
    ByteBuffer in = NativeOrder.wrap(bytes, SIZE, "struct db_config");
    long generation = NativeOrder.unsigned32(in);
    return new Config(generation, in.getInt());
  }
}
