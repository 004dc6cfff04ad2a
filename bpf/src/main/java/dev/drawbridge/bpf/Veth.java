package dev.drawbridge.bpf;

import java.nio.ByteBuffer;

/**
 * {@code struct db_veth}, value of map {@code veths} (key {@code __u32}: the interface's index in
 * the host's namespace): whose veth's host end an interface is.
 *
 * @param netns the agent's number of the network namespace at the other end
 * @param resolver the container engine's DNS server works in that namespace: what goes to port 53
 *     passes, whoever sent it
 * @param frames processes in that namespace can make packets without a socket: sources and ARP are
 *     looked at too
 */
public record Veth(int netns, boolean resolver, boolean frames) {
  /** Bytes in the kernel. */
  public static final int SIZE = 8;

  private static final int RESOLVER = 1;
  private static final int FRAMES = 2;

  public Veth {
    NativeOrder.checkNotNegative(netns, "netns");
  }

  public byte[] encode() {
    return NativeOrder.bytes(
        NativeOrder.allocate(SIZE)
            .putInt(netns)
            .putInt((resolver ? RESOLVER : 0) | (frames ? FRAMES : 0)));
  }

  public static Veth decode(byte[] bytes) {
    ByteBuffer in = NativeOrder.wrap(bytes, SIZE, "struct db_veth");
    int netns = in.getInt();
    int flags = in.getInt();
    return new Veth(netns, (flags & RESOLVER) != 0, (flags & FRAMES) != 0);
  }
}
