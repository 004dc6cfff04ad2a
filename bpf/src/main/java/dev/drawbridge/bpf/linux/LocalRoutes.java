package dev.drawbridge.bpf.linux;

import dev.drawbridge.bpf.failure.Failures;
import dev.drawbridge.bpf.ffi.Errno;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Consumer;

/**
 * What a host takes for itself, as its kernel has it: the table {@code local} of both families
 * ({@code ip route show table local}), with addresses, broadcast and anycast addresses, and ranges
 * that an administrator made local.
 */
public final class LocalRoutes {
  private static final int NETLINK_ROUTE = 0;
  private static final int RTM_GETROUTE = 26;
  private static final int ROUTE_MESSAGE = 12; // struct rtmsg
  private static final int RTA_DST = 1;
  private static final int TABLE_LOCAL = 255;
  private static final int RTN_LOCAL = 2;
  private static final int RTN_BROADCAST = 3;
  private static final int RTN_ANYCAST = 4;
  private static final int AF_INET = 2;
  private static final int AF_INET6 = 10;
  private static final int EAFNOSUPPORT = 97;

  private LocalRoutes() {}

  /** A range of addresses; an address of its own has as long a prefix as its family has bits. */
  public record Route(InetAddress address, int prefixLength) {}

  /** Those of the calling thread's network namespace. */
  public static Set<Route> read() {
    Set<Route> found = new HashSet<>();
    try (Netlink netlink = new Netlink(NETLINK_ROUTE, "route socket")) {
      netlink.strict();
      dump(netlink, AF_INET, found);
      dump(netlink, AF_INET6, found);
    }
    return Set.copyOf(found);
  }

  private static void dump(Netlink netlink, int family, Set<Route> found) {
    ByteBuffer request = netlink.request(RTM_GETROUTE, Netlink.DUMP, ROUTE_MESSAGE);
    request.put((byte) family).put((byte) 0).put((byte) 0).put((byte) 0).put((byte) TABLE_LOCAL);
    int result = netlink.ask(request, into(family, found));
    // A kernel without the family, or a namespace without a local table, has no such address.
    if (result != -Errno.ENOENT && result != -Errno.EOPNOTSUPP && result != -EAFNOSUPPORT) {
      int _ = Failures.check(result, "list", "the local routes of a network namespace");
    }
  }

  static Consumer<ByteBuffer> into(int family, Set<Route> found) {
    return message -> {
      if (message.remaining() < ROUTE_MESSAGE || message.get(0) != family) {
        return;
      }
      int length = Byte.toUnsignedInt(message.get(1));
      int table = Byte.toUnsignedInt(message.get(4));
      int type = message.get(7);
      if (table != TABLE_LOCAL
          || (type != RTN_LOCAL && type != RTN_BROADCAST && type != RTN_ANYCAST)) {
        return;
      }
      byte[] address = new byte[family == AF_INET ? 4 : 16];
      ByteBuffer attributes = message.duplicate().order(message.order());
      attributes.position(ROUTE_MESSAGE);
      // The route to everything has no destination.
      Netlink.attribute(attributes, RTA_DST, address.length)
          .ifPresent(value -> value.get(value.position(), address));
      try {
        found.add(new Route(InetAddress.getByAddress(address), length));
      } catch (UnknownHostException e) {
        throw new AssertionError("an address has 4 or 16 bytes", e);
      }
    };
  }
}
