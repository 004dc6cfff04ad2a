package dev.drawbridge.daemon.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.policy.Cidr;
import java.net.InterfaceAddress;
import java.net.NetworkInterface;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Of this very host, whatever it has. */
class HostAddressesTest {

  private static Set<NetworkInterface> outward() throws Exception {
    return NetworkInterface.networkInterfaces()
        .filter(each -> !each.getName().equals("lo"))
        .collect(Collectors.toSet());
  }

  @Test
  void linkLocalAndBroadcastAddressesOfInterfacesAreTheHosts() throws Exception {
    Set<Cidr> ranges = HostAddresses.ranges();
    Set<Cidr> missing = new TreeSet<>();
    for (NetworkInterface each : outward()) {
      for (InterfaceAddress address : each.getInterfaceAddresses()) {
        missing.add(Cidr.single(address.getAddress()));
        // Without the table the kernel knows none, whatever the interface was told.
        if (each.isUp()
            && address.getBroadcast() != null
            && address.getNetworkPrefixLength() < 31) {
          missing.add(Cidr.single(address.getBroadcast()));
        }
      }
    }
    missing.removeAll(ranges);
    assertEquals(Set.of(), missing);
  }

  @Test
  void neitherLoopbackNorEverythingIs() throws Exception {
    for (Cidr range : HostAddresses.ranges()) {
      assertFalse(range.print().startsWith("127."), range::print);
      assertFalse(range.print().equals("::1"), range::print);
      assertTrue(range.isIpv4() ? range.prefixLength() > 0 : range.bits() > 0, range::print);
    }
  }

  @Test
  void theTableSaysNoLessThanTheInterfaces() throws Exception {
    Set<Cidr> ofInterfaces =
        HostAddresses.read().stream().map(Cidr::single).collect(Collectors.toSet());
    assertTrue(HostAddresses.ranges().containsAll(ofInterfaces));
  }
}
