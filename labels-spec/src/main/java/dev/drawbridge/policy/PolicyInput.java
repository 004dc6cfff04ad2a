package dev.drawbridge.policy;

import dev.drawbridge.policy.language.HostPolicy;
import java.util.List;

/**
 * Everything a generation is compiled from.
 *
 * @param generation its number, not below 1
 * @param members every container that has an endpoint
 * @param host what the host's policy files declare
 * @param defaultDeny whether a container that no rule selects is closed
 */
public record PolicyInput(
    long generation, List<Member> members, HostPolicy host, boolean defaultDeny) {
  public PolicyInput {
    members = List.copyOf(members);
  }
}
