package dev.drawbridge.policy;

import dev.drawbridge.policy.Explanation.Advice;
import dev.drawbridge.policy.Explanation.NearMiss;
import dev.drawbridge.policy.Explanation.SideReport;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Says why a verdict is what it is. For people: not fast, and never asked on the data path. */
public final class Explainer {
  private static final int MAX_NEAR = 5;

  /** With a may-not rule, no label lifts what they stand for. */
  private static final Set<Reason> REASONS_OF_MAY_NOT =
      EnumSet.of(
          Reason.UNSUPPORTED_PROTOCOL, Reason.TLS_UNDER_HTTP_RULE, Reason.HTTP_PATH_AMBIGUOUS);

  private final Policy policy;
  private final int caller;
  private final int callee;
  private final int protocol;
  private final int port;
  private final @Nullable HttpRequest request;
  private final @Nullable String serverName;

  private Explainer(
      Policy policy,
      int caller,
      int callee,
      int protocol,
      int port,
      @Nullable HttpRequest request,
      @Nullable String serverName) {
    this.policy = policy;
    this.caller = caller;
    this.callee = callee;
    this.protocol = protocol;
    this.port = port;
    this.request = request;
    this.serverName = serverName;
  }

  /** Explains {@link Policy#l4}. */
  public static Explanation l4(Policy policy, int caller, int callee, int protocol, int port) {
    return new Explainer(policy, caller, callee, protocol, port, null, null).explain();
  }

  /** Explains {@link Policy#http}. */
  public static Explanation http(
      Policy policy, int caller, int callee, int port, HttpRequest request) {
    return new Explainer(policy, caller, callee, Ports.TCP, port, request, null).explain();
  }

  /** Explains {@link Policy#tls}. */
  public static Explanation tls(
      Policy policy, int caller, int callee, int port, String serverName) {
    return new Explainer(policy, caller, callee, Ports.TCP, port, null, serverName).explain();
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
    if (serverName != null) {
      return policy.tls(caller, callee, port, serverName);
    }
    return request == null
        ? policy.l4(caller, callee, protocol, port)
        : policy.http(caller, callee, port, request);
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
    long saying =
        Policy.sayso(side, Policy.span(side, peer(side), protocol, port), request, serverName);
    long counts = Policy.hostSayso(side, saying, peer(side), protocol, port, request, serverName);
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
    return Optional.ofNullable(policy.units.find(endpoint)).map(unit -> unit.member().workload());
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
    switch (rule.kind) {
      case UNSUPPORTED -> misses.add("no engine reads its protocol yet");
      case CONNECT -> portMisses(rule, misses);
      case HTTP -> {
        HttpRequest asked = request;
        if (asked != null) {
          httpMisses(rule, asked, misses);
        } else {
          portMisses(rule, misses);
          if (serverName != null) {
            misses.add("it is about HTTP in the clear");
          }
        }
      }
      case TLS -> {
        portMisses(rule, misses);
        String asked = serverName;
        if (request != null) {
          misses.add("it is about TLS");
        } else if (asked != null
            && !TlsRules.fits(rule, asked)
            && rule.sentence.action() instanceof Action.OpenTls(var name)) {
          misses.add("it is about " + name.print() + ", not " + asked);
        }
      }
    }
    return misses.size() == 1 ? Optional.of(misses.getFirst()) : Optional.empty();
  }

  private void portMisses(RuleCode rule, List<String> misses) {
    if (!rule.ports.isEmpty() && !coversPort(rule)) {
      misses.add("it is about " + rule.ports.print());
    }
  }

  private boolean coversPort(RuleCode rule) {
    return rule.ports.covers(protocol == Ports.ICMPV6 ? Ports.ICMP : protocol, port);
  }

  private void httpMisses(RuleCode rule, HttpRequest asked, List<String> misses) {
    if (!rule.ports.isEmpty() && !coversPort(rule)) {
      misses.add("it is about port " + rule.ports.printNumbers());
    }
    if (rule.sentence.action() instanceof Action.Http(var methods, var path)) {
      requestLineMisses(methods, path, path.print(), asked, misses);
    } else if (rule.sentence.action() instanceof Action.Call(var target)) {
      requestLineMisses(List.of("POST"), Regexes.callPath(target), target, asked, misses);
    }
    if (HttpRules.conditionsHold(rule, asked)) {
      return;
    }
    if (rule.wantsGrpc && GrpcContentType.of(asked.headers()) == GrpcContentType.NONE) {
      misses.add("it is about gRPC, whose content-type is application/grpc");
    } else {
      misses.add(
          "it asks for "
              + String.join(
                  " ", rule.sentence.conditions().stream().map(Condition::print).toList()));
    }
  }

  private static void requestLineMisses(
      List<String> methods,
      PathPattern path,
      String written,
      HttpRequest asked,
      List<String> misses) {
    if (!methods.isEmpty() && !methods.contains(asked.method())) {
      misses.add("it is about " + String.join(",", methods));
    }
    for (String reading : asked.paths()) {
      if (!Regexes.matches(path, reading)) {
        misses.add("it is about " + written + ", not " + reading);
        break;
      }
    }
  }

  private Optional<Advice> advise(Side side) {
    Optional<Workload> owner = workload(side.owner);
    Optional<String> what =
        serverName != null
            ? tlsAction(serverName)
            : request == null ? l4Action() : httpAction(request);
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

  /** With the port only where a connect rule names it, so that the rule governs it. */
  private Optional<String> httpAction(HttpRequest asked) {
    String path = asked.paths().getFirst();
    if (asked.method().equals("POST")
        && GrpcContentType.of(asked.headers()) != GrpcContentType.NONE
        && path.startsWith("/")) {
      Optional<String> call = portIfNamed("call " + path.substring(1));
      if (call.isPresent()) {
        return call;
      }
    }
    return portIfNamed(asked.method() + " " + path);
  }

  private Optional<String> tlsAction(String name) {
    return portIfNamed("open tls to " + name);
  }

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
          return entry.range().print();
        }
      }
    }
    return workload(peer).map(other -> Identities.describe(other, bearer)).orElse("world");
  }

  private String freeKey(Side side) {
    PolicyCompiler.Unit unit = policy.units.find(side.owner);
    var taken = new ArrayList<String>();
    if (unit != null) {
      for (Rule rule : unit.member().declared().rules()) {
        if (rule.origin() instanceof Origin.Label(var key, int line)) {
          taken.add(key);
        }
      }
    }
    String key = "drawbridge.policy.allow";
    for (int i = 2; taken.contains(key); i++) {
      key = "drawbridge.policy.allow" + i;
    }
    return key;
  }
}
