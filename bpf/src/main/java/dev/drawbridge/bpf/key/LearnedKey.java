package dev.drawbridge.bpf.key;

import dev.drawbridge.bpf.abi.NativeOrder;
import java.net.InetAddress;
import java.nio.ByteBuffer;

/**
 * {@code struct db_learned_key}, key of map {@code learned}.
 *
 * @param owner the endpoint that asked for a name
 * @param address in the answer
 */
public record LearnedKey(int owner, InetAddress address) {
  /** Bytes in the kernel. */
  public static final int SIZE = 20;

  public byte[] encode() {
    ByteBuffer out = NativeOrder.allocate(SIZE).putInt(owner);
    NativeOrder.putAddress(out, address);
    return NativeOrder.bytes(out);
  }

  public static LearnedKey decode(byte[] bytes) {
    ByteBuffer in = NativeOrder.wrap(bytes, SIZE, "struct db_learned_key");
    int owner = in.getInt();
    return new LearnedKey(owner, NativeOrder.address(in));
  }
}
