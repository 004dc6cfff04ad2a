package dev.drawbridge.policy.ask;

import dev.drawbridge.policy.Cidr;
import dev.drawbridge.policy.LinkRanges;
import dev.drawbridge.policy.Member;
import dev.drawbridge.policy.Peers;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.PolicyInput;
import dev.drawbridge.policy.language.DnsName;
import dev.drawbridge.policy.language.HostPolicy;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * What an {@link Inquiry} may know.
 *
 * @param policy in force
 * @param containers that are guarded, in the order of their numbers
 * @param addresses whose each address is, as the kernel has it
 * @param hostPolicy of which the policy was made
 * @param outsiders containers that are not guarded and known by name all the same
 * @param serviceNames whether a service's name alone is a container's: in a compose file
 * @param learned what containers know by name
 */
public record Known(
    Policy policy,
    List<Container> containers,
    Map<Cidr, Integer> addresses,
    HostPolicy hostPolicy,
    boolean defaultDeny,
    List<Outsider> outsiders,
    boolean serviceNames,
    Learned learned) {
  /** What containers know by name, and something new would open by. */
  public interface Learned {
    /** Nobody knows anything. */
    Learned NONE = new Nothing(true);

    /** Nobody sees who asks for what. */
    Learned UNKNOWN = new Nothing(false);

    /** No address, of whatever name. */
    record Nothing(boolean isKnown) implements Learned {
      @Override
      public OptionalInt number(int owner, Cidr single) {
        return OptionalInt.empty();
      }

      @Override
      public List<Cidr> addresses(int owner, DnsName name) {
        return List.of();
      }
    }

    /** Who an address is to that container by names, as {@link Policy#named} gave it. */
    OptionalInt number(int owner, Cidr single);

    /** Where a name leads that container now; nowhere unless it has asked. */
    List<Cidr> addresses(int owner, DnsName name);

    /** Whether it can be known at all. */
    boolean isKnown();
  }

  /** Where nobody has learned anything. */
  public Known(
      Policy policy,
      List<Container> containers,
      Map<Cidr, Integer> addresses,
      HostPolicy hostPolicy,
      boolean defaultDeny,
      List<Outsider> outsiders,
      boolean serviceNames) {
    this(
        policy,
        containers,
        addresses,
        hostPolicy,
        defaultDeny,
        outsiders,
        serviceNames,
        Learned.NONE);
  }

  /** The same, where containers have learned that. */
  public Known with(Learned now) {
    return new Known(
        policy, containers, addresses, hostPolicy, defaultDeny, outsiders, serviceNames, now);
  }

  public Known {
    containers = List.copyOf(containers);
    outsiders = List.copyOf(outsiders);
    addresses = Map.copyOf(addresses);
  }

  /**
   * One container.
   *
   * @param id empty where it has none yet
   * @param shown its name in answers
   * @param network number of its network namespace, in which others may live; 0: nobody else does
   * @param rewritten whether somebody in its network namespace may change packets on their way
   * @param older whether it may have listened before its programs were there
   */
  public record Container(
      Member member, String id, String shown, int network, boolean rewritten, boolean older) {
    int endpoint() {
      return member.endpoint();
    }
  }

  /**
   * A container that no rule of its own holds.
   *
   * @param peer what it counts as, one of {@link Peers}
   */
  public record Outsider(int peer, String id, String name) {}

  /** What holds if these containers run alone on a host. */
  public static Known of(List<Container> containers, HostPolicy hostPolicy, boolean defaultDeny) {
    List<Member> members = containers.stream().map(Container::member).toList();
    Policy policy = Policy.compile(new PolicyInput(1, members, hostPolicy, defaultDeny));
    Map<Cidr, Integer> addresses = new HashMap<>();
    LinkRanges.ALL.forEach(range -> addresses.put(range, Peers.HOST));
    policy.networks().forEach(network -> addresses.put(network.range(), network.peer()));
    return new Known(policy, containers, addresses, hostPolicy, defaultDeny, List.of(), true)
        .with(Learned.UNKNOWN);
  }

  /** As the kernel looks it up: the longest prefix decides. */
  public static int peerOf(Map<Cidr, Integer> addresses, Cidr single) {
    int peer = Peers.WORLD;
    int longest = -1;
    for (Map.Entry<Cidr, Integer> entry : addresses.entrySet()) {
      if (entry.getKey().bits() > longest && entry.getKey().contains(single)) {
        longest = entry.getKey().bits();
        peer = entry.getValue();
      }
    }
    return peer;
  }
}
