package dev.drawbridge.policy.ask;

import java.util.Optional;
import java.util.SortedMap;

/** Who is asked about. */
public sealed interface Who {

  /** Every given label with exactly this value. A set that no container has is a workload to be. */
  record Labels(SortedMap<String, String> labels) implements Who {}

  /** A compose service, of that project or of whichever has it. */
  record Service(Optional<String> project, String name) implements Who {}

  /** Every container of a compose project. */
  record Project(String name) implements Who {}

  /** A container's name, its id, or the unambiguous beginning of its id (twelve digits or more). */
  record Container(String nameOrId) implements Who {}

  /** A process of the host itself. */
  record Host() implements Who {}

  /** Anything beyond this host. */
  record World() implements Who {}

  /** A literal address, IPv4 or IPv6 without brackets: a container's, the host's or the world's. */
  record Address(String literal) implements Who {}
}
