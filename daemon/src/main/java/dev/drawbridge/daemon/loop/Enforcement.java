package dev.drawbridge.daemon.loop;

import dev.drawbridge.bpf.failure.BpfException;
import dev.drawbridge.control.Action;
import dev.drawbridge.control.Desired;
import dev.drawbridge.control.EndpointState;
import dev.drawbridge.control.PairKey;
import dev.drawbridge.control.Planner;
import dev.drawbridge.daemon.kernel.Datapath;
import dev.drawbridge.policy.Cidr;
import dev.drawbridge.policy.Mode;
import dev.drawbridge.policy.Peers;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Brings the kernel from what it holds to what is desired, by the shortest plan that is known to
 * lead there. Used by the control loop's thread alone.
 */
final class Enforcement {

  private final Datapath datapath;
  private long generation;

  /** What the kernel holds, entirely; null while that is not certain. */
  private @Nullable Desired inForce;

  Enforcement(Datapath datapath) {
    this.datapath = datapath;
    this.generation = datapath.applied().generation();
  }

  /** The address ranges that the kernel knows by numbers of their own. */
  Map<Cidr, Integer> networks() {
    Map<Cidr, Integer> networks = new LinkedHashMap<>(datapath.applied().addresses());
    networks.values().removeIf(peer -> !Peers.isNetwork(peer));
    return networks;
  }

  /**
   * What numbers of learned addresses mean, with those for which the kernel still has rules and of
   * which nobody says what they mean: none is given to anything else.
   */
  Map<Integer, String> named(Map<Integer, String> known) {
    Map<Integer, String> named = new LinkedHashMap<>(known);
    datapath.applied().pairs().keySet().stream()
        .map(PairKey::peer)
        .filter(Peers::isNamed)
        .forEach(peer -> named.putIfAbsent(peer, ""));
    return named;
  }

  /** Generations are the kernel's 32 bits; 0 means none. */
  long nextGeneration() {
    generation = generation >= 0xffff_ffffL ? 1 : generation + 1;
    return generation;
  }

  /**
   * Applies what is desired.
   *
   * @param complete whether all that runs is known: without that the kernel may hold more than is
   *     desired, and keeps it
   * @param failures to which what went wrong is added
   * @param written is told once, when all that comes is there and nothing is gone yet
   * @return of which endpoints the kernel took only a part
   */
  Map<Integer, BpfException> apply(
      Desired desired, boolean complete, List<BpfException> failures, Runnable written) {
    Desired before = inForce;
    List<Action> plan =
        before == null
            ? Planner.plan(desired, datapath.applied(), complete)
            : Planner.change(before, desired, datapath.applied(), datapath.tableUse());
    inForce = null;
    Map<Integer, BpfException> refused = datapath.apply(plan, failures, written);
    if (complete && failures.isEmpty()) {
      inForce = desired;
    }
    return refused;
  }

  /** Whether the kernel cuts connections of an endpoint that it has not seen begin. */
  static boolean closes(Desired desired, int endpoint) {
    EndpointState state = desired.endpoints().get(endpoint);
    if (state == null) {
      return false;
    }
    return state.mode() == Mode.AUDIT
        ? state.firmEgress() || state.firmIngress()
        : state.closedEgress() || state.closedIngress();
  }
}
