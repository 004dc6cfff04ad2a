package dev.drawbridge.bpf.linux;

import dev.drawbridge.bpf.ffi.Errno;
import java.nio.ByteBuffer;
import java.util.OptionalInt;

/**
 * By which ids a network namespace knows others (ip-netns(8): {@code ip netns list-id}). Helpers of
 * programs find another namespace by such an id alone. The kernel forgets it when either ends. Not
 * thread-safe; it speaks for the namespace that it was opened in.
 */
public final class NamespaceIds implements AutoCloseable {
  private static final int NETLINK_ROUTE = 0;
  private static final int RTM_NEWNSID = 88;
  private static final int RTM_GETNSID = 90;
  private static final int MESSAGE = 4; // struct rtgenmsg, padded
  private static final int ATTRIBUTE = 8; // four bytes of header, four of value
  private static final short NETNSA_NSID = 1;
  private static final short NETNSA_FD = 3;
  private static final int ANY = -1;
  private static final int BUFFER = 1024;

  private final Netlink netlink = new Netlink(NETLINK_ROUTE, "route socket", BUFFER);

  private NamespaceIds() {}

  /** Opens it for a namespace. */
  public static NamespaceIds of(NetworkNamespace namespace) throws Exception {
    return namespace.call(NamespaceIds::new);
  }

  /** The id of another namespace, a new one if it had none; empty if the kernel gives none. */
  public OptionalInt of(int fd) {
    // EEXIST: it has one.
    int made = netlink.ask(request(RTM_NEWNSID, Netlink.ACK, fd), _ -> {});
    if (made != 0 && made != -Errno.EEXIST) {
      return OptionalInt.empty();
    }
    int[] id = {ANY};
    int asked =
        netlink.ask(
            request(RTM_GETNSID, Netlink.ACK, fd),
            message -> {
              if (message.remaining() >= MESSAGE) {
                message.position(MESSAGE);
                Netlink.attribute(message, NETNSA_NSID, Integer.BYTES)
                    .ifPresent(value -> id[0] = value.getInt());
              }
            });
    return asked == 0 && id[0] >= 0 ? OptionalInt.of(id[0]) : OptionalInt.empty();
  }

  private ByteBuffer request(int type, int flags, int fd) {
    ByteBuffer request = netlink.request(type, flags, MESSAGE + 2 * ATTRIBUTE).putInt(0);
    request.putShort((short) ATTRIBUTE).putShort(NETNSA_NSID).putInt(ANY);
    return request.putShort((short) ATTRIBUTE).putShort(NETNSA_FD).putInt(fd);
  }

  @Override
  public void close() {
    netlink.close();
  }
}
