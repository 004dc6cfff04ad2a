package dev.drawbridge.policy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Compiles a generation, taking over from the one before whatever has not changed. */
final class PolicyCompiler {
  /** A container with everything compiled for it. */
  record Unit(Member member, List<RuleCode> own, Side egress, Side ingress) {
    /** The same for an equal member: the object that comes again is compared at a glance. */
    @SuppressWarnings("ReferenceEquality") // that is the point
    Unit of(Member equal) {
      return equal == member ? this : new Unit(equal, own, egress, ingress);
    }
  }

  /** A rule of the host's files. */
  record HostCode(Rule rule, RuleCode code) {}

  /** Up to so many new selectors, asking every container is cheaper than an index of them. */
  private static final int FEW_SELECTORS = 16;

  private final Policy before;
  private final PolicyInput input;
  private final Registry registry;
  private final IntTable<List<RuleCode>> own;
  private final List<Member> appeared = new ArrayList<>();
  private final List<Member> vanished = new ArrayList<>();

  PolicyCompiler(Policy before, PolicyInput input) {
    this.before = before;
    this.input = input;
    this.registry = before.registry;
    this.own = new IntTable<>(input.members().size());
  }

  Policy compile() {
    members();
    List<HostCode> host = host();
    EndpointSet[] sets = sets();
    Networks networks = networks(host);
    IntTable<Unit> units = units(host, sets, networks);
    return new Policy(input, registry, units, host, sets, networks);
  }

  private void members() {
    var present = new IntTable<Member>(input.members().size());
    for (Member member : input.members()) {
      if (present.find(member.endpoint()) != null) {
        throw new IllegalArgumentException("two containers are endpoint " + member.endpoint());
      }
      present.put(member.endpoint(), member);
      Unit unit = before.units.find(member.endpoint());
      if (unit != null && isSame(unit.member(), member)) {
        own.put(member.endpoint(), unit.own());
        continue;
      }
      if (unit != null) {
        vanished.add(unit.member());
      }
      appeared.add(member);
      own.put(member.endpoint(), codes(member));
    }
    before.units.forEach((endpoint, unit) -> {
      if (present.find(endpoint) == null) {
        vanished.add(unit.member());
      }
    });
  }

  /** Most members are the very object of the generation before. */
  @SuppressWarnings("ReferenceEquality") // the quick answer; equals gives the others
  private static boolean isSame(Member one, Member other) {
    return one == other || one.equals(other);
  }

  private List<RuleCode> codes(Member member) {
    var codes = new ArrayList<RuleCode>(member.declared().rules().size());
    for (Rule rule : member.declared().rules()) {
      codes.add(registry.code(rule.sentence(), member.workload().composeProject(), true));
    }
    return List.copyOf(codes);
  }

  /** A line keeps its number while its text stands in the file, wherever it moves to. */
  private List<HostCode> host() {
    if (input.host().equals(before.input.host())) {
      return before.host;
    }
    var known = new HashMap<String, List<HostCode>>();
    for (HostCode code : before.host.reversed()) {
      known.computeIfAbsent(code.rule().text(), t -> new ArrayList<>(1)).add(code);
    }
    var codes = new ArrayList<HostCode>(input.host().rules().size());
    for (Rule rule : input.host().rules()) {
      List<HostCode> same = known.get(rule.text());
      codes.add(
          same != null && !same.isEmpty()
              ? new HostCode(rule, same.removeLast().code())
              : new HostCode(rule, registry.code(rule.sentence(), Optional.empty(), false)));
    }
    return List.copyOf(codes);
  }

  private EndpointSet[] sets() {
    List<Registry.Key> keys = registry.selectors();
    EndpointSet[] old = before.sets;
    EndpointSet[] sets = Arrays.copyOf(old, Math.max(old.length, keys.size()));
    for (int i = 0; i < old.length; i++) {
      sets[i] = changed(keys.get(i), old[i]);
    }
    int fresh = keys.size() - old.length;
    if (fresh > FEW_SELECTORS) {
      var index = new MemberIndex(input.members());
      for (int i = old.length; i < keys.size(); i++) {
        sets[i] = index.select(keys.get(i));
      }
    } else if (fresh > 0) {
      for (int i = old.length; i < keys.size(); i++) {
        sets[i] = select(keys.get(i));
      }
    }
    return sets;
  }

  private EndpointSet select(Registry.Key key) {
    int[] found = new int[input.members().size()];
    int count = 0;
    for (Member member : input.members()) {
      if (key.matches(member.workload())) {
        found[count++] = member.endpoint();
      }
    }
    found = Arrays.copyOf(found, count);
    Arrays.sort(found);
    return EndpointSet.ofSorted(found);
  }

  private EndpointSet changed(Registry.Key key, EndpointSet old) {
    SortedSet<Integer> next = null;
    for (Member gone : vanished) {
      if (key.matches(gone.workload())) {
        next = next == null ? copy(old) : next;
        next.remove(gone.endpoint());
      }
    }
    for (Member come : appeared) {
      if (key.matches(come.workload())) {
        next = next == null ? copy(old) : next;
        next.add(come.endpoint());
      }
    }
    if (next == null) {
      return old;
    }
    EndpointSet made = EndpointSet.ofSorted(next.stream().mapToInt(Integer::intValue).toArray());
    return made.equals(old) ? old : made;
  }

  private static SortedSet<Integer> copy(EndpointSet set) {
    var copy = new TreeSet<Integer>();
    for (int endpoint : set.raw()) {
      copy.add(endpoint);
    }
    return copy;
  }

  private Networks networks(List<HostCode> host) {
    var ranges = new TreeSet<Cidr>();
    for (HostCode code : host) {
      ranges(code.code(), ranges);
    }
    own.forEach((_, codes) -> codes.forEach(code -> ranges(code, ranges)));
    return before.networks.with(ranges);
  }

  private static void ranges(RuleCode code, Set<Cidr> ranges) {
    ranges(code.subject, ranges);
    ranges(code.object, ranges);
  }

  private static void ranges(@Nullable Match match, Set<Cidr> ranges) {
    if (match != null && match.party() instanceof Party.Network(var range, var except)) {
      ranges.add(range);
      ranges.addAll(except);
    }
  }

  private IntTable<Unit> units(List<HostCode> host, EndpointSet[] sets, Networks networks) {
    var affected = new Affected(before, input, appeared, host, sets, networks);
    var egress = new Assignment(Direction.EGRESS, host, sets);
    var ingress = new Assignment(Direction.INGRESS, host, sets);
    var units = new IntTable<Unit>(input.members().size());
    for (Member member : input.members()) {
      Unit old = before.units.find(member.endpoint());
      if (old != null && !affected.contains(old)) {
        units.put(member.endpoint(), old.of(member));
        continue;
      }
      List<RuleCode> codes = Objects.requireNonNullElse(own.find(member.endpoint()), List.of());
      Side out = side(egress, member, codes, old == null ? null : old.egress(), sets, networks);
      Side in = side(ingress, member, codes, old == null ? null : old.ingress(), sets, networks);
      units.put(member.endpoint(), new Unit(member, codes, out, in));
    }
    return units;
  }

  /** The host's rules, container by container. */
  private static final class Assignment {
    final Direction direction;
    final List<RuleCode> everyone = new ArrayList<>();
    final IntTable<List<RuleCode>> some = new IntTable<>(64);
    boolean closesEveryone;
    final IntTable<Boolean> closed = new IntTable<>(64);

    Assignment(Direction direction, List<HostCode> host, EndpointSet[] sets) {
      this.direction = direction;
      for (HostCode hostCode : host) {
        RuleCode code = hostCode.code();
        Match self = code.self(direction);
        if (self == null || !code.speaksFor(direction)) {
          continue;
        }
        boolean closes = code.closes(direction);
        if (self.isAnyone()) {
          everyone.add(code);
          closesEveryone |= closes;
        } else if (self.isSelector()) {
          for (int endpoint : sets[self.selector()].raw()) {
            add(endpoint, code, closes);
          }
        }
      }
    }

    private void add(int endpoint, RuleCode code, boolean closes) {
      List<RuleCode> list = some.find(endpoint);
      if (list == null) {
        list = new ArrayList<>();
        some.put(endpoint, list);
      }
      list.add(code);
      if (closes) {
        closed.put(endpoint, true);
      }
    }
  }

  private Side side(
      Assignment assignment,
      Member member,
      List<RuleCode> codes,
      @Nullable Side old,
      EndpointSet[] sets,
      Networks networks) {
    Direction direction = assignment.direction;
    Mode mode = member.declared().mode();
    var rules = new ArrayList<RuleCode>();
    for (RuleCode code : codes) {
      // A mode switches the container's own rules, and never the host's.
      if (mode != Mode.OFF && isOwn(code, direction, member.workload())) {
        rules.add(code);
      }
    }
    boolean closedByHost =
        input.defaultDeny()
            || assignment.closesEveryone
            || assignment.closed.find(member.endpoint()) != null;
    boolean closed = closedByHost || !rules.isEmpty();
    Set<RuleCode> own = Collections.newSetFromMap(new IdentityHashMap<>());
    own.addAll(rules);
    List<RuleCode> some = assignment.some.find(member.endpoint());
    if (some != null) {
      rules.addAll(some);
    }
    rules.addAll(assignment.everyone);
    rules.sort((a, b) -> Integer.compare(a.number, b.number));
    @Nullable EndpointSet[] peers = new EndpointSet[rules.size()];
    var ofHost = new BitSet(peers.length);
    for (int i = 0; i < peers.length; i++) {
      ofHost.set(i, !own.contains(rules.get(i)));
      Match peer = rules.get(i).peer(direction);
      peers[i] = peer != null && peer.isSelector() ? sets[peer.selector()] : null;
    }
    return old != null && old.isSame(mode, closed, closedByHost, rules, peers, networks)
        ? old
        : new Side(
            member.endpoint(),
            direction,
            mode,
            closed,
            closedByHost,
            rules,
            ofHost,
            peers,
            networks);
  }

  /** A label speaks for the side that it leaves out, or for the one that is its bearer. */
  static boolean isOwn(RuleCode code, Direction direction, Workload bearer) {
    Match self = code.self(direction);
    if (self != null) {
      return code.peer(direction) != null && Bearer.matches(self.party(), bearer);
    }
    return code.peer(direction) != null;
  }
}
