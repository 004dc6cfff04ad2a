package dev.drawbridge.bpf.abi;

import java.nio.ByteBuffer;

/**
 * {@code struct db_range}: one line of a {@link Table}.
 *
 * @param protocol an IPPROTO number
 * @param low first port of the callee, inclusive; 0 for protocols without ports
 * @param high last port of the callee, inclusive; 0 for protocols without ports
 * @param verdict never AUDIT
 * @param rule number of the deciding rule, 0 for none
 * @param firm a denial of the host's own: no mode lets it pass
 */
public record Range(
    int protocol, int low, int high, KernelVerdict verdict, int rule, boolean firm) {
  /** Bytes in the kernel. */
  public static final int SIZE = 12;

  private static final int FIRM = 1;

  /** What audit mode lets pass, if it denies. */
  public Range(int protocol, int low, int high, KernelVerdict verdict, int rule) {
    this(protocol, low, high, verdict, rule, false);
  }

  public Range {
    NativeOrder.checkU8(protocol, "protocol");
    NativeOrder.checkPort(low);
    NativeOrder.checkPort(high);
    NativeOrder.checkNotNegative(rule, "rule");
    if (low > high) {
      throw new IllegalArgumentException("range ends before it begins: %d-%d".formatted(low, high));
    }
    if (verdict == KernelVerdict.AUDIT) {
      throw new IllegalArgumentException("AUDIT is a verdict of events, not of tables");
    }
  }

  void encode(ByteBuffer out) {
    out.put((byte) protocol).put((byte) verdict.number());
    out.putShort((short) low)
        .putShort((short) high)
        .putShort((short) (firm ? FIRM : 0))
        .putInt(rule);
  }

  static Range decode(ByteBuffer in) {
    int protocol = NativeOrder.u8(in);
    KernelVerdict verdict = NativeOrder.constant(KernelVerdict.class, NativeOrder.u8(in));
    int low = NativeOrder.u16(in);
    int high = NativeOrder.u16(in);
    boolean firm = (NativeOrder.u16(in) & FIRM) != 0;
    return new Range(protocol, low, high, verdict, in.getInt(), firm);
  }
}
