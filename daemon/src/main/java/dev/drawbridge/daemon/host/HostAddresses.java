package dev.drawbridge.daemon.host;

import dev.drawbridge.bpf.linux.LocalRoutes;
import dev.drawbridge.policy.Cidr;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.HashSet;
import java.util.Set;

/** The addresses of the network namespace of the calling thread. */
public final class HostAddresses {

  private HostAddresses() {}

  /**
   * All by which the host is reached or speaks: its interfaces' addresses, link-local ones among
   * them, and what its table {@code local} has besides: broadcast and anycast addresses, and ranges
   * that were made local. Not loopback, which never leaves; and no route to everything, which is a
   * transparent proxy's and says nothing of whose an address is.
   */
  public static Set<Cidr> ranges() throws SocketException {
    Set<Cidr> ranges = new HashSet<>();
    // Of interfaces in a VRF, whose routes are in its own table, too.
    NetworkInterface.networkInterfaces()
        .flatMap(NetworkInterface::inetAddresses)
        .filter(HostAddresses::leaves)
        .forEach(address -> ranges.add(Cidr.single(address)));
    for (LocalRoutes.Route route : LocalRoutes.read()) {
      if (route.prefixLength() > 0 && leaves(route.address())) {
        int without = 8 * (16 - route.address().getAddress().length);
        Cidr single = Cidr.single(route.address());
        ranges.add(Cidr.of(single.address(), without + route.prefixLength()).masked());
      }
    }
    return ranges;
  }

  /** Every address but loopback and link-local ones, which are not unique on a host. */
  public static Set<InetAddress> read() throws SocketException {
    Set<InetAddress> addresses = new HashSet<>();
    NetworkInterface.networkInterfaces()
        .flatMap(NetworkInterface::inetAddresses)
        .filter(a -> leaves(a) && !a.isLinkLocalAddress())
        .forEach(address -> addresses.add(withoutScope(address)));
    return addresses;
  }

  private static boolean leaves(InetAddress address) {
    return !address.isLoopbackAddress() && !address.isAnyLocalAddress();
  }

  private static InetAddress withoutScope(InetAddress address) {
    try {
      return InetAddress.getByAddress(address.getAddress());
    } catch (java.net.UnknownHostException e) {
      throw new AssertionError("an address has 4 or 16 bytes", e);
    }
  }
}
