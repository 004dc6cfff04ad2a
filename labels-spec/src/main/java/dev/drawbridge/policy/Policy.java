package dev.drawbridge.policy;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
    return new PolicyCompiler(blank(new Registry()), input).compile();
  }

  /** Generation 0: knows nobody, and denies whatever comes from or goes to a container. */
  public static Policy empty() {
    return blank(new Registry());
  }

  /**
   * As {@link #empty}, for an agent that comes back: address ranges keep the numbers that the
   * kernel's maps know them by.
   */
  public static Policy resuming(Map<Cidr, Integer> networks) {
    return blank(new Registry(), Networks.resuming(networks));
  }

  /**
   * Who a peer is by this policy, as the kernel looks it up again at each generation: a container
   * and the host stay who they are, the world and its ranges go by the address. A range of the link
   * that no rule names any more is the host.
   */
  public int peerAgain(int peer, InetAddress address) {
    if (Peers.isEndpoint(peer) || peer == Peers.HOST || peer == Peers.EXEMPT) {
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

  /** Both sides at layer 4; may say ENGINE. */
  public Verdict l4(int caller, int callee, int protocol, int port) {
    return judge(caller, callee, protocol, port, null);
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
    JudgedSpan out = span(sideOf(caller, callee, Direction.EGRESS), callee, transport, port);
    JudgedSpan in = span(sideOf(caller, callee, Direction.INGRESS), caller, transport, port);
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
          span(side, direction == Direction.EGRESS ? callee : caller, Ports.TCP, port);
      if (span.verdict() == L4Verdict.ALLOW) {
        continue;
      }
      rule = span.rule();
      JudgedSpan alone =
          hostSpan(side, direction == Direction.EGRESS ? callee : caller, Ports.TCP, port);
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
    long outSays = sayso(out, span(out, callee, protocol, port), ask);
    long outHost = hostSayso(out, outSays, callee, protocol, port, ask);
    if (denies(outHost)) {
      return verdict(Decision.DENY, outHost, false);
    }
    long inSays = sayso(in, span(in, caller, protocol, port), ask);
    long inHost = hostSayso(in, inSays, caller, protocol, port, ask);
    if (denies(inHost)) {
      return verdict(Decision.DENY, inHost, false);
    }
    boolean engine = needsEngine(outHost) || needsEngine(inHost);
    Decision decision = engine ? Decision.ENGINE : Decision.ALLOW;
    if (denies(outSays) || denies(inSays)) {
      return verdict(decision, denies(outSays) ? outSays : inSays, true);
    }
    if (engine) {
      return verdict(decision, needsEngine(inSays) ? inSays : outSays, false);
    }
    return verdict(decision, Saying.rule(inSays) != 0 ? inSays : outSays, false);
  }

  private Verdict verdict(Decision decision, long saying, boolean audited) {
    return new Verdict(decision, Saying.reason(saying), generation(), Saying.rule(saying), audited);
  }

  private static boolean denies(long saying) {
    return Saying.is(L4Verdict.DENY, saying);
  }

  private static boolean needsEngine(long saying) {
    return Saying.is(L4Verdict.ENGINE, saying);
  }

  /**
   * What counts of what a side says: in audit mode a denial is no more than the host makes of it.
   */
  static long hostSayso(
      @Nullable Side side, long says, int peer, int protocol, int port, @Nullable Ask ask) {
    return side == null || side.mode != Mode.AUDIT || !denies(says)
        ? says
        : sayso(side, hostSpan(side, peer, protocol, port), ask);
  }

  /** What the host's rules alone make of it; only asked in audit mode. */
  private static JudgedSpan hostSpan(@Nullable Side side, int peer, int protocol, int port) {
    if (side == null || !side.guardedByHost()) {
      return JudgedSpan.OPEN;
    }
    PeerPolicy host = side.forPeer(peer).host();
    return host == null ? JudgedSpan.OPEN : host.find(protocol, port);
  }

  /** What one side says, packed into a number so that judging allocates nothing. */
  static long sayso(@Nullable Side side, JudgedSpan span, @Nullable Ask ask) {
    if (side == null || !span.needsEngine()) {
      return Saying.of(span.verdict(), span.reason(), span.rule());
    }
    if (ask == null) {
      return Saying.of(L4Verdict.ENGINE, Reason.NEEDS_ENGINE, span.rule());
    }
    ProtocolRules rules = span.rules(ask.protocol());
    return rules == null
        ? Saying.deny(span.foreign(ask.protocol()), span.rule())
        : rules.judge(ask);
  }

  private boolean isUnknown(int peer) {
    return Peers.isEndpoint(peer) && units.find(peer) == null;
  }

  /** Null for a side that has no rules of its own: host, world, address ranges. */
  @Nullable Side sideOf(int caller, int callee, Direction direction) {
    return side(direction == Direction.EGRESS ? caller : callee, direction);
  }

  @Nullable Side side(int endpoint, Direction direction) {
    PolicyCompiler.Unit unit = units.find(endpoint);
    if (unit == null) {
      return null;
    }
    return direction == Direction.EGRESS ? unit.egress() : unit.ingress();
  }

  static JudgedSpan span(@Nullable Side side, int peer, int protocol, int port) {
    if (side == null || !side.guarded()) {
      return JudgedSpan.OPEN;
    }
    return side.forPeer(peer).find(protocol, port);
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
