package dev.drawbridge.control;

import dev.drawbridge.policy.Cidr;
import dev.drawbridge.policy.kernel.PortTable;
import java.util.Map;

/**
 * What the kernel holds, as last written or, after a start, as read back from its maps.
 *
 * @param generation the generation its sockets are judged by, 0 for none yet
 * @param endpoints by endpoint number
 * @param addresses whose each address is
 * @param pairs the table that each pair points at
 * @param tables by table number
 */
public record Applied(
    long generation,
    Map<Integer, EndpointState> endpoints,
    Map<Cidr, Integer> addresses,
    Map<PairKey, Integer> pairs,
    Map<Integer, PortTable> tables) {

  /** A kernel that holds nothing. */
  public static Applied nothing() {
    return new Applied(0, Map.of(), Map.of(), Map.of(), Map.of());
  }
}
