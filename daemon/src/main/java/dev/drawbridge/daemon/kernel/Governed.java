package dev.drawbridge.daemon.kernel;

import dev.drawbridge.policy.Direction;
import dev.drawbridge.policy.kernel.L4Verdict;
import dev.drawbridge.policy.kernel.PortTable;
import java.util.HashSet;
import java.util.Set;

/**
 * Whose rules above layer 4 the kernel holds: callers and callees of connections that may be
 * redirected. An endpoint stays here until it is gone, though its rules may have changed since.
 */
public final class Governed {
  private final Set<Integer> callers = new HashSet<>();
  private final Set<Integer> callees = new HashSet<>();
  private long version;

  /** A side of an endpoint is judged by that table. */
  void points(int owner, Direction direction, PortTable table) {
    boolean engine = table.ranges().stream().anyMatch(range -> range.verdict() == L4Verdict.ENGINE);
    if (engine && (direction == Direction.EGRESS ? callers : callees).add(owner)) {
      version++;
    }
  }

  void gone(int endpoint) {
    boolean _ = callers.remove(endpoint);
    boolean _ = callees.remove(endpoint);
  }

  /** Whether its own rules may redirect what it calls. */
  public boolean calls(int endpoint) {
    return callers.contains(endpoint);
  }

  /** Whether its own rules may redirect what calls it. */
  public boolean isCalled(int endpoint) {
    return callees.contains(endpoint);
  }

  /** Whether nothing that anybody calls may be redirected. */
  public boolean isEmpty() {
    return callers.isEmpty() && callees.isEmpty();
  }

  /** Changes when somebody is added. */
  public long version() {
    return version;
  }
}
