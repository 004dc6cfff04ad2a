package dev.drawbridge.api;

import java.util.SortedMap;

/** Who is asked about in a {@link VerdictQuery}. */
public sealed interface Party {

  /**
   * Every given label with exactly this value. A set that no running container has is a
   * hypothetical workload.
   */
  record Labels(SortedMap<String, String> labels) implements Party {}

  /** A container's name, its id, or the unambiguous beginning of its id (twelve digits or more). */
  record Container(String nameOrId) implements Party {}

  /** A process of the host itself. */
  record Host() implements Party {}

  /** Anything beyond this host. */
  record World() implements Party {}

  /** A literal address, IPv4 or IPv6 without brackets: a container's, the host's or the world's. */
  record Address(String literal) implements Party {}
}
