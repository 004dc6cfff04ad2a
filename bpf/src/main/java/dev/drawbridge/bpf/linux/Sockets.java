package dev.drawbridge.bpf.linux;

import dev.drawbridge.bpf.abi.NativeOrder;
import dev.drawbridge.bpf.failure.BpfException;
import dev.drawbridge.bpf.failure.Failures;
import dev.drawbridge.bpf.ffi.LibC;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** What the kernel knows of sockets: of one of this process, or of all of a network namespace. */
public final class Sockets {
  private static final int SOL_SOCKET = 1;
  private static final int SO_COOKIE = 57;
  private static final int SO_NETNS_COOKIE = 71;

  private Sockets() {}

  /** The socket's cookie (SO_COOKIE, socket(7)), as programs see it. */
  public static long cookie(int fd) {
    return cookie(fd, SO_COOKIE, "read the cookie of");
  }

  /** The cookie of the socket's network namespace (SO_NETNS_COOKIE), as programs see it. */
  public static long namespaceCookie(int fd) {
    return cookie(fd, SO_NETNS_COOKIE, "read the cookie of the network namespace of");
  }

  private static long cookie(int fd, int option, String what) {
    byte[] value = new byte[Long.BYTES];
    int result = LibC.system().socketOption(fd, SOL_SOCKET, option, value);
    int _ = Failures.check(result, what, "socket " + fd);
    return NativeOrder.asU64(value);
  }

  /**
   * All TCP and UDP sockets, IPv4 and IPv6, of the network namespace that the calling thread is in:
   * call it inside {@link NetworkNamespace#call}. Sockets that come or go meanwhile may be missed.
   *
   * @throws BpfException if the kernel cannot list them (CONFIG_INET_DIAG)
   */
  public static List<OpenSocket> open() {
    try (SocketDump dump = new SocketDump()) {
      return dump.all();
    }
  }

  /**
   * Whether a TCP listener of the calling thread's network namespace is one of those: call it
   * inside {@link NetworkNamespace#call}.
   *
   * @throws BpfException if the kernel cannot list them (CONFIG_INET_DIAG)
   */
  public static boolean listens(Predicate<OpenSocket> wanted) {
    try (SocketDump dump = new SocketDump()) {
      return dump.listens(wanted);
    }
  }

  /**
   * Ends every socket of the calling thread's network namespace that is chosen, as {@code ss
   * --kill} does: a TCP connection is reset at both ends, a listener and a UDP socket are closed
   * under their process, which sees ECONNABORTED. Nothing is destroyed by tuple alone: the cookie
   * must fit, so a socket that took a dead one's ports is safe.
   *
   * @return those that were ended; not those that were gone by then
   * @throws BpfException EOPNOTSUPP if the kernel cannot (CONFIG_INET_DIAG_DESTROY, Linux 4.5 for
   *     TCP, 4.9 for UDP)
   */
  public static List<OpenSocket> destroy(Predicate<OpenSocket> chosen) {
    List<OpenSocket> destroyed = new ArrayList<>();
    try (SocketDump dump = new SocketDump()) {
      for (OpenSocket socket : dump.all()) {
        if (chosen.test(socket) && dump.destroy(socket)) {
          destroyed.add(socket);
        }
      }
    }
    return List.copyOf(destroyed);
  }

  /** Ends one socket of the calling thread's network namespace; false if it is gone. */
  public static boolean destroy(OpenSocket socket) {
    try (SocketDump dump = new SocketDump()) {
      return dump.destroy(socket);
    }
  }
}
