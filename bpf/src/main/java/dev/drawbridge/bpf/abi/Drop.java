package dev.drawbridge.bpf.abi;

import java.nio.ByteBuffer;

/**
 * {@code struct db_drop}: what refusals are counted by.
 *
 * @param reason a code of {@code reasons.h}; 0 where a socket's earlier refusal, which was
 *     recorded, holds on
 * @param hook the program's
 * @param line where it was refused
 */
public record Drop(int reason, KernelHook hook, SourceLine line) {
  /** Bytes in the kernel. */
  public static final int SIZE = 8;

  /**
   * A key.
   *
   * @throws IllegalArgumentException if the reason does not fit sixteen bits
   */
  public Drop {
    NativeOrder.checkRange(reason, 0xffff, "reason");
  }

  /** As the kernel has it. */
  public byte[] encode() {
    ByteBuffer out = NativeOrder.allocate(SIZE).putShort((short) reason).put((byte) hook.number());
    return NativeOrder.bytes(out.put((byte) line.file()).putShort((short) line.line()));
  }

  /**
   * Reads one.
   *
   * @throws IllegalArgumentException if the bytes are none
   */
  public static Drop decode(byte[] bytes) {
    ByteBuffer in = NativeOrder.wrap(bytes, SIZE, "struct db_drop");
    int reason = NativeOrder.u16(in);
    KernelHook hook = KernelHook.of(NativeOrder.u8(in));
    int file = NativeOrder.u8(in);
    return new Drop(reason, hook, new SourceLine(file, NativeOrder.u16(in)));
  }
}
