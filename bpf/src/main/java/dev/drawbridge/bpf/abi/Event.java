package dev.drawbridge.bpf.abi;

import java.net.InetAddress;
import java.nio.ByteBuffer;

/**
 * {@code struct db_event}: one decision of the kernel.
 *
 * @param timeNanos monotonic clock (bpf_ktime_get_ns)
 * @param owner endpoint whose hook decided
 * @param peer the other side, endpoint or peer below 256
 * @param rule deciding rule's number, 0 for none
 * @param generation policy generation it was judged by
 * @param reason a code of {@code reasons.h}
 * @param direction from the owner's point of view
 * @param protocol an IPPROTO number
 * @param side whose rules denied; NONE unless denied or audited
 * @param line of the programs that decided
 */
public record Event(
    long timeNanos,
    int owner,
    int peer,
    int rule,
    long generation,
    int reason,
    KernelVerdict verdict,
    KernelDirection direction,
    int protocol,
    KernelHook hook,
    Side side,
    InetAddress source,
    int sourcePort,
    InetAddress destination,
    int destinationPort,
    SourceLine line) {
  /** Bytes in the kernel. */
  public static final int SIZE = 72;

  /** {@code DB_SIDE_*}. */
  public enum Side implements KernelNumber {
    NONE(0),
    /** The caller's egress rules. */
    CALLER(1),
    /** The callee's ingress rules. */
    CALLEE(2);

    private final int number;

    Side(int number) {
      this.number = number;
    }

    @Override
    public int number() {
      return number;
    }
  }

  public Event {
    NativeOrder.checkNotNegative(rule, "rule");
    NativeOrder.checkU32(generation, "generation");
    NativeOrder.checkRange(reason, 0xffff, "reason");
    NativeOrder.checkU8(protocol, "protocol");
    NativeOrder.checkPort(sourcePort);
    NativeOrder.checkPort(destinationPort);
  }

  public byte[] encode() {
    ByteBuffer out = NativeOrder.allocate(SIZE).putLong(timeNanos);
    out.putInt(owner).putInt(peer).putInt(rule).putInt((int) generation);
    out.putShort((short) reason).put((byte) verdict.number()).put((byte) direction.number());
    out.put((byte) protocol).put((byte) hook.number());
    out.putShort((short) sourcePort).putShort((short) destinationPort);
    out.put((byte) side.number()).put((byte) line.file());
    NativeOrder.putAddress(out, source);
    NativeOrder.putAddress(out, destination);
    out.putShort((short) line.line());
    return NativeOrder.bytes(out);
  }

  public static Event decode(byte[] bytes) {
    ByteBuffer in = NativeOrder.wrap(bytes, SIZE, "struct db_event");
    long time = in.getLong();
    int owner = in.getInt();
    int peer = in.getInt();
    int rule = in.getInt();
    long generation = NativeOrder.unsigned32(in);
    int reason = NativeOrder.u16(in);
    KernelVerdict verdict = NativeOrder.constant(KernelVerdict.class, NativeOrder.u8(in));
    KernelDirection direction = NativeOrder.constant(KernelDirection.class, NativeOrder.u8(in));
    int protocol = NativeOrder.u8(in);
    KernelHook hook = NativeOrder.constant(KernelHook.class, NativeOrder.u8(in));
    int sourcePort = NativeOrder.u16(in);
    int destinationPort = NativeOrder.u16(in);
    Side side = NativeOrder.constant(Side.class, NativeOrder.u8(in));
    int file = NativeOrder.u8(in);
    InetAddress source = NativeOrder.address(in);
    InetAddress destination = NativeOrder.address(in);
    int line = NativeOrder.u16(in);
    return new Event(
        time,
        owner,
        peer,
        rule,
        generation,
        reason,
        verdict,
        direction,
        protocol,
        hook,
        side,
        source,
        sourcePort,
        destination,
        destinationPort,
        file == 0 ? SourceLine.NONE : new SourceLine(file, line));
  }
}
