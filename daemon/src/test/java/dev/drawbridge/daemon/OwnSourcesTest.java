package dev.drawbridge.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.drawbridge.bpf.AddressKey;
import dev.drawbridge.daemon.OwnSources.Own;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
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

  @Test
  void eachNetworkIsReachedFromTheAddressInIt() throws IOException {
    Assumptions.assumeTrue(ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN);
    Map<AddressKey, InetAddress> sources =
        sources(
            OwnSources.ipv4(
                List.of(
                    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT",
                    "eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0",
                    "eth0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0",
                    "eth1\t0000010A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0",
                    "eth1\t0000020A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0",
                    "eth1\t0000030A\t0100020A\t0003\t0\t0\t0\t00FFFFFF\t0\t0\t0",
                    "*\t0000040A\t00000000\t0200\t0\t0\t0\t00FFFFFF\t0\t0\t0")));
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
    Assumptions.assumeTrue(ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN);
    List<String> lines =
        new ArrayList<>(
            List.of(
                "eth1\t00000000\t0100010A\t0003\t0\t0\t200\t00000000\t0\t0\t0",
                "eth0\t00000000\t010011AC\t0003\t0\t0\t100\t00000000\t0\t0\t0"));
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
