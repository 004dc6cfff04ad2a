package dev.drawbridge.bpf.abi;

import java.net.InetAddress;
import java.nio.ByteBuffer;

/**
 * {@code struct db_socket}, value of map {@code sockets}: what is known of a socket. The agent's
 * key is a file descriptor; the entry lives and dies with the socket.
 *
 * @param generation policy generation it was judged by; 0 for never
 * @param protocol an IPPROTO number
 * @param redirected connect() was rewritten to the engine's listener
 * @param fromEngine a server's socket whose client is the engine: the request was judged
 * @param answers datagrams were admitted to it: what it sends may be answers, judged one by one
 * @param arrived accepted by the engine: taken by sk_lookup in the callee's namespace
 * @param owner endpoint it belongs to, or that the engine speaks for, or that called the engine
 * @param peer the other side
 * @param port the callee's port
 * @param peerPort UDP: the peer's port of the cached judgement
 * @param address the peer's address as the application gave it; accepted: the connection's
 *     destination
 */
public record SocketState(
    long generation,
    Role role,
    KernelVerdict verdict,
    int protocol,
    boolean redirected,
    boolean fromEngine,
    boolean answers,
    boolean arrived,
    int owner,
    int peer,
    int port,
    int peerPort,
    InetAddress address) {
  /** Bytes in the kernel. */
  public static final int SIZE = 36;

  private static final int REDIRECTED = 1;
  private static final int FROM_ENGINE = 1 << 1;
  private static final int ANSWERS = 1 << 2;
  private static final int ARRIVED = 1 << 4;
  private static final int TCP = 6;
  private static final InetAddress UNSPECIFIED = NativeOrder.asAddress(new byte[16]);

  /** {@code enum db_role}. */
  public enum Role implements KernelNumber {
    NONE(0),
    CLIENT(1),
    SERVER(2),
    ENGINE(3),
    ACCEPTED(4),
    LISTENER(5);

    private final int number;

    Role(int number) {
      this.number = number;
    }

    @Override
    public int number() {
      return number;
    }
  }

  public SocketState {
    NativeOrder.checkU32(generation, "generation");
    NativeOrder.checkU8(protocol, "protocol");
    NativeOrder.checkPort(port);
    NativeOrder.checkPort(peerPort);
  }

  /**
   * A TCP socket of the engine, to be stored before it connects: it speaks for {@code caller} and
   * its request was judged for {@code callee} at {@code port}.
   */
  public static SocketState engine(long generation, int caller, int callee, int port) {
    return new SocketState(
        generation,
        Role.ENGINE,
        KernelVerdict.ALLOW,
        TCP,
        false,
        false,
        false,
        false,
        caller,
        callee,
        port,
        0,
        UNSPECIFIED);
  }

  public byte[] encode() {
    int flags =
        (redirected ? REDIRECTED : 0)
            | (fromEngine ? FROM_ENGINE : 0)
            | (answers ? ANSWERS : 0)
            | (arrived ? ARRIVED : 0);
    ByteBuffer out = NativeOrder.allocate(SIZE).putInt((int) generation);
    out.put((byte) role.number()).put((byte) verdict.number());
    out.put((byte) protocol).put((byte) flags);
    out.putInt(owner).putInt(peer).putShort((short) port).putShort((short) peerPort);
    NativeOrder.putAddress(out, address);
    return NativeOrder.bytes(out);
  }

  public static SocketState decode(byte[] bytes) {
    ByteBuffer in = NativeOrder.wrap(bytes, SIZE, "struct db_socket");
    long generation = NativeOrder.unsigned32(in);
    Role role = NativeOrder.constant(Role.class, NativeOrder.u8(in));
    KernelVerdict verdict = NativeOrder.constant(KernelVerdict.class, NativeOrder.u8(in));
    int protocol = NativeOrder.u8(in);
    int flags = NativeOrder.u8(in);
    int owner = in.getInt();
    int peer = in.getInt();
    int port = NativeOrder.u16(in);
    int peerPort = NativeOrder.u16(in);
    return new SocketState(
        generation,
        role,
        verdict,
        protocol,
        (flags & REDIRECTED) != 0,
        (flags & FROM_ENGINE) != 0,
        (flags & ANSWERS) != 0,
        (flags & ARRIVED) != 0,
        owner,
        peer,
        port,
        peerPort,
        NativeOrder.address(in));
  }
}
