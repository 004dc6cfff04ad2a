package dev.drawbridge.bpf;

import dev.drawbridge.bpf.failure.Failures;
import dev.drawbridge.bpf.ffi.Fd;
import dev.drawbridge.bpf.ffi.LibBpf;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * What the kernel says of a map: {@code struct bpf_map_info}, linux/bpf.h, as far as we need it.
 */
record MapInfo(
    int type,
    int id,
    int keySize,
    int valueSize,
    int maxEntries,
    int flags,
    int btfId,
    int keyTypeId,
    int valueTypeId) {
  private static final int SIZE = 80;
  private static final int BTF_ID_OFFSET = 64;

  static MapInfo of(Fd fd, Object what) {
    byte[] bytes = new byte[SIZE];
    int _ = Failures.check(LibBpf.system().info(fd.raw(), bytes), "ask about map", what);
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
    return new MapInfo(
        in.getInt(),
        in.getInt(),
        in.getInt(),
        in.getInt(),
        in.getInt(),
        in.getInt(),
        in.getInt(BTF_ID_OFFSET),
        in.getInt(BTF_ID_OFFSET + 4),
        in.getInt(BTF_ID_OFFSET + 8));
  }
}
