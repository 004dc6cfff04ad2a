package dev.drawbridge.policy;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Addresses that mean whoever is on the link, and so the host at its other end: link-local ones,
 * multicast, broadcast. They are no part of the world, but for whose rule names them and allows
 * something there.
 */
public final class LinkRanges {
  /** RFC 3927, RFC 4291 2.5.6 and 2.7, RFC 1112, RFC 919. */
  public static final Set<Cidr> ALL =
      List.of("169.254.0.0/16", "fe80::/10", "224.0.0.0/4", "ff00::/8", "255.255.255.255").stream()
          .map(range -> Cidr.parse(range).orElseThrow())
          .collect(Collectors.toUnmodifiableSet());

  private LinkRanges() {}

  /** Whether all of the range is of the link. */
  public static boolean hold(Cidr range) {
    for (Cidr link : ALL) {
      if (link.contains(range)) {
        return true;
      }
    }
    return false;
  }
}
