package dev.drawbridge.policy;

import dev.drawbridge.policy.compile.JudgedSpan;
import dev.drawbridge.policy.compile.PeerPolicy;
import dev.drawbridge.policy.compile.Protocols;
import dev.drawbridge.policy.compile.Side;
import dev.drawbridge.policy.kernel.L4Verdict;
import dev.drawbridge.policy.labels.Workload;
import dev.drawbridge.policy.language.Party;
import dev.drawbridge.policy.language.Rule;
import dev.drawbridge.policy.language.Term;
import dev.drawbridge.policy.read.Match;
import dev.drawbridge.policy.read.Protocol;
import dev.drawbridge.policy.read.ProtocolRules;
import dev.drawbridge.policy.read.ReadRule;
import dev.drawbridge.policy.read.RuleCode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** Warnings that one sentence alone does not show. */
final class PolicyProblems {
  private static final int DNS_OVER_TLS = 853;
  private static final int DNS_OVER_HTTPS = 443;

  private static final int MAX_PROBLEMS = 1000;

  private final Policy policy;
  private final List<Problem> problems = new ArrayList<>();
  private final Set<Integer> doubted = new HashSet<>();
  private final Set<Integer> passed = new HashSet<>();

  private PolicyProblems(Policy policy) {
    this.policy = policy;
  }

  static List<Problem> of(Policy policy) {
    var finder = new PolicyProblems(policy);
    for (PolicyCompiler.HostCode code : policy.host) {
      finder.rule(code.rule(), code.code(), Optional.empty());
    }
    for (Member member : policy.input.members()) {
      finder.member(member);
    }
    return List.copyOf(finder.problems.subList(0, Math.min(MAX_PROBLEMS, finder.problems.size())));
  }

  static List<Problem> of(Policy policy, int endpoint) {
    var finder = new PolicyProblems(policy);
    PolicyCompiler.Unit unit = policy.units.find(endpoint);
    if (unit != null) {
      finder.member(unit.member());
    }
    return List.copyOf(finder.problems);
  }

  private void member(Member member) {
    PolicyCompiler.Unit unit = policy.units.find(member.endpoint());
    if (unit == null) {
      return;
    }
    List<Rule> rules = member.declared().rules();
    for (int i = 0; i < rules.size(); i++) {
      rule(rules.get(i), unit.own().get(i), Optional.of(member.workload()));
    }
    aside(member, unit.egress());
    side(member, unit.egress());
    side(member, unit.ingress());
  }

  /** Whoever may connect to such a port of anybody can ask for any name there. */
  private void aside(Member member, Side side) {
    if (!side.judgesNames()) {
      return;
    }
    RuleCode resolves = side.rules.stream().filter(RuleCode::resolves).findFirst().orElseThrow();
    for (int port : List.of(DNS_OVER_TLS, DNS_OVER_HTTPS)) {
      if (side.forPeer(Peers.WORLD).find(Ports.TCP, port).verdict() == L4Verdict.ALLOW) {
        add(
            ProblemCode.NAMES_ASIDE,
            origin(resolves),
            text(resolves),
            member.workload().name()
                + " may connect to port "
                + port
                + " of the world, where names are asked for in TLS: what it asks there is not"
                + " judged",
            "'connect " + port + "' on names or ranges, or 'open tls to NAME'");
        return;
      }
    }
  }

  private void side(Member member, Side side) {
    if (!side.closed || side.rules.isEmpty()) {
      return;
    }
    boolean allows = false;
    for (RuleCode rule : side.rules) {
      Match peer = rule.peer(side.direction);
      allows |= rule.allows;
      allows |= peer != null && peer.party() == Party.Entity.NOBODY;
    }
    String who = member.workload().name();
    String way = side.direction == Direction.EGRESS ? "out" : "in";
    if (!allows) {
      add(
          ProblemCode.ONLY_DENIES,
          origin(side.rules.getFirst()),
          text(side.rules.getFirst()),
          "only may-not rules speak of what goes " + way + " of " + who + ": nothing is allowed",
          "a rule that allows something");
    }
    for (PeerPolicy towards : side.policies()) {
      besideOthers(towards);
      passedBy(towards);
    }
    for (PeerPolicy towards : side.policies()) {
      if (towards.truncated()) {
        add(
            ProblemCode.TOO_MANY_RANGES,
            origin(towards.rules().getFirst()),
            text(towards.rules().getFirst()),
            "the rules for what goes "
                + way
                + " of "
                + who
                + " need more than 32 port ranges: the"
                + " highest are denied",
            "fewer or wider ranges");
        return;
      }
    }
  }

  private void rule(Rule rule, RuleCode code, Optional<Workload> bearer) {
    if (code.isUnsupported()) {
      add(
          ProblemCode.NOT_ENFORCEABLE,
          rule.origin(),
          rule.text(),
          code.allows
              ? "no engine reads this protocol yet: the rule allows nothing"
              : "no engine reads this protocol yet: its ports are denied whole",
          "an HTTP or connect rule for now");
    }
    for (Protocol protocol : code.protocol == null ? List.<Protocol>of() : Protocols.ALL) {
      if (!protocol.equals(code.protocol)) {
        protocol
            .doubts(code)
            .ifPresent(d -> add(d.code(), rule.origin(), rule.text(), d.message(), d.expected()));
      }
    }
    match(rule, code.subject, bearer);
    match(rule, code.object, bearer);
  }

  /** What is forbidden of what an engine reads, and not on a port that a connect rule names. */
  private void passedBy(PeerPolicy towards) {
    for (RuleCode deny : towards.rules()) {
      Protocol protocol = deny.protocol;
      if (deny.allows || protocol == null || !deny.ports.isEmpty()) {
        continue;
      }
      for (RuleCode connect : towards.rules()) {
        Optional<Integer> port = connect.allows ? connect.firstTcpPort() : Optional.empty();
        if (port.isPresent() && passed.add(deny.number)) {
          add(
              ProblemCode.PASSED_BY,
              origin(deny),
              text(deny),
              "'" + text(connect) + "' names port " + port.get() + ": there it is not looked for",
              "'port "
                  + port.get()
                  + "' if "
                  + protocol.name().toUpperCase(Locale.ROOT)
                  + " is spoken there");
        }
      }
    }
  }

  /** Rules of one protocol that those of another on the same port put in doubt. */
  private void besideOthers(PeerPolicy towards) {
    for (JudgedSpan span : towards.spans()) {
      for (ProtocolRules own : span.read()) {
        for (ProtocolRules others : span.read()) {
          for (ReadRule other : own.equals(others) ? List.<ReadRule>of() : others.rules()) {
            own.protocol()
                .doubtsBeside(other, text(own.rules().getFirst()))
                .filter(_ -> doubted.add(other.number()))
                .ifPresent(
                    d -> add(d.code(), origin(other), text(other), d.message(), d.expected()));
          }
        }
      }
    }
  }

  private void match(
      Rule rule, @org.jspecify.annotations.Nullable Match match, Optional<Workload> bearer) {
    if (match == null) {
      return;
    }
    if (!(match.party() instanceof Party.Selector selector)) {
      return;
    }
    boolean bare =
        selector.terms().stream()
            .anyMatch(t -> t instanceof Term.Service(var project, var name) && project.isEmpty());
    if (bare && bearer.isPresent() && bearer.get().composeProject().isEmpty()) {
      add(
          ProblemCode.NO_PROJECT,
          rule.origin(),
          rule.text(),
          bearer.get().name() + " belongs to no compose project, so service: matches nothing",
          "service:PROJECT/NAME, container:NAME or a label");
    } else if (policy.sets[match.selector()].isEmpty()) {
      add(
          ProblemCode.NEVER_MATCHES,
          rule.origin(),
          rule.text(),
          "no container is '" + selector.print() + "' at present",
          "a selector of a container");
    } else if (match.sure() != match.selector()
        && !policy.sets[match.sure()].equals(policy.sets[match.selector()])) {
      add(
          ProblemCode.SHARED_NAME,
          rule.origin(),
          rule.text(),
          "several projects have a service that '"
              + selector.print()
              + "' means: "
              + (rule.sentence().allows()
                  ? "the rule allows none of them anything"
                  : "the rule denies all of them"),
          "service:PROJECT/NAME");
    }
  }

  private Origin origin(ReadRule code) {
    return policy
        .rule(code.number())
        .map(RuleInfo::origin)
        .orElseThrow(() -> new IllegalStateException("rule " + code.number() + " is not listed"));
  }

  private String text(ReadRule code) {
    return policy.rule(code.number()).map(RuleInfo::text).orElse("");
  }

  private void add(ProblemCode code, Origin origin, String text, String message, String expected) {
    var problem =
        new Problem(
            code.code(),
            Severity.WARNING,
            origin,
            1,
            text.length(),
            message,
            expected,
            Optional.empty(),
            Optional.of(text));
    // One line may be two rules.
    if (problems.isEmpty() || !problems.getLast().equals(problem)) {
      problems.add(problem);
    }
  }
}
