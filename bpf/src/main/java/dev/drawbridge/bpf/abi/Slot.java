package dev.drawbridge.bpf.abi;

import java.net.InetAddress;
import java.nio.ByteBuffer;

/**
 * {@code struct db_slot}, value of map {@code slots}: where what arrives at a listener was sent.
 *
 * @param seenNanos when the last was, by the kernel's clock
 * @param owner the endpoint that sends
 * @param callee whom it took the destination to be
 * @param port of the destination
 * @param listener the listener's own port
 */
public record Slot(
    long seenNanos, int owner, int callee, int port, int listener, InetAddress destination) {
  /** Bytes in the kernel. */
  public static final int SIZE = 40;

  public byte[] encode() {
    ByteBuffer out =
        NativeOrder.allocate(SIZE).putLong(seenNanos).putInt(owner).putInt(callee).putInt(0);
    out.putShort((short) port).putShort((short) listener);
    NativeOrder.putAddress(out, destination);
    return NativeOrder.bytes(out);
  }

  public static Slot decode(byte[] bytes) {
    ByteBuffer in = NativeOrder.wrap(bytes, SIZE, "struct db_slot");
    long seen = in.getLong();
    int owner = in.getInt();
    int callee = in.getInt();
    int _ = in.getInt();
    int port = NativeOrder.u16(in);
    int listener = NativeOrder.u16(in);
    return new Slot(seen, owner, callee, port, listener, NativeOrder.address(in));
  }
}
