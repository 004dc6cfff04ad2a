package dev.drawbridge.bpf.key;

import dev.drawbridge.bpf.abi.NativeOrder;
import java.net.InetAddress;
import java.nio.ByteBuffer;

/**
 * {@code struct db_source_key}, key of map {@code sources} (longest prefix wins): where a network
 * namespace's packets go; the value is its own address on the way there, as 16 bytes.
 *
 * @param netns the agent's number of the namespace
 */
public record SourceKey(int netns, AddressKey destination) {
  /** Bytes in the kernel. */
  public static final int SIZE = 24;

  private static final int NETNS_BITS = 32;

  public SourceKey {
    NativeOrder.checkNotNegative(netns, "netns");
  }

  public byte[] encode() {
    ByteBuffer out =
        NativeOrder.allocate(SIZE).putInt(NETNS_BITS + destination.prefixBits()).putInt(netns);
    NativeOrder.putAddress(out, destination.address());
    return NativeOrder.bytes(out);
  }

  public static SourceKey decode(byte[] bytes) {
    ByteBuffer in = NativeOrder.wrap(bytes, SIZE, "struct db_source_key");
    int prefixBits = in.getInt() - NETNS_BITS;
    int netns = in.getInt();
    return new SourceKey(netns, new AddressKey(prefixBits, NativeOrder.address(in)));
  }

  /** The value: an address as the kernel side has all of them. */
  public static byte[] value(InetAddress own) {
    return NativeOrder.address(own);
  }
}
