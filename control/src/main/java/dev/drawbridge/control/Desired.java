package dev.drawbridge.control;

import dev.drawbridge.policy.Cidr;
import dev.drawbridge.policy.Direction;
import dev.drawbridge.policy.LinkRanges;
import dev.drawbridge.policy.Member;
import dev.drawbridge.policy.Mode;
import dev.drawbridge.policy.Peers;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.PolicyInput;
import dev.drawbridge.policy.kernel.NetworkEntry;
import dev.drawbridge.policy.kernel.PortTable;
import dev.drawbridge.policy.language.HostPolicy;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;

/**
 * What kernel and engine should hold for a set of containers: compiled, not yet applied.
 *
 * @param policy the snapshot that the engine judges by
 * @param endpoints by endpoint number
 * @param addresses whose each address is
 * @param pairs the port table of each pair
 */
public record Desired(
    Policy policy,
    Map<Integer, EndpointState> endpoints,
    Map<Cidr, Integer> addresses,
    Map<PairKey, PortTable> pairs) {

  /**
   * The peer number of an address that two running containers claim. No endpoint ever has it, so
   * whoever uses the address is unknown, and denied.
   */
  public static final int AMBIGUOUS = Integer.MAX_VALUE;

  private static final int SINGLE = 128;

  /**
   * Compiles one generation.
   *
   * @param previous the generation before, from which everything is taken over that has not changed
   * @param hostRanges what is the host: single addresses and ranges of them
   * @param exemptAddresses those of containers that run unguarded by the operator's wish
   * @param defaultDeny whether a container that no rule selects is closed too
   */
  public static Desired of(
      Policy previous,
      long generation,
      Collection<GuardedContainer> containers,
      HostPolicy hostPolicy,
      Set<Cidr> hostRanges,
      Set<InetAddress> exemptAddresses,
      boolean defaultDeny) {
    return of(
        previous,
        generation,
        containers,
        hostPolicy,
        hostRanges,
        exemptAddresses,
        defaultDeny,
        (_, _) -> {});
  }

  /**
   * The same.
   *
   * @param learned has the new policy number what containers have learned by name, given whose each
   *     address is, before the pairs are made
   */
  public static Desired of(
      Policy previous,
      long generation,
      Collection<GuardedContainer> containers,
      HostPolicy hostPolicy,
      Set<Cidr> hostRanges,
      Set<InetAddress> exemptAddresses,
      boolean defaultDeny,
      BiConsumer<Policy, Map<Cidr, Integer>> learned) {
    List<Member> members = new ArrayList<>();
    Set<Integer> broken = new HashSet<>();
    for (GuardedContainer guarded : containers) {
      if (guarded.broken()) {
        broken.add(guarded.endpoint());
      }
      members.add(guarded.member());
    }
    Policy policy = previous.next(new PolicyInput(generation, members, hostPolicy, defaultDeny));
    Map<Integer, EndpointState> endpoints = endpoints(containers, policy);
    Map<Cidr, Integer> addresses = addresses(policy, containers, hostRanges, exemptAddresses);
    learned.accept(policy, addresses);
    return new Desired(
        policy, endpoints, addresses, PairsBySide.of(policy, endpoints.keySet(), broken));
  }

  private static Map<Integer, EndpointState> endpoints(
      Collection<GuardedContainer> containers, Policy policy) {
    Map<Integer, Integer> next = nextInNamespace(containers);
    Map<Integer, EndpointState> endpoints = new HashMap<>();
    for (GuardedContainer guarded : containers) {
      int number = guarded.endpoint();
      endpoints.put(
          number,
          new EndpointState(
              guarded.broken() || policy.closed(number, Direction.EGRESS),
              guarded.broken() || policy.closed(number, Direction.INGRESS),
              guarded.broken() ? Mode.ENFORCE : policy.mode(number),
              guarded.netns(),
              guarded.enginePort4(),
              guarded.enginePort6(),
              next.getOrDefault(number, 0),
              policy.closedByHost(number, Direction.EGRESS),
              policy.closedByHost(number, Direction.INGRESS),
              !guarded.broken() && policy.readsNames(number),
              !guarded.broken() && policy.judgesNames(number),
              guarded.settling()));
    }
    return Collections.unmodifiableMap(endpoints);
  }

  /** By endpoint, the next one of those that live together in one network namespace. */
  private static Map<Integer, Integer> nextInNamespace(Collection<GuardedContainer> containers) {
    Map<Integer, Integer> first = new HashMap<>();
    Map<Integer, Integer> last = new HashMap<>();
    Map<Integer, Integer> next = new HashMap<>();
    for (GuardedContainer guarded : containers) {
      int number = guarded.endpoint();
      Integer before = last.put(guarded.netns(), number);
      if (before == null) {
        first.put(guarded.netns(), number);
      } else {
        next.put(before, number);
        next.put(number, first.getOrDefault(guarded.netns(), 0));
      }
    }
    return next;
  }

  private static Map<Cidr, Integer> addresses(
      Policy policy,
      Collection<GuardedContainer> containers,
      Set<Cidr> hostRanges,
      Set<InetAddress> exemptAddresses) {
    Map<Cidr, Integer> addresses = new HashMap<>();
    for (Cidr range : LinkRanges.ALL) {
      addresses.put(range, Peers.HOST);
    }
    // More of a prefix than the host's, or as much of the link's: the rule decides who that is.
    for (NetworkEntry network : policy.networks()) {
      addresses.put(network.range(), network.peer());
    }
    for (InetAddress address : exemptAddresses) {
      addresses.put(Cidr.single(address), Peers.EXEMPT);
    }
    for (Cidr range : hostRanges) {
      addresses.put(range, Peers.HOST);
      // No rule makes a part of what the host has for its own the world's.
      if (range.bits() < SINGLE) {
        policy.networks().stream()
            .map(NetworkEntry::range)
            .filter(range::contains)
            .forEach(named -> addresses.put(named, Peers.HOST));
      }
    }
    for (GuardedContainer guarded : containers) {
      for (Cidr address : guarded.addresses()) {
        // A rule that names a container's own address as a range does not make it the world's.
        addresses.merge(
            address,
            guarded.endpoint(),
            (before, mine) ->
                Peers.isEndpoint(before) && !before.equals(mine)
                    ? Integer.valueOf(AMBIGUOUS)
                    : mine);
      }
    }
    return Collections.unmodifiableMap(addresses);
  }
}
