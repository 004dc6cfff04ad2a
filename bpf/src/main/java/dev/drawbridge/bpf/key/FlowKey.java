package dev.drawbridge.bpf.key;

import dev.drawbridge.bpf.abi.NativeOrder;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;

/**
 * {@code struct db_flow_key}, key of map {@code flows}: the tuple as the packet carries it.
 *
 * @param protocol an IPPROTO number
 */
public record FlowKey(
    InetAddress source,
    int sourcePort,
    InetAddress destination,
    int destinationPort,
    int protocol) {
  /** Bytes in the kernel. */
  public static final int SIZE = 40;

  public FlowKey {
    NativeOrder.checkPort(sourcePort);
    NativeOrder.checkPort(destinationPort);
    NativeOrder.checkU8(protocol, "protocol");
  }

  /** The key of a flow between two resolved socket addresses. */
  public static FlowKey of(InetSocketAddress source, InetSocketAddress destination, int protocol) {
    return new FlowKey(
        source.getAddress(),
        source.getPort(),
        destination.getAddress(),
        destination.getPort(),
        protocol);
  }

  public byte[] encode() {
    ByteBuffer out = NativeOrder.allocate(SIZE);
    NativeOrder.putAddress(out, source);
    NativeOrder.putAddress(out, destination);
    out.putShort((short) sourcePort).putShort((short) destinationPort).put((byte) protocol);
    return NativeOrder.bytes(out);
  }

  public static FlowKey decode(byte[] bytes) {
    ByteBuffer in = NativeOrder.wrap(bytes, SIZE, "struct db_flow_key");
    InetAddress source = NativeOrder.address(in);
    InetAddress destination = NativeOrder.address(in);
    int sourcePort = NativeOrder.u16(in);
    int destinationPort = NativeOrder.u16(in);
    return new FlowKey(source, sourcePort, destination, destinationPort, NativeOrder.u8(in));
  }
}
