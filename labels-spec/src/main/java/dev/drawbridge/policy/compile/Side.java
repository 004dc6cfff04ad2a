package dev.drawbridge.policy.compile;

import dev.drawbridge.policy.Cidr;
import dev.drawbridge.policy.Direction;
import dev.drawbridge.policy.LinkRanges;
import dev.drawbridge.policy.Mode;
import dev.drawbridge.policy.Peers;
import dev.drawbridge.policy.kernel.PairEntry;
import dev.drawbridge.policy.language.Party;
import dev.drawbridge.policy.read.Match;
import dev.drawbridge.policy.read.Protocol;
import dev.drawbridge.policy.read.RuleCode;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** One direction of one container. Outlives generations that do not concern it. */
public final class Side {
  public final int owner;
  public final Direction direction;
  public final Mode mode;

  /** What would be denied without a rule is read, so that its audit shows the request. */
  private final boolean reads;

  /** Some rule that counts in this mode selects it, or the host's default is deny. */
  public final boolean closed;

  /** The host alone closes it, whatever the mode: by a rule of its policy, or by its default. */
  final boolean closedByHost;

  /** Those that count in this mode, in the order of their numbers. */
  public final List<RuleCode> rules;

  /** Which of them are the host's and hold in every mode. */
  private final BitSet ofHost;

  /** The selectors' containers, rule by rule; null where the peer is no selector. */
  private final @Nullable EndpointSet[] sets;

  private final Networks networks;
  private final NamedPeers named;
  private final boolean guarded;
  private final boolean guardedByHost;
  private final boolean readsNames;
  private final boolean judgesNames;
  private volatile @Nullable Groups groups;

  public Side(
      int owner,
      Direction direction,
      Mode mode,
      boolean reads,
      boolean closed,
      boolean closedByHost,
      List<RuleCode> rules,
      BitSet ofHost,
      @Nullable EndpointSet[] sets,
      Networks networks,
      NamedPeers named) {
    this.owner = owner;
    this.direction = direction;
    this.mode = mode;
    this.reads = reads;
    this.closed = closed;
    this.closedByHost = closedByHost;
    this.ofHost = ofHost;
    this.rules = rules;
    this.sets = sets;
    this.networks = networks;
    this.named = named;
    this.guarded = closed || anyDenies(rules);
    this.guardedByHost = closedByHost || anyDenies(ofHost.stream().mapToObj(rules::get).toList());
    boolean byName = false;
    boolean resolves = false;
    for (RuleCode rule : rules) {
      byName |= rule.names() != null;
      resolves |= rule.resolves();
    }
    this.judgesNames = guarded && resolves;
    this.readsNames = guarded && (resolves || byName);
  }

  /**
   * Policies by peer.
   *
   * @param bits the rules towards each, those about anyone included
   * @param byNumber towards addresses known by name, made when they are first asked for
   */
  private record Groups(
      PeerPolicy any,
      IntTable<PeerPolicy> byPeer,
      List<PairEntry> pairs,
      BitSet anyone,
      Map<Integer, BitSet> bits,
      Map<BitSet, PeerPolicy> bySignature,
      Map<Integer, PeerPolicy> byNumber) {}

  /** The pairs, those of addresses known by name included, as long as no number comes. */
  private record Listed(long version, List<PairEntry> pairs) {}

  private volatile @Nullable Listed listed;

  /** Whether a table must be asked: closed, or open with rules that deny. */
  public boolean guarded() {
    return guarded;
  }

  /** Whether something is denied here that no mode of the container's lets pass. */
  public boolean guardedByHost() {
    return guardedByHost;
  }

  private static boolean anyDenies(List<RuleCode> rules) {
    for (RuleCode rule : rules) {
      if (!rule.allows) {
        return true;
      }
    }
    return false;
  }

  /**
   * Whether this side would come out the same from these parts. The compiler hands unchanged ones
   * on as they are.
   */
  @SuppressWarnings("ReferenceEquality")
  public boolean isSame(
      Mode newMode,
      boolean newReads,
      boolean newClosed,
      boolean newClosedByHost,
      List<RuleCode> newRules,
      BitSet newOfHost,
      @Nullable EndpointSet[] newSets,
      Networks newNetworks) {
    if (mode != newMode
        || reads != newReads
        || closed != newClosed
        || closedByHost != newClosedByHost
        || rules.size() != newRules.size()
        || !ofHost.equals(newOfHost)
        || (networks != newNetworks && caresFor(newNetworks))) {
      return false;
    }
    for (int i = 0; i < newSets.length; i++) {
      if (rules.get(i) != newRules.get(i) || sets[i] != newSets[i]) {
        return false;
      }
    }
    return true;
  }

  /** Whether its selectors select the same containers among these sets. */
  @SuppressWarnings("ReferenceEquality")
  public // a set that did not change is the same object
  boolean selects(EndpointSet[] now) {
    for (int i = 0; i < sets.length; i++) {
      Match peer = rules.get(i).peer(direction);
      if (peer != null
          && peer.isSelector()
          && sets[i] != now[rules.get(i).allows ? peer.sure() : peer.selector()]) {
        return false;
      }
    }
    return true;
  }

  /**
   * Networks are parts of the world, and those of the link of the host: a rule on it makes their
   * list matter.
   */
  public boolean caresFor(Networks next) {
    boolean host = false;
    for (RuleCode rule : rules) {
      Match peer = rule.peer(direction);
      if (peer != null && (peer.party() == Party.Entity.WORLD || Networks.isPart(peer.party()))) {
        return true;
      }
      host |= peer != null && peer.party() == Party.Entity.HOST;
    }
    return host && !networks.hasLinksOf(next);
  }

  public PeerPolicy forPeer(int peer) {
    Groups made = groups();
    if (Peers.isNamed(peer)) {
      return forNamed(made, peer);
    }
    PeerPolicy own = made.byPeer.find(peer);
    return own != null ? own : made.any;
  }

  /** What is said of that part of the world, and what is said of the names. */
  private PeerPolicy forNamed(Groups made, int number) {
    NamedPeers.Key key = named.find(number);
    if (key == null) {
      // Nobody's any more: what nothing is known of is denied, whatever is said of anyone.
      return nothing();
    }
    return made.byNumber.computeIfAbsent(
        number,
        _ -> {
          Cidr range = key.base();
          int base = range == null ? Peers.WORLD : networks.of(range);
          BitSet signature = (BitSet) made.bits.getOrDefault(base, made.anyone).clone();
          for (int i = 0; i < rules.size(); i++) {
            Party.Name name = direction == Direction.EGRESS ? rules.get(i).names() : null;
            if (name != null && key.isAbout(rules.get(i), name)) {
              signature.set(i);
            }
          }
          return made.bySignature.computeIfAbsent(signature, this::policy);
        });
  }

  /**
   * Whether some rule says what may be asked in that protocol, of whomever.
   *
   * @param hostAlone counting the host's rules only
   */
  public boolean allows(Protocol protocol, boolean hostAlone) {
    if (hostAlone ? !closedByHost : !closed) {
      return false;
    }
    for (int i = 0; i < rules.size(); i++) {
      RuleCode rule = rules.get(i);
      if (rule.allows && protocol.equals(rule.protocol) && (!hostAlone || ofHost.get(i))) {
        return true;
      }
    }
    return false;
  }

  /** Whether it says anything of names: as objects, or of what may be resolved. */
  public boolean readsNames() {
    return readsNames;
  }

  /** Whether it says what may be resolved. */
  public boolean judgesNames() {
    return judgesNames;
  }

  /**
   * Whether an answer that leads inside is let pass: in audit mode, unless the host's own rules
   * speak of names.
   */
  public boolean auditsAnswers() {
    return mode == Mode.AUDIT
        && !(guardedByHost
            && ofHost.stream()
                .mapToObj(rules::get)
                .anyMatch(rule -> rule.resolves() || rule.names() != null));
  }

  public List<PairEntry> pairs() {
    if (!guarded()) {
      return List.of();
    }
    Groups made = groups();
    long version = direction == Direction.EGRESS ? named.version(owner) : 0;
    if (version == 0) {
      return made.pairs;
    }
    Listed known = listed;
    if (known == null || known.version != version) {
      var all = new ArrayList<>(made.pairs);
      for (int number : named.of(owner)) {
        all.add(new PairEntry(owner, direction, number, forNamed(made, number).table()));
      }
      known = new Listed(version, List.copyOf(all));
      listed = known;
    }
    return known.pairs;
  }

  /** Every distinct policy towards some peer. */
  public List<PeerPolicy> policies() {
    var all = new ArrayList<PeerPolicy>();
    Groups made = groups();
    all.add(made.any);
    made.byPeer.forEach((peer, policy) -> {
      if (!all.contains(policy)) {
        all.add(policy);
      }
    });
    return all;
  }

  private Groups groups() {
    Groups made = groups;
    if (made == null) {
      made = make();
      groups = made;
    }
    return made;
  }

  private Groups make() {
    var anyone = new BitSet(rules.size());
    var byPeer = new TreeMap<Integer, BitSet>();
    var world = new BitSet(rules.size());
    boolean addresses = false;
    for (int i = 0; i < rules.size(); i++) {
      Match peer = rules.get(i).peer(direction);
      if (peer == null) {
        continue;
      }
      EndpointSet set = sets[i];
      if (set != null) {
        for (int endpoint : set.raw()) {
          byPeer.computeIfAbsent(endpoint, e -> new BitSet()).set(i);
        }
      } else if (peer.isAnyone()) {
        anyone.set(i);
      } else if (peer.party() == Party.Entity.HOST) {
        byPeer.computeIfAbsent(Peers.HOST, e -> new BitSet()).set(i);
      } else if (peer.party() == Party.Entity.WORLD) {
        world.set(i);
      } else if (Networks.isPart(peer.party())) {
        addresses = true;
      }
    }
    if (!world.isEmpty()) {
      byPeer.put(Peers.WORLD, world);
    }
    BitSet host = byPeer.getOrDefault(Peers.HOST, new BitSet());
    if (addresses || !world.isEmpty() || !host.isEmpty()) {
      addNetworks(byPeer, world, host);
    }
    return group(anyone, byPeer);
  }

  /**
   * A range of the link is a part of the world only for whom one of his rules, which names the link
   * and no more than it, allows something there; for all others it is the host as ever.
   */
  private void addNetworks(Map<Integer, BitSet> byPeer, BitSet world, BitSet host) {
    for (Map.Entry<Cidr, Integer> entry : networks.entries()) {
      boolean link = LinkRanges.hold(entry.getKey());
      boolean ofTheWorld = !link;
      var mine = new BitSet();
      for (int i = 0; i < rules.size(); i++) {
        Match peer = rules.get(i).peer(direction);
        if (peer != null
            && Networks.belongs(entry.getKey(), peer.party())
            && (!link
                || (peer.party() instanceof Party.Network(var range, var _)
                    && LinkRanges.hold(range)))) {
          mine.set(i);
          ofTheWorld |= rules.get(i).allows;
        }
      }
      mine.or(ofTheWorld ? world : host);
      if (!mine.isEmpty()) {
        byPeer.put(entry.getValue(), mine);
      }
    }
  }

  private Groups group(BitSet anyone, Map<Integer, BitSet> byPeer) {
    Map<BitSet, PeerPolicy> bySignature = Collections.synchronizedMap(new HashMap<>());
    PeerPolicy any = policy(anyone);
    bySignature.put(anyone, any);
    var table = new IntTable<PeerPolicy>(byPeer.size());
    var pairs = new ArrayList<PairEntry>(byPeer.size() + 1);
    pairs.add(new PairEntry(owner, direction, Peers.ANY, any.table()));
    byPeer.forEach((peer, mine) -> {
      mine.or(anyone);
      PeerPolicy policy = bySignature.computeIfAbsent(mine, this::policy);
      if (policy != any) {
        table.put(peer, policy);
        pairs.add(new PairEntry(owner, direction, peer, policy.table()));
      }
    });
    // What a name adds to: containers, of which there may be thousands, have none.
    byPeer.keySet().removeIf(peer -> peer != Peers.WORLD && !Peers.isNetwork(peer));
    return new Groups(
        any,
        table,
        List.copyOf(pairs),
        anyone,
        Map.copyOf(byPeer),
        bySignature,
        Collections.synchronizedMap(new HashMap<>()));
  }

  private PeerPolicy nothing() {
    PeerPolicy none = new PeerPolicy(List.of(), false, false);
    return mode == Mode.AUDIT
        ? none.over(new PeerPolicy(List.of(), !closedByHost, false), closedByHost)
        : none;
  }

  private PeerPolicy policy(BitSet signature) {
    PeerPolicy whole = new PeerPolicy(codes(signature), !closed, reads);
    if (mode != Mode.AUDIT) {
      return whole;
    }
    BitSet hosts = (BitSet) signature.clone();
    hosts.and(ofHost);
    return whole.over(new PeerPolicy(codes(hosts), !closedByHost, false), closedByHost);
  }

  private List<RuleCode> codes(BitSet numbers) {
    return numbers.stream().mapToObj(rules::get).toList();
  }
}
