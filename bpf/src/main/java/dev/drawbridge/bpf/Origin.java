package dev.drawbridge.bpf;

import java.net.InetAddress;
import java.nio.ByteBuffer;

/**
 * {@code struct db_origin}, value of map {@code origins}: where a connection that reached an engine
 * listener wanted to go.
 *
 * @param arrival taken by sk_lookup in the callee's namespace, not redirected at connect
 * @param caller endpoint, or one of the peers below 256
 * @param callee endpoint, or one of the peers below 256
 * @param generation policy generation that redirected it
 */
public record Origin(
    InetAddress destination, int port, boolean arrival, int caller, int callee, long generation) {
  /** Bytes in the kernel. */
  public static final int SIZE = 32;

  private static final int ARRIVAL = 1;

  public Origin {
    NativeOrder.checkPort(port);
    NativeOrder.checkU32(generation, "generation");
  }

  public byte[] encode() {
    ByteBuffer out = NativeOrder.allocate(SIZE);
    NativeOrder.putAddress(out, destination);
    out.putShort((short) port).putShort((short) (arrival ? ARRIVAL : 0));
    return NativeOrder.bytes(out.putInt(caller).putInt(callee).putInt((int) generation));
  }

  public static Origin decode(byte[] bytes) {
    ByteBuffer in = NativeOrder.wrap(bytes, SIZE, "struct db_origin");
    InetAddress destination = NativeOrder.address(in);
    int port = NativeOrder.u16(in);
    int flags = NativeOrder.u16(in);
    int caller = in.getInt();
    int callee = in.getInt();
    return new Origin(
        destination, port, (flags & ARRIVAL) != 0, caller, callee, NativeOrder.unsigned32(in));
  }
}
