package dev.drawbridge.bpf;

import java.nio.ByteBuffer;

/**
 * {@code struct db_endpoint}, value of map {@code endpoints}.
 *
 * @param closedEgress a rule selects this endpoint's outgoing direction: no rule, no traffic
 * @param closedIngress the same for the incoming direction
 * @param audit denials that are not the host's own are recorded, not enforced
 * @param off {@code drawbridge.mode=off}: its own rules are in no table
 * @param netns the agent's number of its network namespace, never 0
 * @param enginePort4 the engine's listener on 127.0.0.1 in that namespace, 0 for none
 * @param enginePort6 the engine's listener on ::1 in that namespace, 0 for none
 * @param shared another endpoint lives in that namespace and has the same addresses: loopback is
 *     judged there, and whose rules a caller meets is for arrival to say
 * @param firmEgress the host's policy alone denies something that goes out
 * @param firmIngress the host's policy alone denies something that comes in
 * @param names what it asks of resolvers goes through the engine
 * @param resolves which names it may ask for is judged: without an engine it asks nobody
 * @param settling it ran before it was attached, a moment ago: what rules deny it still passes
 */
public record Endpoint(
    boolean closedEgress,
    boolean closedIngress,
    boolean audit,
    boolean off,
    int netns,
    int enginePort4,
    int enginePort6,
    boolean shared,
    boolean firmEgress,
    boolean firmIngress,
    boolean names,
    boolean resolves,
    boolean settling) {
  /** Bytes in the kernel. */
  public static final int SIZE = 16;

  private static final int CLOSED_EGRESS = 1;
  private static final int CLOSED_INGRESS = 1 << 1;
  private static final int AUDIT = 1 << 2;
  private static final int OFF = 1 << 3;
  private static final int SHARED = 1 << 4;
  private static final int FIRM_EGRESS = 1 << 5;
  private static final int FIRM_INGRESS = 1 << 6;
  private static final int NAMES = 1 << 7;
  private static final int RESOLVES = 1 << 8;
  private static final int SETTLING = 1 << 9;

  /** One that has its namespace to itself. */
  public Endpoint(
      boolean closedEgress,
      boolean closedIngress,
      boolean audit,
      boolean off,
      int netns,
      int enginePort4,
      int enginePort6) {
    this(closedEgress, closedIngress, audit, off, netns, enginePort4, enginePort6, false);
  }

  /** One of whom the host's policy says nothing. */
  public Endpoint(
      boolean closedEgress,
      boolean closedIngress,
      boolean audit,
      boolean off,
      int netns,
      int enginePort4,
      int enginePort6,
      boolean shared) {
    this(
        closedEgress,
        closedIngress,
        audit,
        off,
        netns,
        enginePort4,
        enginePort6,
        shared,
        false,
        false,
        false,
        false,
        false);
  }

  public Endpoint {
    if (netns <= 0) {
      throw new IllegalArgumentException("netns number is never 0 or negative: " + netns);
    }
    NativeOrder.checkPort(enginePort4);
    NativeOrder.checkPort(enginePort6);
  }

  public byte[] encode() {
    int flags =
        (closedEgress ? CLOSED_EGRESS : 0)
            | (closedIngress ? CLOSED_INGRESS : 0)
            | (audit ? AUDIT : 0)
            | (off ? OFF : 0)
            | (shared ? SHARED : 0)
            | (firmEgress ? FIRM_EGRESS : 0)
            | (firmIngress ? FIRM_INGRESS : 0)
            | (names ? NAMES : 0)
            | (resolves ? RESOLVES : 0)
            | (settling ? SETTLING : 0);
    return NativeOrder.bytes(
        NativeOrder.allocate(SIZE)
            .putInt(flags)
            .putInt(netns)
            .putShort((short) enginePort4)
            .putShort((short) enginePort6));
  }

  public static Endpoint decode(byte[] bytes) {
    ByteBuffer in = NativeOrder.wrap(bytes, SIZE, "struct db_endpoint");
    int flags = in.getInt();
    int netns = in.getInt();
    int port4 = NativeOrder.u16(in);
    int port6 = NativeOrder.u16(in);
    return new Endpoint(
        (flags & CLOSED_EGRESS) != 0,
        (flags & CLOSED_INGRESS) != 0,
        (flags & AUDIT) != 0,
        (flags & OFF) != 0,
        netns,
        port4,
        port6,
        (flags & SHARED) != 0,
        (flags & FIRM_EGRESS) != 0,
        (flags & FIRM_INGRESS) != 0,
        (flags & NAMES) != 0,
        (flags & RESOLVES) != 0,
        (flags & SETTLING) != 0);
  }
}
