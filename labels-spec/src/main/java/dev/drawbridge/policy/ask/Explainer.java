package dev.drawbridge.policy.ask;

import dev.drawbridge.policy.Cidr;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Direction;
import dev.drawbridge.policy.Member;
import dev.drawbridge.policy.Mode;
import dev.drawbridge.policy.Origin;
import dev.drawbridge.policy.Peers;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.Ports;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.RuleInfo;
import dev.drawbridge.policy.Verdict;
import dev.drawbridge.policy.ask.Explanation.Advice;
import dev.drawbridge.policy.ask.Explanation.NearMiss;
import dev.drawbridge.policy.ask.Explanation.SideReport;
import dev.drawbridge.policy.compile.Identities;
import dev.drawbridge.policy.compile.PeerPolicy;
import dev.drawbridge.policy.compile.Protocols;
import dev.drawbridge.policy.compile.Side;
import dev.drawbridge.policy.compile.SideSayings;
import dev.drawbridge.policy.kernel.L4Verdict;
import dev.drawbridge.policy.kernel.NetworkEntry;
import dev.drawbridge.policy.labels.Workload;
import dev.drawbridge.policy.language.Party;
import dev.drawbridge.policy.language.Rule;
import dev.drawbridge.policy.language.ZoneRanges;
import dev.drawbridge.policy.parse.SentenceParser;
import dev.drawbridge.policy.read.Ask;
import dev.drawbridge.policy.read.Match;
import dev.drawbridge.policy.read.Protocol;
import dev.drawbridge.policy.read.RuleCode;
import dev.drawbridge.policy.read.Saying;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Says why a verdict is what it is. For people: not fast, and never asked on the data path. */
public final class Explainer {
  private static final int MAX_NEAR = 5;

  /** With a may-not rule, no label lifts what they stand for. */
  private static final Set<Reason> REASONS_OF_MAY_NOT = reasonsOfMayNot();

  private final Policy policy;
  private final int caller;
  private final int callee;
  private final int protocol;
  private final int port;
  private final @Nullable Ask ask;

  private Explainer(
      Policy policy, int caller, int callee, int protocol, int port, @Nullable Ask ask) {
    this.policy = policy;
    this.caller = caller;
    this.callee = callee;
    this.protocol = protocol;
    this.port = port;
    this.ask = ask;
  }

  /** Explains {@link Policy#l4}. */
  public static Explanation l4(Policy policy, int caller, int callee, int protocol, int port) {
    return new Explainer(policy, caller, callee, protocol, port, null).explain();
  }

  /** Explains {@link Policy#judge}. */
  public static Explanation of(Policy policy, int caller, int callee, int port, Ask ask) {
    return new Explainer(policy, caller, callee, ask.transport(), port, ask).explain();
  }

  private static Set<Reason> reasonsOfMayNot() {
    var reasons = EnumSet.of(Reason.UNSUPPORTED_PROTOCOL, Reason.HTTP_PATH_AMBIGUOUS);
    for (Protocol protocol : Protocols.ALL) {
      Reason ruleless = protocol.ruleless();
      if (ruleless != null) {
        reasons.add(ruleless);
      }
    }
    return Collections.unmodifiableSet(reasons);
  }

  private Explanation explain() {
    Verdict verdict = verdict();
    var sides = new ArrayList<SideReport>();
    var advice = new ArrayList<Advice>();
    boolean forbidden = verdict.reason() == Reason.UNKNOWN_ENDPOINT;
    for (Direction direction : Direction.values()) {
      Side side = policy.sideOf(caller, callee, direction);
      if (side == null) {
        continue;
      }
      SideReport report = side(side);
      sides.add(report);
      if (report.decision() == Decision.DENY) {
        forbidden |=
            report.reason() == Reason.RULE_DENIES
                || (isMayNot(side, report) && REASONS_OF_MAY_NOT.contains(report.reason()));
        advise(side).ifPresent(advice::add);
      }
    }
    return new Explanation(verdict, sides, forbidden ? List.of() : advice);
  }

  private Verdict verdict() {
    return ask == null
        ? policy.l4(caller, callee, protocol, port)
        : policy.judge(caller, callee, port, ask);
  }

  /** Whether the rule that decided forbids, whatever its text looks like. */
  private static boolean isMayNot(Side side, SideReport report) {
    int decided = report.decidedBy().map(RuleInfo::number).orElse(0);
    for (RuleCode rule : side.rules) {
      if (rule.number == decided) {
        return !rule.allows;
      }
    }
    return false;
  }

  private int peer(Side side) {
    return side.direction == Direction.EGRESS ? callee : caller;
  }

  private SideReport side(Side side) {
    long saying = SideSayings.sayso(side, peer(side), protocol, port, ask);
    long counts = SideSayings.hostSayso(side, saying, peer(side), protocol, port, ask);
    boolean hosts = side.mode == Mode.AUDIT && Saying.is(L4Verdict.DENY, counts);
    if (hosts) {
      saying = counts;
    }
    Decision decision =
        Saying.is(L4Verdict.DENY, saying)
            ? Decision.DENY
            : Saying.is(L4Verdict.ENGINE, saying) ? Decision.ENGINE : Decision.ALLOW;
    return new SideReport(
        side.direction,
        name(side.owner),
        // The host's denial is enforced whatever the container's mode is.
        hosts ? Mode.ENFORCE : side.mode,
        side.closed,
        decision,
        Saying.reason(saying),
        policy.rule(Saying.rule(saying)),
        decision == Decision.DENY ? near(side) : List.of());
  }

  private String name(int endpoint) {
    return workload(endpoint).map(Workload::name).orElse("");
  }

  private Optional<Workload> workload(int endpoint) {
    return policy.member(endpoint).map(Member::workload);
  }

  private List<NearMiss> near(Side side) {
    var near = new ArrayList<NearMiss>();
    PeerPolicy towards = side.forPeer(peer(side));
    for (RuleCode rule : side.rules) {
      Optional<String> miss =
          rule.allows && !isForNobody(side, rule)
              ? onlyMiss(side, rule, towards.rules().contains(rule))
              : Optional.empty();
      if (miss.isPresent() && near.size() < MAX_NEAR) {
        policy.rule(rule.number).ifPresent(info -> near.add(new NearMiss(info, miss.get())));
      }
    }
    return near;
  }

  private static boolean isForNobody(Side side, RuleCode rule) {
    Match peer = rule.peer(side.direction);
    return peer != null && peer.party() == Party.Entity.NOBODY;
  }

  /** The one thing that keeps the rule from matching; nothing if it is none or several. */
  private Optional<String> onlyMiss(Side side, RuleCode rule, boolean peerFits) {
    var misses = new ArrayList<String>();
    if (!peerFits) {
      Match peer = rule.peer(side.direction);
      misses.add("it is about " + (peer == null ? "another peer" : peer.party().print()));
    }
    if (rule.isUnsupported()) {
      misses.add("no engine reads its protocol yet");
    } else {
      portMisses(rule, misses);
    }
    Protocol reader = rule.protocol;
    Ask asked = ask;
    if (reader != null && asked != null) {
      if (reader.equals(asked.protocol())) {
        misses.addAll(reader.misses(rule, asked));
      } else {
        misses.add("it is about " + reader.about());
      }
    }
    return misses.size() == 1 ? Optional.of(misses.getFirst()) : Optional.empty();
  }

  private void portMisses(RuleCode rule, List<String> misses) {
    if (!rule.ports.isEmpty() && !coversPort(rule)) {
      misses.add(
          "it is about "
              + (rule.connects ? rule.ports.print() : "port " + rule.ports.printNumbers()));
    }
  }

  private boolean coversPort(RuleCode rule) {
    return rule.ports.covers(protocol == Ports.ICMPV6 ? Ports.ICMP : protocol, port);
  }

  private Optional<Advice> advise(Side side) {
    Optional<Workload> owner = workload(side.owner);
    Optional<String> what = ask == null ? l4Action() : action(ask);
    if (owner.isEmpty() || what.isEmpty()) {
      return Optional.empty();
    }
    String who = party(peer(side), owner.get());
    String sentence =
        side.direction == Direction.INGRESS
            ? who + " may " + what.get()
            : "may " + onObject(what.get(), who);
    return Optional.of(new Advice(owner.get().name(), freeKey(side), sentence));
  }

  private static String onObject(String action, String who) {
    int port = action.indexOf(" port ");
    return port < 0
        ? action + " on " + who
        : action.substring(0, port) + " on " + who + action.substring(port);
  }

  private Optional<String> l4Action() {
    if (protocol == Ports.ICMP || protocol == Ports.ICMPV6) {
      return Optional.of("connect icmp");
    }
    boolean named = protocol == Ports.TCP || protocol == Ports.UDP || protocol == Ports.SCTP;
    return named && port > 0
        ? Optional.of("connect " + port + "/" + Ports.protocolName(protocol))
        : Optional.empty();
  }

  private Optional<String> action(Ask asked) {
    return asked.actions().stream().map(this::portIfNamed).flatMap(Optional::stream).findFirst();
  }

  /** With the port only where a connect rule names it, so that the rule governs it. */
  private Optional<String> portIfNamed(String action) {
    boolean readable =
        SentenceParser.label(new Origin.Label("advice"), "anyone may " + action).ok();
    if (!readable) {
      return Optional.empty();
    }
    boolean named = false;
    for (Direction direction : Direction.values()) {
      Side side = policy.sideOf(caller, callee, direction);
      if (side != null && side.guarded()) {
        for (RuleCode rule : side.forPeer(peer(side)).rules()) {
          named |= rule.namesTcpPort(port);
        }
      }
    }
    return Optional.of(named ? action + " port " + port : action);
  }

  private String party(int peer, Workload bearer) {
    if (peer == Peers.HOST) {
      return "host";
    }
    if (Peers.isNetwork(peer)) {
      for (NetworkEntry entry : policy.networks()) {
        if (entry.peer() == peer) {
          return isInternet(entry.range()) ? Party.Zone.INTERNET.print() : entry.range().print();
        }
      }
    }
    return workload(peer).map(other -> Identities.describe(other, bearer)).orElse("world");
  }

  /** All that is left of such a range where the word is in use: nobody is advised to open more. */
  private boolean isInternet(Cidr range) {
    return ZoneRanges.REACHABLE.contains(range)
        && policy.networks().stream()
            .map(NetworkEntry::range)
            .toList()
            .containsAll(ZoneRanges.NOT_REACHABLE);
  }

  private String freeKey(Side side) {
    var taken = new ArrayList<String>();
    policy
        .member(side.owner)
        .ifPresent(member -> {
          for (Rule rule : member.declared().rules()) {
            if (rule.origin() instanceof Origin.Label(var key, int line)) {
              taken.add(key);
            }
          }
        });
    String key = "drawbridge.policy.allow";
    for (int i = 2; taken.contains(key); i++) {
      key = "drawbridge.policy.allow" + i;
    }
    return key;
  }
}
