package dev.drawbridge.policy.language;

import dev.drawbridge.policy.Cidr;
import java.util.List;
import java.util.stream.Stream;

/** The addresses of {@code lan} and {@code internet}. */
public final class ZoneRanges {
  /** RFC 1918, RFC 6598, RFC 4193. */
  static final List<Cidr> LAN =
      of("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7");

  /** All of IPv4, and of IPv6 what IANA has given out as global unicast. */
  public static final List<Cidr> REACHABLE = of("0.0.0.0/0", "2000::/3");

  /**
   * What is in the former and not globally reachable by IANA's registries of special-purpose
   * addresses (RFC 6890), and 6to4, in which IPv4 addresses are wrapped that may be private.
   */
  public static final List<Cidr> NOT_REACHABLE =
      of(
          "0.0.0.0/8",
          "10.0.0.0/8",
          "100.64.0.0/10",
          "127.0.0.0/8",
          "172.16.0.0/12",
          "192.0.0.0/24",
          "192.0.2.0/24",
          "192.88.99.0/24",
          "192.168.0.0/16",
          "198.18.0.0/15",
          "198.51.100.0/24",
          "203.0.113.0/24",
          "240.0.0.0/4",
          "2001::/23",
          "2001:db8::/32",
          "2002::/16",
          "3fff::/20");

  private static final List<Cidr> OF_INTERNET =
      Stream.concat(REACHABLE.stream(), NOT_REACHABLE.stream()).toList();

  private ZoneRanges() {}

  /** Those of a zone, and those that it takes out: one list, however many rules name the zone. */
  static List<Cidr> named(Party.Zone zone) {
    return switch (zone) {
      case LAN -> LAN;
      case INTERNET -> OF_INTERNET;
    };
  }

  private static List<Cidr> of(String... ranges) {
    return Stream.of(ranges).map(range -> Cidr.parse(range).orElseThrow()).toList();
  }
}
