package dev.drawbridge.bpf.linux;

import dev.drawbridge.bpf.abi.NativeOrder;
import dev.drawbridge.bpf.failure.Failures;
import dev.drawbridge.bpf.ffi.Errno;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * One conversation with NETLINK_SOCK_DIAG (sock_diag(7)) about the sockets of the namespace that
 * the opening thread is in. Not thread-safe; it stays with its namespace wherever its thread goes.
 */
final class SocketDump implements AutoCloseable {
  private static final int NETLINK_SOCK_DIAG = 4;
  private static final int SOCK_DIAG_BY_FAMILY = 20;
  private static final int SOCK_DESTROY = 21;
  private static final int REQUEST = 56; // struct inet_diag_req_v2
  private static final int MESSAGE = 72; // struct inet_diag_msg
  private static final int ADDRESS = 16;
  private static final int INET_DIAG_CGROUP_ID = 21;
  private static final int ALL_STATES = -1;
  private static final int LISTEN = 1 << 10; // TCP_LISTEN of net/tcp_states.h
  private static final int AF_INET = 2;
  private static final int AF_INET6 = 10;

  private final Netlink netlink = new Netlink(NETLINK_SOCK_DIAG, "sock_diag socket");

  /** Every TCP and UDP socket of both families. */
  List<OpenSocket> all() {
    List<OpenSocket> found = new ArrayList<>();
    for (OpenSocket.Protocol protocol : OpenSocket.Protocol.values()) {
      for (int family : new int[] {AF_INET, AF_INET6}) {
        ByteBuffer request = request(SOCK_DIAG_BY_FAMILY, Netlink.DUMP, family, protocol);
        int result =
            netlink.ask(request, message -> decode(message, protocol).ifPresent(found::add));
        // ENOENT: this kernel was built without the protocol's part, so nobody can look.
        int _ =
            Failures.check(
                result == -Errno.ENOENT && family == AF_INET6 ? 0 : result, "list", what(protocol));
      }
    }
    return found;
  }

  /** Whether a TCP listener of either family is one of those. None is kept: there may be many. */
  boolean listens(Predicate<OpenSocket> wanted) {
    OpenSocket.Protocol tcp = OpenSocket.Protocol.TCP;
    boolean[] found = {false};
    for (int family : new int[] {AF_INET, AF_INET6}) {
      ByteBuffer request = request(SOCK_DIAG_BY_FAMILY, Netlink.DUMP, family, tcp, LISTEN);
      int result =
          netlink.askUntil(
              request,
              message -> {
                found[0] = decode(message, tcp).filter(wanted).isPresent();
                return found[0];
              });
      int _ =
          Failures.check(
              result == -Errno.ENOENT && family == AF_INET6 ? 0 : result, "list", what(tcp));
      if (found[0]) {
        return true;
      }
    }
    return false;
  }

  private static String what(OpenSocket.Protocol protocol) {
    return "the " + protocol + " sockets of a network namespace";
  }

  /** False if it is gone. */
  boolean destroy(OpenSocket socket) {
    int family = socket.ipv6() ? AF_INET6 : AF_INET;
    ByteBuffer request = request(SOCK_DESTROY, Netlink.ACK, family, socket.protocol());
    // struct inet_diag_sockid: ports and addresses in network order, cookie as two words.
    port(request, socket.local().getPort());
    port(request, socket.remote().getPort());
    request.put(diagAddress(socket.local().getAddress(), socket.ipv6()));
    request.put(diagAddress(socket.remote().getAddress(), socket.ipv6()));
    request.putInt(socket.boundInterface());
    request.putInt((int) socket.cookie()).putInt((int) (socket.cookie() >>> 32));
    int result = netlink.ask(request, _ -> {});
    if (result == -Errno.ENOENT || result == -Errno.ESTALE) {
      return false;
    }
    if (result == -Errno.EOPNOTSUPP) {
      throw Failures.of(
          "destroy", socket, result, "this kernel was built without CONFIG_INET_DIAG_DESTROY");
    }
    int _ = Failures.check(result, "destroy", socket);
    return true;
  }

  private ByteBuffer request(int type, int flags, int family, OpenSocket.Protocol protocol) {
    return request(type, flags, family, protocol, ALL_STATES);
  }

  private ByteBuffer request(
      int type, int flags, int family, OpenSocket.Protocol protocol, int states) {
    ByteBuffer request = netlink.request(type, flags, REQUEST);
    request.put((byte) family).put((byte) protocol.number()).putShort((short) 0);
    return request.putInt(states);
  }

  private static Optional<OpenSocket> decode(ByteBuffer in, OpenSocket.Protocol protocol) {
    if (in.remaining() < MESSAGE) {
      return Optional.empty();
    }
    boolean ipv6 = in.get() == AF_INET6;
    OpenSocket.State state = OpenSocket.State.of(in.get());
    in.getShort();
    int localPort = bigEndianPort(in);
    int remotePort = bigEndianPort(in);
    InetSocketAddress local = new InetSocketAddress(diagAddress(in, ipv6), localPort);
    InetSocketAddress remote = new InetSocketAddress(diagAddress(in, ipv6), remotePort);
    int boundInterface = in.getInt();
    long low = NativeOrder.unsigned32(in);
    long cookie = NativeOrder.unsigned32(in) << 32 | low;
    return Optional.of(
        new OpenSocket(
            protocol,
            state,
            local,
            remote,
            ipv6,
            boundInterface,
            cookie,
            Netlink.attribute(in.position(MESSAGE), INET_DIAG_CGROUP_ID, Long.BYTES)
                .map(ByteBuffer::getLong)
                .orElse(0L)));
  }

  private static void port(ByteBuffer out, int port) {
    out.put((byte) (port >>> 8)).put((byte) port);
  }

  private static int bigEndianPort(ByteBuffer in) {
    return NativeOrder.u8(in) << 8 | NativeOrder.u8(in);
  }

  private static byte[] diagAddress(InetAddress address, boolean ipv6) {
    if (ipv6) {
      return NativeOrder.address(address);
    }
    byte[] bytes = new byte[ADDRESS];
    System.arraycopy(address.getAddress(), 0, bytes, 0, 4);
    return bytes;
  }

  private static InetAddress diagAddress(ByteBuffer in, boolean ipv6) {
    byte[] bytes = new byte[ADDRESS];
    in.get(bytes);
    if (ipv6) {
      return NativeOrder.asAddress(bytes);
    }
    try {
      return InetAddress.getByAddress(java.util.Arrays.copyOf(bytes, 4));
    } catch (UnknownHostException e) {
      throw new AssertionError("four bytes are always an address", e);
    }
  }

  @Override
  public void close() {
    netlink.close();
  }
}
