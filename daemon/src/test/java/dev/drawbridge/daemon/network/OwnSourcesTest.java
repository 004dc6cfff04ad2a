package dev.drawbridge.daemon.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.bpf.key.AddressKey;
import dev.drawbridge.daemon.network.OwnSources.Own;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class OwnSourcesTest {
  private static final Map<String, List<Own>> ADDRESSES =
      Map.of(
          "eth0",
          List.of(own("172.17.0.2", 16), own("fe80::2", 64), own("fd00:1::2", 64)),
          "eth1",
          List.of(own("10.1.0.9", 24), own("10.2.0.9", 24)));

  private static Own own(String address, int prefixLength) {
    return new Own(InetAddress.ofLiteral(address), prefixLength);
  }

  private static Map<AddressKey, InetAddress> sources(List<OwnSources.Route> routes) {
    return OwnSources.sources(routes, device -> ADDRESSES.getOrDefault(device, List.of()));
  }

  private static AddressKey block(String address, int bits) {
    return AddressKey.block(InetAddress.ofLiteral(address), bits);
  }

  /** As the kernel of this machine writes it: addresses as words in its own byte order. */
  private static String route(
      String device, String to, String gateway, String flags, int metric, String mask) {
    return String.join(
        "\t",
        device,
        word(to),
        word(gateway),
        flags,
        "0",
        "0",
        Integer.toString(metric),
        word(mask),
        "0",
        "0",
        "0");
  }

  private static String word(String address) {
    return "%08X"
        .formatted(
            ByteBuffer.wrap(InetAddress.ofLiteral(address).getAddress())
                .order(ByteOrder.nativeOrder())
                .getInt());
  }

  @Test
  void ofMoreRoutesThanAreKeptTheFirstAreKept() throws IOException {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < OwnSources.MOST_ROUTES + 100; i++) {
      String to = "10.%d.%d.0".formatted(100 + i / 256, i % 256);
      lines.add(route("eth1", to, "10.2.0.1", "0003", i, "255.255.255.0"));
    }
    Map<AddressKey, InetAddress> sources = sources(OwnSources.ipv4(lines.reversed()));
    assertEquals(OwnSources.MOST_ROUTES, sources.size());
    assertTrue(sources.containsKey(block("10.100.255.0", 24)));
    assertFalse(sources.containsKey(block("10.101.0.0", 24)));
  }

  @Test
  void eachNetworkIsReachedFromTheAddressInIt() throws IOException {
    Map<AddressKey, InetAddress> sources =
        sources(
            OwnSources.ipv4(
                List.of(
                    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT",
                    route("eth0", "0.0.0.0", "172.17.0.1", "0003", 0, "0.0.0.0"),
                    route("eth0", "172.17.0.0", "0.0.0.0", "0001", 0, "255.255.0.0"),
                    route("eth1", "10.1.0.0", "0.0.0.0", "0001", 0, "255.255.255.0"),
                    route("eth1", "10.2.0.0", "0.0.0.0", "0001", 0, "255.255.255.0"),
                    route("eth1", "10.3.0.0", "10.2.0.1", "0003", 0, "255.255.255.0"),
                    route("*", "10.4.0.0", "0.0.0.0", "0200", 0, "255.255.255.0"))));
    assertEquals(
        Map.of(
            block("0.0.0.0", 0), InetAddress.ofLiteral("172.17.0.2"),
            block("172.17.0.0", 16), InetAddress.ofLiteral("172.17.0.2"),
            block("10.1.0.0", 24), InetAddress.ofLiteral("10.1.0.9"),
            block("10.2.0.0", 24), InetAddress.ofLiteral("10.2.0.9"),
            block("10.3.0.0", 24), InetAddress.ofLiteral("10.2.0.9")),
        sources);
  }

  @Test
  void ofTwoRoutesToOnePlaceTheOneWithTheLowerMetricCounts() throws IOException {
    List<String> lines =
        new ArrayList<>(
            List.of(
                route("eth1", "0.0.0.0", "10.1.0.1", "0003", 200, "0.0.0.0"),
                route("eth0", "0.0.0.0", "172.17.0.1", "0003", 100, "0.0.0.0")));
    assertEquals(
        Map.of(block("0.0.0.0", 0), InetAddress.ofLiteral("172.17.0.2")),
        sources(OwnSources.ipv4(lines)));
  }

  @Test
  void ipv6ChoosesByScopeAndLeavesOutLoopbackMulticastAndWhatIsRejected() throws IOException {
    String none = "00000000000000000000000000000000";
    Map<AddressKey, InetAddress> sources =
        sources(
            OwnSources.ipv6(
                List.of(
                    "fd000001000000000000000000000000 40 "
                        + none
                        + " 00 "
                        + none
                        + " 00000100 00000001 00000000 00000001     eth0",
                    "fe800000000000000000000000000000 40 "
                        + none
                        + " 00 "
                        + none
                        + " 00000100 00000001 00000000 00000001     eth0",
                    none
                        + " 00 "
                        + none
                        + " 00 fd000001000000000000000000000001"
                        + " 00000400 00000001 00000000 00000003     eth0",
                    "fd000001000000000000000000000002 80 "
                        + none
                        + " 00 "
                        + none
                        + " 00000000 00000003 00000000 80200001       lo",
                    "ff000000000000000000000000000000 08 "
                        + none
                        + " 00 "
                        + none
                        + " 00000100 00000004 00000000 00000001     eth0",
                    none
                        + " 00 "
                        + none
                        + " 00 "
                        + none
                        + " ffffffff 00000001 00000000 00200200       lo")));
    assertEquals(
        Map.of(
            block("fd00:1::", 64), InetAddress.ofLiteral("fd00:1::2"),
            block("fe80::", 64), InetAddress.ofLiteral("fe80::2"),
            block("::", 0), InetAddress.ofLiteral("fd00:1::2")),
        sources);
  }

  @Test
  void ipv6AddressesAreReadByInterface() throws IOException {
    assertEquals(
        Map.of(
            "eth0",
            List.of(own("fd00:1::2", 64), own("fe80::2", 64)),
            "lo",
            List.of(own("::1", 128))),
        OwnSources.ipv6Addresses(
            List.of(
                "fd000001000000000000000000000002 07 40 00 80     eth0",
                "00000000000000000000000000000001 01 80 10 80       lo",
                "fe800000000000000000000000000002 07 40 20 80     eth0")));
  }

  @Test
  void whatIsNoRouteIsAnError() {
    assertThrows(
        IOException.class, () -> OwnSources.ipv4(List.of("eth0 zz 0 0001 0 0 0 00000000 0 0 0")));
    assertThrows(
        IOException.class,
        () -> OwnSources.ipv6(List.of("zz 40 z 00 z 00000100 0 0 00000001 eth0")));
  }
}
