package dev.drawbridge.bpf.key;

import dev.drawbridge.bpf.abi.NativeOrder;
import java.net.InetAddress;
import java.nio.ByteBuffer;

/**
 * {@code struct db_resolver_key}, key of map {@code resolvers}: whom the container engine's
 * resolver asks from within a network namespace.
 *
 * @param netns the agent's number of the namespace
 */
public record ResolverKey(int netns, InetAddress address) {
  /** Bytes in the kernel. */
  public static final int SIZE = 20;

  public ResolverKey {
    NativeOrder.checkNotNegative(netns, "netns");
  }

  public byte[] encode() {
    ByteBuffer out = NativeOrder.allocate(SIZE).putInt(netns);
    NativeOrder.putAddress(out, address);
    return NativeOrder.bytes(out);
  }

  public static ResolverKey decode(byte[] bytes) {
    ByteBuffer in = NativeOrder.wrap(bytes, SIZE, "struct db_resolver_key");
    int netns = in.getInt();
    return new ResolverKey(netns, NativeOrder.address(in));
  }
}
