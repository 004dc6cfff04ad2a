package dev.drawbridge.daemon.node;

import dev.drawbridge.api.report.PeerReference;
import dev.drawbridge.api.report.RuleReference;
import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.l7.EndpointNames;
import dev.drawbridge.policy.Cidr;
import dev.drawbridge.policy.LinkRanges;
import dev.drawbridge.policy.Peers;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.ask.Known;
import dev.drawbridge.policy.kernel.NetworkEntry;
import dev.drawbridge.policy.labels.Workload;
import java.net.InetAddress;
import java.util.Collections;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** Endpoint and rule numbers as people know them, from the state last applied. */
public final class Names implements EndpointNames {

  private static final SortedMap<String, String> NO_LABELS =
      Collections.unmodifiableSortedMap(new TreeMap<>());

  private static final PeerReference HOST = new PeerReference(Peers.HOST, "host", NO_LABELS);
  private static final PeerReference WORLD = new PeerReference(Peers.WORLD, "world", NO_LABELS);
  static final PeerReference EXEMPT = new PeerReference(Peers.EXEMPT, "exempt", NO_LABELS);

  private final Supplier<NodeState> state;
  private final AtomicReference<RulesOf> rules =
      new AtomicReference<>(RulesOf.of(Policy.empty(), Policy.empty()));

  private final AtomicReference<Learned> learned = new AtomicReference<>((_, _) -> "");

  public Names(Supplier<NodeState> state) {
    this.state = state;
  }

  @Override
  public String nameOf(int peer) {
    return peer(peer).name();
  }

  public PeerReference peer(int number) {
    RulesOf known = rulesNow();
    return switch (number) {
      case Peers.HOST -> HOST;
      case Peers.WORLD -> WORLD;
      case Peers.EXEMPT -> EXEMPT;
      default -> {
        if (known.links().contains(number)) {
          yield HOST;
        }
        NodeState.Container container = state.get().containers().get(number);
        yield container == null ? new PeerReference(number, "", NO_LABELS) : container.reference();
      }
    };
  }

  /** By which names containers know an address, as far as they have learned it by names. */
  @FunctionalInterface
  public interface Learned {
    /** In order, joined by commas; empty if by none. */
    String names(int owner, InetAddress address);
  }

  /** From now on addresses that were learned by names are called by these. */
  public void learnedBy(Learned now) {
    learned.set(now);
  }

  /** Whom a container called at that address: what it knows by a name has that name. */
  public PeerReference callee(int caller, int number, InetAddress address) {
    if (!Peers.isNamed(number)) {
      return peer(number);
    }
    String known = learned.get().names(caller, address);
    return known.isEmpty()
        ? new PeerReference(number, address.getHostAddress(), NO_LABELS)
        : new PeerReference(number, known, NO_LABELS);
  }

  /** Whose address that is, as the kernel was told. */
  public int peerAt(InetAddress address) {
    return Known.peerOf(state.get().addresses(), Cidr.single(address));
  }

  /** The generation in force. */
  public long generation() {
    return state.get().policy().generation();
  }

  /** The numbers of all containers that are known now. */
  public Set<Integer> endpoints() {
    return state.get().containers().keySet();
  }

  /** How records name a container. */
  static PeerReference reference(int endpoint, ObservedContainer observed) {
    String name = observed.name();
    return new PeerReference(endpoint, name, Workload.of(name, observed.labels()).labels());
  }

  /**
   * The rule with that number of the policy that gave the verdict; made once a generation. Of
   * generations before the last, only what is a rule still.
   */
  public Optional<RuleReference> rule(long generation, int number) {
    if (number == 0) {
      return Optional.empty();
    }
    RulesOf known = rulesNow();
    Policy policy = known.policy();
    Policy before = known.before();
    if (generation < policy.generation() && generation == before.generation()) {
      return rule(before, number);
    }
    return known.references().computeIfAbsent(number, n -> rule(policy, n));
  }

  private RulesOf rulesNow() {
    Policy policy = state.get().policy();
    RulesOf known = rules.get();
    if (known.policy() != policy) {
      known = RulesOf.of(policy, known.policy());
      rules.set(known);
    }
    return known;
  }

  /**
   * The rules of the policy in force.
   *
   * @param before the policy whose records may still be on their way
   * @param links numbers of ranges of the link, which are the host but for whose rule names them
   */
  private record RulesOf(
      Policy policy,
      ConcurrentHashMap<Integer, Optional<RuleReference>> references,
      Policy before,
      Set<Integer> links) {
    static RulesOf of(Policy policy, Policy before) {
      Set<Integer> links =
          policy.networks().stream()
              .filter(network -> LinkRanges.hold(network.range()))
              .map(NetworkEntry::peer)
              .collect(Collectors.toUnmodifiableSet());
      return new RulesOf(policy, new ConcurrentHashMap<>(), before, links);
    }
  }

  static Optional<RuleReference> rule(Policy policy, int number) {
    return policy.rule(number).map(RuleReference::of);
  }
}
