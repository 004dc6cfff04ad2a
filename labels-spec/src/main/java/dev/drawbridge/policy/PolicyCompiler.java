package dev.drawbridge.policy;

import dev.drawbridge.policy.compile.EndpointSet;
import dev.drawbridge.policy.compile.IntTable;
import dev.drawbridge.policy.compile.Networks;
import dev.drawbridge.policy.compile.Registry;
import dev.drawbridge.policy.compile.SelectedSets;
import dev.drawbridge.policy.compile.Side;
import dev.drawbridge.policy.labels.Workload;
import dev.drawbridge.policy.language.Rule;
import dev.drawbridge.policy.language.Sentence;
import dev.drawbridge.policy.parse.Bearer;
import dev.drawbridge.policy.read.Match;
import dev.drawbridge.policy.read.RuleCode;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
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
    List<Audit> audited = audited();
    BitSet touched = registry.selectorsOf(appeared);
    touched.or(registry.selectorsOf(vanished));
    EndpointSet[] sets =
        new SelectedSets(input.members(), appeared, vanished)
            .of(registry.selectors(), touched, before.sets);
    Networks networks = networks(host);
    IntTable<Unit> units = units(host, audited, sets, networks);
    return new Policy(input, registry, units, host, audited, sets, networks);
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
        registry.named().forget(endpoint);
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

  /** Whom a line of the host's audits. */
  record Audit(Match who, boolean byRequest) {}

  private List<Audit> audited() {
    return input.host().audited().equals(before.input.host().audited())
        ? before.audited
        : input.host().audited().stream()
            .map(line -> new Audit(registry.ofHost(line.who()), line.byRequest()))
            .toList();
  }

  /**
   * A line keeps its number while it stands in the file, wherever it moves to. A line may be two
   * rules, and the same line another rule: when the group in it has other members.
   */
  private List<HostCode> host() {
    if (input.host().rules().equals(before.input.host().rules())) {
      return before.host;
    }
    var known = new HashMap<String, List<HostCode>>();
    for (HostCode code : before.host.reversed()) {
      known.computeIfAbsent(code.rule().text(), t -> new ArrayList<>(1)).add(code);
    }
    var codes = new ArrayList<HostCode>(input.host().rules().size());
    for (Rule rule : input.host().rules()) {
      RuleCode same = taken(known.getOrDefault(rule.text(), List.of()), rule.sentence());
      codes.add(
          new HostCode(
              rule, same != null ? same : registry.code(rule.sentence(), Optional.empty(), false)));
    }
    return List.copyOf(codes);
  }

  private static @Nullable RuleCode taken(List<HostCode> among, Sentence sentence) {
    for (int i = among.size() - 1; i >= 0; i--) {
      if (among.get(i).rule().sentence().equals(sentence)) {
        return among.remove(i).code();
      }
    }
    return null;
  }

  private Networks networks(List<HostCode> host) {
    var ranges = new TreeSet<Cidr>();
    for (HostCode code : host) {
      ranges.addAll(code.code().ranges);
    }
    own.forEach((_, codes) -> {
      for (RuleCode code : codes) {
        if (!code.ranges.isEmpty()) {
          ranges.addAll(code.ranges);
        }
      }
    });
    return before.networks.with(ranges);
  }

  private IntTable<Unit> units(
      List<HostCode> host, List<Audit> audited, EndpointSet[] sets, Networks networks) {
    var affected = new Affected(before, input, appeared, host, audited, sets, networks);
    var egress = new Assignment(Direction.EGRESS, host, audited, sets);
    var ingress = new Assignment(Direction.INGRESS, host, audited, sets);
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

    /** Whom the host audits, and whether by request. */
    final IntTable<Boolean> audited = new IntTable<>(64);

    Assignment(Direction direction, List<HostCode> host, List<Audit> audited, EndpointSet[] sets) {
      this.direction = direction;
      for (Audit audit : audited) {
        for (int endpoint : sets[audit.who().sure()].raw()) {
          boolean before = Boolean.TRUE.equals(this.audited.find(endpoint));
          this.audited.put(endpoint, before || audit.byRequest());
        }
      }
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
    Mode declared = member.declared().mode();
    // What the host audits it lets pass, but for what it forbids outright.
    Boolean byRequest = assignment.audited.find(member.endpoint());
    boolean audited = byRequest != null;
    Mode mode = audited ? Mode.AUDIT : declared;
    var rules = new ArrayList<RuleCode>();
    for (RuleCode code : codes) {
      // A mode switches the container's own rules, and never the host's.
      if (declared != Mode.OFF && isOwn(code, direction, member.workload())) {
        rules.add(code);
      }
    }
    boolean closedByHost =
        input.defaultDeny()
            || assignment.closesEveryone
            || assignment.closed.find(member.endpoint()) != null;
    boolean closed = closedByHost || rules.stream().anyMatch(rule -> !rule.sentence.adds());
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
      RuleCode rule = rules.get(i);
      ofHost.set(i, !own.contains(rule) && !(audited && rule.allows));
      peers[i] = peers(rule, direction, member.endpoint(), sets);
    }
    boolean firm = closedByHost && !audited;
    return old != null
            && old.isSame(
                mode, Boolean.TRUE.equals(byRequest), closed, firm, rules, ofHost, peers, networks)
        ? old
        : new Side(
            member.endpoint(),
            direction,
            mode,
            Boolean.TRUE.equals(byRequest),
            closed,
            firm,
            rules,
            ofHost,
            peers,
            networks,
            registry.named());
  }

  /**
   * Whom the rule allows or denies there; null where the peer is no selector. Where a name may mean
   * several, a rule that forbids means all of them, and one that allows means none.
   */
  private static @Nullable EndpointSet peers(
      RuleCode rule, Direction direction, int endpoint, EndpointSet[] sets) {
    Match peer = rule.peer(direction);
    Match self = rule.self(direction);
    if (rule.allows
        && self != null
        && self.sure() != self.selector()
        && !sets[self.sure()].contains(endpoint)) {
      return EndpointSet.NONE;
    }
    return peer == null || !peer.isSelector()
        ? null
        : sets[rule.allows ? peer.sure() : peer.selector()];
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
