package dev.drawbridge.daemon.kernel;

import dev.drawbridge.policy.Cidr;
import dev.drawbridge.policy.Peers;
import java.net.InetAddress;
import java.util.Map;

/** Whose an address is, as the kernel looks it up: the longest prefix decides. Immutable. */
final class AddressIndex {
  static final AddressIndex NONE = of(Map.of());

  private final Map<Cidr, Integer> whose;

  /** Lengths of prefixes that there are, in bits of 128, the longest first. */
  private final int[] lengths;

  private AddressIndex(Map<Cidr, Integer> whose, int[] lengths) {
    this.whose = whose;
    this.lengths = lengths;
  }

  /**
   * @param whose is not changed any more
   */
  static AddressIndex of(Map<Cidr, Integer> whose) {
    int[] ascending = whose.keySet().stream().mapToInt(Cidr::bits).distinct().sorted().toArray();
    int[] lengths = new int[ascending.length];
    for (int i = 0; i < lengths.length; i++) {
      lengths[i] = ascending[lengths.length - 1 - i];
    }
    return new AddressIndex(whose, lengths);
  }

  int of(InetAddress address) {
    Cidr single = Cidr.single(address);
    for (int bits : lengths) {
      Integer peer = whose.get(new Cidr(single.high(), single.low(), bits).masked());
      if (peer != null) {
        return peer;
      }
    }
    return Peers.WORLD;
  }
}
