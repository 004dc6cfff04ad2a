package dev.drawbridge.policy;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** One direction of one container. Outlives generations that do not concern it. */
final class Side {
  final int owner;
  final Direction direction;
  final Mode mode;

  /** Some rule selects it, or the host's default is deny. */
  final boolean closed;

  /** In the order of their numbers. */
  final List<RuleCode> rules;

  /** The selectors' containers, rule by rule; null where the peer is no selector. */
  private final @Nullable EndpointSet[] sets;

  private final Networks networks;
  private final boolean guarded;
  private volatile @Nullable Groups groups;

  Side(
      int owner,
      Direction direction,
      Mode mode,
      boolean closed,
      List<RuleCode> rules,
      @Nullable EndpointSet[] sets,
      Networks networks) {
    this.owner = owner;
    this.direction = direction;
    this.mode = mode;
    this.closed = closed;
    this.rules = rules;
    this.sets = sets;
    this.networks = networks;
    this.guarded = closed || anyDenies(rules);
  }

  private record Groups(PeerPolicy any, IntTable<PeerPolicy> byPeer, List<PairEntry> pairs) {}

  /** Whether a table must be asked: closed, or open with rules that deny. */
  boolean guarded() {
    return guarded;
  }

  private static boolean anyDenies(List<RuleCode> rules) {
    for (RuleCode rule : rules) {
      if (!rule.allows) {
        return true;
      }
    }
    return false;
  }

  /** Whether this side would come out the same from these parts. */
  @SuppressWarnings("ReferenceEquality") // the compiler hands unchanged parts on as they are
  boolean isSame(
      Mode newMode,
      boolean newClosed,
      List<RuleCode> newRules,
      @Nullable EndpointSet[] newSets,
      Networks newNetworks) {
    if (mode != newMode
        || closed != newClosed
        || rules.size() != newRules.size()
        || (networks != newNetworks && caresForAddresses())) {
      return false;
    }
    for (int i = 0; i < newSets.length; i++) {
      if (rules.get(i) != newRules.get(i) || sets[i] != newSets[i]) {
        return false;
      }
    }
    return true;
  }

  /** Networks are parts of the world: a rule on either makes their list matter. */
  private boolean caresForAddresses() {
    for (RuleCode rule : rules) {
      Match peer = rule.peer(direction);
      if (peer != null
          && (peer.party() == Party.Entity.WORLD || peer.party() instanceof Party.Network)) {
        return true;
      }
    }
    return false;
  }

  PeerPolicy forPeer(int peer) {
    Groups made = groups();
    PeerPolicy own = made.byPeer.find(peer);
    return own != null ? own : made.any;
  }

  List<PairEntry> pairs() {
    return guarded() ? groups().pairs : List.of();
  }

  /** Every distinct policy towards some peer. */
  List<PeerPolicy> policies() {
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
      } else if (peer.party() instanceof Party.Network) {
        addresses = true;
      }
    }
    if (!world.isEmpty()) {
      byPeer.put(Peers.WORLD, world);
    }
    if (addresses || !world.isEmpty()) {
      addNetworks(byPeer, world);
    }
    return group(anyone, byPeer);
  }

  private void addNetworks(Map<Integer, BitSet> byPeer, BitSet world) {
    for (Map.Entry<Cidr, Integer> entry : networks.entries()) {
      var mine = new BitSet();
      mine.or(world);
      for (int i = 0; i < rules.size(); i++) {
        Match peer = rules.get(i).peer(direction);
        if (peer != null
            && peer.party() instanceof Party.Network network
            && Networks.belongs(entry.getKey(), network)) {
          mine.set(i);
        }
      }
      if (!mine.isEmpty()) {
        byPeer.put(entry.getValue(), mine);
      }
    }
  }

  private Groups group(BitSet anyone, Map<Integer, BitSet> byPeer) {
    var bySignature = new HashMap<BitSet, PeerPolicy>();
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
    return new Groups(any, table, List.copyOf(pairs));
  }

  private PeerPolicy policy(BitSet signature) {
    var mine = new ArrayList<RuleCode>(signature.cardinality());
    for (int i = signature.nextSetBit(0); i >= 0; i = signature.nextSetBit(i + 1)) {
      mine.add(rules.get(i));
    }
    return new PeerPolicy(mine, !closed);
  }
}
