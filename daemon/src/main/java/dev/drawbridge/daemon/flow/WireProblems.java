package dev.drawbridge.daemon.flow;

import dev.drawbridge.api.report.ProblemReport;
import dev.drawbridge.daemon.node.NodeState;
import dev.drawbridge.daemon.node.Problems;
import dev.drawbridge.l7.AccessRecord;
import dev.drawbridge.policy.Peers;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.read.Ask;
import dev.drawbridge.policy.tls.TlsAsk;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/**
 * Ports where TLS was spoken under an HTTP rule: the rule sees nothing there, and only the wire
 * could tell. One entry for a container and port, kept while it is so. Safe for any thread.
 */
public final class WireProblems {

  /** Most ports of all containers; what is seen beyond them is still in the flow records. */
  static final int MOST = 1_024;

  private static final Ask ANY_NAME = new TlsAsk("name.invalid");

  /** Whose port: the callee's, or the caller's where the callee is no container. */
  private record Place(int endpoint, int port) {}

  /** Who was seen to do so last, for judging it again. */
  private record Pair(int caller, InetAddress from, int callee, InetAddress to) {}

  private final Supplier<Set<Integer>> endpoints;
  private final ConcurrentHashMap<Place, Pair> seen = new ConcurrentHashMap<>();

  WireProblems(Supplier<Set<Integer>> endpoints) {
    this.endpoints = endpoints;
  }

  void record(AccessRecord access) {
    if (access.reason() != Reason.TLS_UNDER_HTTP_RULE) {
      return;
    }
    int owner = Peers.isEndpoint(access.callee()) ? access.callee() : access.caller();
    if (!Peers.isEndpoint(owner)) {
      return;
    }
    Place place = new Place(owner, access.destination().getPort());
    if (seen.size() >= MOST && !seen.containsKey(place)) {
      Set<Integer> known = endpoints.get();
      seen.keySet().removeIf(old -> !known.contains(old.endpoint()));
      if (seen.size() >= MOST) {
        return;
      }
    }
    seen.put(
        place,
        new Pair(
            access.caller(),
            access.client().getAddress(),
            access.callee(),
            access.destination().getAddress()));
  }

  /** What still holds by that state; of one container. */
  public List<ProblemReport> of(NodeState state, int endpoint) {
    NodeState.Container container = state.containers().get(endpoint);
    if (container == null) {
      return List.of();
    }
    return seen.entrySet().stream()
        .filter(entry -> entry.getKey().endpoint() == endpoint)
        .filter(entry -> holds(state.policy(), entry.getKey().port(), entry.getValue()))
        .map(Map.Entry::getKey)
        .sorted((a, b) -> Integer.compare(a.port(), b.port()))
        .map(place -> Problems.tlsUnderHttp(container.observed().name(), place.port()))
        .toList();
  }

  /** What still holds by that state. */
  public List<ProblemReport> of(NodeState state) {
    return seen.keySet().stream()
        .map(Place::endpoint)
        .distinct()
        .sorted()
        .flatMap(endpoint -> of(state, endpoint).stream())
        .toList();
  }

  private static boolean holds(Policy policy, int port, Pair pair) {
    int caller = policy.peerAgain(pair.caller(), pair.from());
    int callee = policy.peerAgain(pair.callee(), pair.to());
    return policy.judge(caller, callee, port, ANY_NAME).reason() == Reason.TLS_UNDER_HTTP_RULE;
  }
}
