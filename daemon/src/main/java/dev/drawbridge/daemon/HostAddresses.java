package dev.drawbridge.daemon;

import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.HashSet;
import java.util.Set;

/** The addresses of the network namespace of the calling thread. */
final class HostAddresses {

  private HostAddresses() {}

  /**
   * Every address but loopback and link-local ones: the former never leave, the latter are not
   * unique on a host.
   */
  static Set<InetAddress> read() throws SocketException {
    Set<InetAddress> addresses = new HashSet<>();
    NetworkInterface.networkInterfaces()
        .flatMap(NetworkInterface::inetAddresses)
        .filter(a -> !a.isLoopbackAddress() && !a.isLinkLocalAddress() && !a.isAnyLocalAddress())
        .forEach(address -> addresses.add(withoutScope(address)));
    return addresses;
  }

  private static InetAddress withoutScope(InetAddress address) {
    try {
      return InetAddress.getByAddress(address.getAddress());
    } catch (java.net.UnknownHostException e) {
      throw new AssertionError("an address has 4 or 16 bytes", e);
    }
  }
}
