package dev.drawbridge.daemon.kernel;

import dev.drawbridge.policy.Cidr;
import dev.drawbridge.policy.Peers;
import java.net.InetAddress;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Whose an address is, as the kernel looks it up: the longest prefix decides. What a lookup needs
 * is made at the first one, for each change makes an index, and most containers know nothing by
 * name. Used under the lock of whoever has it.
 */
final class AddressIndex {
  static final AddressIndex NONE = of(Map.of());

  private final Map<Cidr, Integer> whose;

  /** Lengths of prefixes that there are, in bits of 128, the longest first. */
  private int @Nullable [] lengths;

  private AddressIndex(Map<Cidr, Integer> whose) {
    this.whose = whose;
  }

  /**
   * @param whose is not changed any more
   */
  static AddressIndex of(Map<Cidr, Integer> whose) {
    return new AddressIndex(whose);
  }

  private int[] lengths() {
    int[] known = lengths;
    if (known == null) {
      int[] ascending = whose.keySet().stream().mapToInt(Cidr::bits).distinct().sorted().toArray();
      known = new int[ascending.length];
      for (int i = 0; i < known.length; i++) {
        known[i] = ascending[known.length - 1 - i];
      }
      lengths = known;
    }
    return known;
  }

  int of(InetAddress address) {
    Cidr single = Cidr.single(address);
    for (int bits : lengths()) {
      Integer peer = whose.get(new Cidr(single.high(), single.low(), bits).masked());
      if (peer != null) {
        return peer;
      }
    }
    return Peers.WORLD;
  }
}
