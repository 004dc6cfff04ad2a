package dev.drawbridge.bpf.key;

import dev.drawbridge.bpf.abi.NativeOrder;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;

/**
 * {@code struct db_address_key}, key of the map of addresses (longest prefix wins); the value is
 * the peer's {@code __u32} number.
 *
 * @param prefixBits 0..128 over the 16 unified bytes; an IPv4 prefix of n bits is 96 + n here
 */
public record AddressKey(int prefixBits, InetAddress address) {
  /** Bytes in the kernel. */
  public static final int SIZE = 20;

  public AddressKey {
    NativeOrder.checkRange(prefixBits, 128, "prefix bits");
    byte[] bytes = NativeOrder.address(address);
    for (int bit = prefixBits; bit < 128; bit++) {
      if ((bytes[bit >> 3] & (0x80 >> (bit & 7))) != 0) {
        throw new IllegalArgumentException(
            "%s has bits set after its prefix of %d bits".formatted(address, prefixBits));
      }
    }
  }

  /** The key of one single address. */
  public static AddressKey exactly(InetAddress address) {
    return new AddressKey(128, address);
  }

  /**
   * The key of a CIDR block.
   *
   * @param familyPrefixBits as the user wrote it: 0..32 for IPv4, 0..128 for IPv6
   */
  public static AddressKey block(InetAddress network, int familyPrefixBits) {
    boolean ipv4 = network instanceof Inet4Address;
    NativeOrder.checkRange(familyPrefixBits, ipv4 ? 32 : 128, "prefix bits");
    return new AddressKey(ipv4 ? 96 + familyPrefixBits : familyPrefixBits, network);
  }

  public byte[] encode() {
    ByteBuffer out = NativeOrder.allocate(SIZE).putInt(prefixBits);
    NativeOrder.putAddress(out, address);
    return NativeOrder.bytes(out);
  }

  public static AddressKey decode(byte[] bytes) {
    ByteBuffer in = NativeOrder.wrap(bytes, SIZE, "struct db_address_key");
    int prefixBits = in.getInt();
    return new AddressKey(prefixBits, NativeOrder.address(in));
  }
}
