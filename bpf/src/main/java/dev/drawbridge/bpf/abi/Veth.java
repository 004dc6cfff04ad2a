package dev.drawbridge.bpf.abi;

import java.nio.ByteBuffer;

/**
 * {@code struct db_veth}, value of map {@code veths} (key {@code __u32}: the interface's index in
 * the host's namespace): whose veth's host end an interface is. What the programs keep there for
 * themselves is written as zeros.
 *
 * @param netns the agent's number of the network namespace at the other end
 * @param mac of the interface at the other end, its six bytes as one number; 0 if it is not known,
 *     and not looked at
 * @param owner the endpoint there that answers for addresses of the link, 0 for none
 */
public record Veth(int netns, long mac, int owner) {
  /** Bytes in the kernel. */
  public static final int SIZE = 64;

  private static final int OWNER = 60;

  private static final int MAC = 6;

  public Veth {
    NativeOrder.checkNotNegative(netns, "netns");
    NativeOrder.checkNotNegative(owner, "owner");
    if (mac >>> 48 != 0) {
      throw new IllegalArgumentException("not a MAC: " + Long.toHexString(mac));
    }
  }

  public byte[] encode() {
    ByteBuffer out = NativeOrder.allocate(SIZE).putInt(netns);
    for (int at = MAC - 1; at >= 0; at--) {
      out.put((byte) (mac >>> (8 * at)));
    }
    return NativeOrder.bytes(out.putInt(OWNER, owner));
  }

  public static Veth decode(byte[] bytes) {
    ByteBuffer in = NativeOrder.wrap(bytes, SIZE, "struct db_veth");
    int netns = in.getInt();
    return new Veth(netns, mac(in), in.getInt(OWNER));
  }

  /** The six bytes from the position on. */
  public static long mac(ByteBuffer in) {
    long mac = 0;
    for (int at = 0; at < MAC; at++) {
      mac = (mac << 8) | (in.get() & 0xff);
    }
    return mac;
  }
}
