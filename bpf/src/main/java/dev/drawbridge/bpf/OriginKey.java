package dev.drawbridge.bpf;

import java.net.InetAddress;
import java.nio.ByteBuffer;

/**
 * {@code struct db_origin_key}, key of map {@code origins}: an accepted socket as the engine sees
 * it.
 *
 * @param netns number of the namespace the listener is in
 * @param peer the accepted socket's remote address
 */
public record OriginKey(int netns, InetAddress peer, int peerPort, int localPort) {
  /** Bytes in the kernel. */
  public static final int SIZE = 24;

  public OriginKey {
    NativeOrder.checkNotNegative(netns, "netns");
    NativeOrder.checkPort(peerPort);
    NativeOrder.checkPort(localPort);
  }

  public byte[] encode() {
    ByteBuffer out = NativeOrder.allocate(SIZE).putInt(netns);
    out.putShort((short) peerPort).putShort((short) localPort);
    NativeOrder.putAddress(out, peer);
    return NativeOrder.bytes(out);
  }

  public static OriginKey decode(byte[] bytes) {
    ByteBuffer in = NativeOrder.wrap(bytes, SIZE, "struct db_origin_key");
    int netns = in.getInt();
    int peerPort = NativeOrder.u16(in);
    int localPort = NativeOrder.u16(in);
    return new OriginKey(netns, NativeOrder.address(in), peerPort, localPort);
  }
}
