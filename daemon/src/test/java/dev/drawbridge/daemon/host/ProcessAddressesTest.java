package dev.drawbridge.daemon.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.net.InetAddress;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ProcessAddressesTest {

  private static final String TRIE =
      """
      Main:
        +-- 0.0.0.0/0 3 0 5
           |-- 0.0.0.0
              /0 universe UNICAST
           +-- 127.0.0.0/8 2 0 2
                 |-- 127.0.0.1
                    /32 host LOCAL
           +-- 172.17.0.0/16 2 0 2
                 |-- 172.17.0.0
                    /16 link UNICAST
                 |-- 172.17.0.2
                    /32 host LOCAL
              |-- 172.17.255.255
                 /32 link BROADCAST
      Local:
           |-- 172.17.0.2
              /32 host LOCAL
           |-- 169.254.7.7
              /32 host LOCAL
      """;

  @Test
  void onlyLocalAddressesAreTheContainersAndNeitherNetworksNorBroadcasts() throws Exception {
    assertEquals(
        Set.of(InetAddress.ofLiteral("172.17.0.2")), ProcessAddresses.ipv4(TRIE.lines().toList()));
  }

  @Test
  void ipv6IsReadWithoutLoopbackAndLinkLocal() throws Exception {
    assertEquals(
        Set.of(InetAddress.ofLiteral("fd00::2")),
        ProcessAddresses.ipv6(
            List.of(
                "fe8000000000000000fc00fffe000001 04 40 20 80     eth0",
                "fd000000000000000000000000000002 04 40 00 82     eth0",
                "00000000000000000000000000000001 01 80 10 80       lo")));
  }

  @Test
  void whatCannotBeReadIsSaidRatherThanLeftOut() {
    assertThrows(IOException.class, () -> ProcessAddresses.ipv6(List.of("fd00")));
    assertThrows(
        IOException.class,
        () -> ProcessAddresses.ipv4(List.of("|-- 10.0.0", "/32 host LOCAL").reversed()));
    assertThrows(
        IOException.class, () -> ProcessAddresses.ipv4(List.of("|-- 10.0.0.x", "/32 host LOCAL")));
  }

  @Test
  void agreesWithTheInterfacesOfThisVeryHost() throws Exception {
    assertEquals(HostAddresses.read(), ProcessAddresses.of((int) ProcessHandle.current().pid()));
  }
}
