package dev.drawbridge.policy;

import dev.drawbridge.policy.compile.EndpointSet;
import dev.drawbridge.policy.compile.IntTable;
import dev.drawbridge.policy.compile.JudgedSpan;
import dev.drawbridge.policy.compile.NamedAddress;
import dev.drawbridge.policy.compile.NamedPeers;
import dev.drawbridge.policy.compile.Networks;
import dev.drawbridge.policy.compile.Protocols;
import dev.drawbridge.policy.compile.Registry;
import dev.drawbridge.policy.compile.Side;
import dev.drawbridge.policy.compile.SideSayings;
import dev.drawbridge.policy.kernel.L4Verdict;
import dev.drawbridge.policy.kernel.NetworkEntry;
import dev.drawbridge.policy.kernel.PairEntry;
import dev.drawbridge.policy.kernel.PortTable;
import dev.drawbridge.policy.language.HostPolicy;
import dev.drawbridge.policy.read.Ask;
import dev.drawbridge.policy.read.Protocol;
import dev.drawbridge.policy.read.Saying;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * A compiled generation. Immutable; safe for any thread.
 *
 * <p>Tables and automata are made when they are first asked for and kept; asking again allocates
 * nothing but the verdict.
 */
public final class Policy {
  /** Selectors that no rule uses any more pile up until then; a full compile sheds them. */
  private static final int STALE_SELECTORS = 20_000;

  final PolicyInput input;
  final Registry registry;
  final IntTable<PolicyCompiler.Unit> units;
  final List<PolicyCompiler.HostCode> host;
  final List<PolicyCompiler.Audit> audited;
  final EndpointSet[] sets;
  final Networks networks;
  private volatile @Nullable IntTable<RuleInfo> ruleInfos;
  private volatile @Nullable List<Problem> problems;

  Policy(
      PolicyInput input,
      Registry registry,
      IntTable<PolicyCompiler.Unit> units,
      List<PolicyCompiler.HostCode> host,
      List<PolicyCompiler.Audit> audited,
      EndpointSet[] sets,
      Networks networks) {
    this.input = input;
    this.registry = registry;
    this.units = units;
    this.host = host;
    this.audited = audited;
    this.sets = sets;
    this.networks = networks;
  }

  private static Policy blank(Registry registry) {
    return blank(registry, Networks.NONE);
  }

  private static Policy blank(Registry registry, Networks networks) {
    return new Policy(
        new PolicyInput(0, List.of(), HostPolicy.NONE, false),
        registry,
        new IntTable<>(0),
        List.of(),
        List.of(),
        new EndpointSet[0],
        networks);
  }

  /** Compiles everything. */
  public static Policy compile(PolicyInput input) {
    return new PolicyCompiler(blank(new Registry(new NamedPeers())), input).compile();
  }

  /** Generation 0: knows nobody, and denies whatever comes from or goes to a container. */
  public static Policy empty() {
    return blank(new Registry(new NamedPeers()));
  }

  /**
   * As {@link #empty}, for an agent that comes back: address ranges keep the numbers that the
   * kernel's maps know them by.
   */
  public static Policy resuming(Map<Cidr, Integer> networks) {
    return resuming(networks, Map.of());
  }

  /**
   * The same, for an agent that also knows what it had learned by name.
   *
   * @param named as {@link #named()} gave it; what cannot be read is not given out again
   */
  public static Policy resuming(Map<Cidr, Integer> networks, Map<Integer, String> named) {
    return blank(new Registry(NamedPeers.resuming(named)), Networks.resuming(networks));
  }

  /**
   * Who a peer is by this policy, as the kernel looks it up again at each generation: a container
   * and the host stay who they are, and so does what was learned by name; the world and its ranges
   * go by the address. A range of the link that no rule names any more is the host.
   */
  public int peerAgain(int peer, InetAddress address) {
    if (Peers.isEndpoint(peer)
        || Peers.isNamed(peer)
        || peer == Peers.HOST
        || peer == Peers.EXEMPT) {
      return peer;
    }
    return networks.isEmpty() && peer == Peers.WORLD
        ? Peers.WORLD
        : networks.of(Cidr.single(address));
  }

  /**
   * Compiles the next generation, taking over what has not changed: the cost is that of the change.
   * The result is the same as {@link #compile}'s, but that rules keep their numbers.
   */
  public Policy next(PolicyInput next) {
    Policy base = this;
    if (registry.selectorCount() > STALE_SELECTORS + 2 * rulesIn(next)) {
      base = blank(registry.successor(), networks);
    }
    return new PolicyCompiler(base, next).compile();
  }

  private static int rulesIn(PolicyInput input) {
    int rules = input.host().rules().size();
    for (Member member : input.members()) {
      rules += member.declared().rules().size();
    }
    return rules;
  }

  /** What it was compiled from. */
  public PolicyInput input() {
    return input;
  }

  public long generation() {
    return input.generation();
  }

  /**
   * Whether a table must be asked for that container in that direction: because it is closed, or
   * because some rule denies something in an open direction.
   */
  public boolean closed(int endpoint, Direction direction) {
    Side side = side(endpoint, direction);
    return side != null && side.guarded();
  }

  /**
   * As {@link #closed}, counting the host's policy alone: something is denied there in every mode.
   */
  public boolean closedByHost(int endpoint, Direction direction) {
    Side side = side(endpoint, direction);
    return side != null && side.guardedByHost();
  }

  /** Who has that number; nobody for one that is not known. */
  public Optional<Member> member(int endpoint) {
    return Optional.ofNullable(units.find(endpoint)).map(PolicyCompiler.Unit::member);
  }

  /**
   * The container's mode, which the host's policy may change; enforce for one that is not known.
   */
  public Mode mode(int endpoint) {
    PolicyCompiler.Unit unit = units.find(endpoint);
    return unit == null ? Mode.ENFORCE : unit.ingress().mode;
  }

  /** The kernel's view: for each closed side an ANY entry, and one per peer that differs. */
  public List<PairEntry> pairs() {
    var pairs = new ArrayList<PairEntry>();
    for (Member member : input.members()) {
      pairs.addAll(pairs(member.endpoint(), Direction.EGRESS));
      pairs.addAll(pairs(member.endpoint(), Direction.INGRESS));
    }
    return pairs;
  }

  /** The entries of one side; the same list object as long as nothing changed for that side. */
  public List<PairEntry> pairs(int endpoint, Direction direction) {
    Side side = side(endpoint, direction);
    return side == null ? List.of() : side.pairs();
  }

  /** Address ranges of the world that have peer numbers of their own in {@link #pairs()}. */
  public List<NetworkEntry> networks() {
    return networks.list();
  }

  /**
   * Whether some rule about what that container sends speaks of names: as objects, or of what may
   * be resolved. Then an engine reads its DNS.
   */
  public boolean readsNames(int endpoint) {
    Side side = side(endpoint, Direction.EGRESS);
    return side != null && side.readsNames();
  }

  /** Whether some rule says what that container may resolve; without one names pass unjudged. */
  public boolean judgesNames(int endpoint) {
    Side side = side(endpoint, Direction.EGRESS);
    return side != null && side.judgesNames();
  }

  /**
   * Who an address is to the container that learned it by these names: a number of the part of the
   * world that it belongs to and of the name objects that are about it, the same for all of which
   * both are the same, in every generation. It is a peer as any other, to this container.
   *
   * @param base who has the address by its number alone
   * @param names the one asked, and those that its answer led over
   * @return base, if no rule of the container is about these names, or if it is not of the world;
   *     {@link Peers#UNKNOWN} if the container has learned more combinations than are counted
   */
  public int named(int caller, int base, InetAddress address, Collection<String> names) {
    Side side = side(caller, Direction.EGRESS);
    if (side == null || !side.guarded() || !isOfTheWorld(base)) {
      return base;
    }
    NamedPeers.Key key = NamedAddress.of(address, names).key(networks.range(base), side.rules);
    return key == null ? base : registry.named().number(caller, key);
  }

  private static boolean isOfTheWorld(int peer) {
    return peer == Peers.WORLD || (Peers.isNetwork(peer) && !Peers.isNamed(peer));
  }

  /**
   * Whether only somebody on the inside can reach an address; what is not inside {@link #rebinds}
   * nobody.
   */
  public static boolean isInside(InetAddress address) {
    return NamedAddress.of(address, List.of()).isInside();
  }

  /**
   * Whether an answer leads a name of the outside to an address of the inside that no rule of the
   * container allows anything at. Containers' addresses are judged by who they are.
   *
   * @param base who has the address by its number alone
   */
  public boolean rebinds(int caller, int base, InetAddress address, Collection<String> names) {
    Side side = side(caller, Direction.EGRESS);
    if (side == null
        || !side.guarded()
        || Peers.isEndpoint(base)
        || base == Peers.EXEMPT
        || !isInside(address)) {
      return false;
    }
    NamedAddress named = NamedAddress.of(address, names);
    if (named.haveOneSide()
        || side.forPeer(base).rules().stream().anyMatch(rule -> rule.allows && !rule.resolves())) {
      return false;
    }
    // Not by a number: an answer that teaches nothing uses up none.
    return !isOfTheWorld(base)
        || side.rules.stream().noneMatch(rule -> rule.allows && named.isMeantBy(rule));
  }

  /**
   * Whether an answer that {@link #rebinds} is let pass to that container, and recorded: in audit
   * mode, unless the host's own rules speak of names.
   */
  public boolean auditsAnswers(int endpoint) {
    Side side = side(endpoint, Direction.EGRESS);
    return side != null && side.auditsAnswers();
  }

  /** What the kernel looks up for a number that {@link #named} gave to that container. */
  public PairEntry pair(int endpoint, int number) {
    Side side = side(endpoint, Direction.EGRESS);
    PortTable table =
        side == null || !side.guarded() ? new PortTable(List.of()) : side.forPeer(number).table();
    return new PairEntry(endpoint, Direction.EGRESS, number, table);
  }

  /**
   * What is no longer learned, and used by no connection, needs no pair any more.
   *
   * @param used numbers of the container that are still in use
   */
  public void release(int endpoint, Set<Integer> used) {
    registry.named().retain(endpoint, used);
  }

  /** How many numbers {@link #named} gave to that container that were not released. */
  public int numbersOf(int endpoint) {
    return registry.named().of(endpoint).size();
  }

  /**
   * Whether the answers of a resolver that the container chose by itself may say what names mean:
   * only if a rule names that resolver, and not as one of anybody's.
   *
   * @param transport IANA's number
   */
  public boolean trusts(int caller, int resolver, int transport, int port) {
    Side side = side(caller, Direction.EGRESS);
    return side != null
        && side.guarded()
        && l4(caller, resolver, transport, port).decision() != Decision.DENY
        && side.forPeer(resolver).rules().stream()
            .anyMatch(rule -> rule.choosesResolver(transport, port));
  }

  /** Whether what a container has learned means by this policy what it means by the other. */
  public boolean meansTheSame(Policy other, int endpoint) {
    return side(endpoint, Direction.EGRESS) == other.side(endpoint, Direction.EGRESS)
        && registry == other.registry
        && networks.list().equals(other.networks.list());
  }

  /** Every number that {@link #named} gave and nobody released, for {@link #resuming}. */
  public SortedMap<Integer, String> named() {
    return registry.named().print();
  }

  /** Both sides at layer 4; may say ENGINE. */
  public Verdict l4(int caller, int callee, int protocol, int port) {
    return judge(caller, callee, protocol, port, null);
  }

  /** The caller's side alone, for what leaves before it is known who takes it; may say ENGINE. */
  public Verdict leaving(int caller, int callee, int protocol, int port) {
    if (isUnknown(caller)) {
      return new Verdict(Decision.DENY, Reason.UNKNOWN_ENDPOINT, generation(), 0, false);
    }
    Side out = sideOf(caller, callee, Direction.EGRESS);
    long says = SideSayings.sayso(out, callee, protocol, port, null);
    long host = SideSayings.hostSayso(out, says, callee, protocol, port, null);
    if (SideSayings.denies(host)) {
      return verdict(Decision.DENY, host, false);
    }
    return verdict(
        SideSayings.needsEngine(host) ? Decision.ENGINE : Decision.ALLOW,
        says,
        SideSayings.denies(says));
  }

  /** Both sides for what an engine read: every reading of it must be allowed. */
  public Verdict judge(int caller, int callee, int port, Ask ask) {
    return judge(caller, callee, ask.transport(), port, ask);
  }

  /**
   * The protocols that rules about a port speak of, on either side: for an engine that has to know
   * before the first byte.
   *
   * @param transport IANA's number
   */
  public List<Protocol> speaks(int caller, int callee, int transport, int port) {
    JudgedSpan out =
        SideSayings.span(sideOf(caller, callee, Direction.EGRESS), callee, transport, port);
    JudgedSpan in =
        SideSayings.span(sideOf(caller, callee, Direction.INGRESS), caller, transport, port);
    return Protocols.ALL.stream()
        .filter(protocol -> out.rules(protocol) != null || in.rules(protocol) != null)
        .toList();
  }

  /**
   * What becomes of a connection that needs an engine, and whose bytes the engine cannot judge: it
   * is denied, unless every side that needs the engine is in audit mode.
   *
   * @param reason why they cannot be judged; NOT_HTTP stands for what is of no protocol
   */
  public Verdict undecodable(int caller, int callee, int port, Reason reason) {
    boolean audited = false;
    int rule = 0;
    for (Direction direction : Direction.values()) {
      Side side = sideOf(caller, callee, direction);
      JudgedSpan span =
          SideSayings.span(side, direction == Direction.EGRESS ? callee : caller, Ports.TCP, port);
      if (span.verdict() == L4Verdict.ALLOW) {
        continue;
      }
      rule = span.rule();
      JudgedSpan alone =
          SideSayings.hostSpan(
              side, direction == Direction.EGRESS ? callee : caller, Ports.TCP, port, null);
      if (side == null || side.mode != Mode.AUDIT || alone.verdict() != L4Verdict.ALLOW) {
        return new Verdict(Decision.DENY, span.fitting(reason), generation(), rule, false);
      }
      audited = true;
    }
    return audited
        ? new Verdict(Decision.ALLOW, reason, generation(), rule, true)
        : new Verdict(Decision.DENY, reason, generation(), 0, false);
  }

  private Verdict judge(int caller, int callee, int protocol, int port, @Nullable Ask ask) {
    if (isUnknown(caller) || isUnknown(callee)) {
      return new Verdict(Decision.DENY, Reason.UNKNOWN_ENDPOINT, generation(), 0, false);
    }
    Side out = sideOf(caller, callee, Direction.EGRESS);
    Side in = sideOf(caller, callee, Direction.INGRESS);
    long outSays = SideSayings.sayso(out, callee, protocol, port, ask);
    long outHost = SideSayings.hostSayso(out, outSays, callee, protocol, port, ask);
    if (SideSayings.denies(outHost)) {
      return verdict(Decision.DENY, outHost, false);
    }
    long inSays = SideSayings.sayso(in, caller, protocol, port, ask);
    long inHost = SideSayings.hostSayso(in, inSays, caller, protocol, port, ask);
    if (SideSayings.denies(inHost)) {
      return verdict(Decision.DENY, inHost, false);
    }
    boolean engine = SideSayings.needsEngine(outHost) || SideSayings.needsEngine(inHost);
    Decision decision = engine ? Decision.ENGINE : Decision.ALLOW;
    if (SideSayings.denies(outSays) || SideSayings.denies(inSays)) {
      return verdict(decision, SideSayings.denies(outSays) ? outSays : inSays, true);
    }
    if (engine) {
      return verdict(decision, SideSayings.needsEngine(inSays) ? inSays : outSays, false);
    }
    return verdict(decision, Saying.rule(inSays) != 0 ? inSays : outSays, false);
  }

  private Verdict verdict(Decision decision, long saying, boolean audited) {
    return new Verdict(decision, Saying.reason(saying), generation(), Saying.rule(saying), audited);
  }

  private boolean isUnknown(int peer) {
    return Peers.isEndpoint(peer) && units.find(peer) == null;
  }

  /** Null for a side that has no rules of its own: host, world, address ranges. */
  public @Nullable Side sideOf(int caller, int callee, Direction direction) {
    return side(direction == Direction.EGRESS ? caller : callee, direction);
  }

  @Nullable Side side(int endpoint, Direction direction) {
    PolicyCompiler.Unit unit = units.find(endpoint);
    if (unit == null) {
      return null;
    }
    return direction == Direction.EGRESS ? unit.egress() : unit.ingress();
  }

  /** The rule with that number. */
  public Optional<RuleInfo> rule(int number) {
    IntTable<RuleInfo> infos = ruleInfos;
    if (infos == null) {
      infos = RuleInfos.of(this);
      ruleInfos = infos;
    }
    return Optional.ofNullable(infos.find(number));
  }

  /** The part of {@link #problems()} that is about one container's own rules and sides. */
  public List<Problem> problems(int endpoint) {
    return PolicyProblems.of(this, endpoint);
  }

  /** Warnings that need the whole to be seen. Costs a walk over everything, once. */
  public List<Problem> problems() {
    List<Problem> found = problems;
    if (found == null) {
      found = PolicyProblems.of(this);
      problems = found;
    }
    return found;
  }
}
