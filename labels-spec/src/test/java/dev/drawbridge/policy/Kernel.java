package dev.drawbridge.policy;

import dev.drawbridge.policy.kernel.L4Verdict;
import dev.drawbridge.policy.kernel.PairEntry;
import dev.drawbridge.policy.kernel.PortRange;
import dev.drawbridge.policy.kernel.PortTable;
import java.util.Optional;

/**
 * Reads pairs and tables as the kernel's programs do. Models neither flows nor sockets nor audit's
 * events.
 */
final class Kernel {
  private Kernel() {}

  static L4Verdict side(
      Policy policy, int owner, Direction direction, int peer, int protocol, int port) {
    if (!Peers.isEndpoint(owner) || !policy.closed(owner, direction)) {
      return L4Verdict.ALLOW;
    }
    Optional<PortTable> own = table(policy, owner, direction, peer);
    PortTable table =
        own.or(() -> table(policy, owner, direction, Peers.ANY))
            .orElse(new PortTable(java.util.List.of()));
    L4Verdict verdict = L4Verdict.DENY;
    boolean firm = table.firm();
    for (PortRange range : table.ranges()) {
      if (range.protocol() == protocol && range.low() <= port && port <= range.high()) {
        verdict = range.verdict();
        firm = range.firm();
      }
    }
    return verdict == L4Verdict.DENY && policy.mode(owner) == Mode.AUDIT && !firm
        ? L4Verdict.ALLOW
        : verdict;
  }

  private static Optional<PortTable> table(
      Policy policy, int owner, Direction direction, int peer) {
    return policy.pairs().stream()
        .filter(p -> p.owner() == owner && p.direction() == direction && p.peer() == peer)
        .map(PairEntry::table)
        .findFirst();
  }
}
