package dev.drawbridge.tools.lint;

import dev.drawbridge.policy.LinkRanges;
import dev.drawbridge.policy.Ports;
import dev.drawbridge.policy.Problem;
import dev.drawbridge.policy.ProblemCode;
import dev.drawbridge.policy.Severity;
import dev.drawbridge.policy.dns.DnsAsk;
import dev.drawbridge.policy.language.Action;
import dev.drawbridge.policy.language.NamePattern;
import dev.drawbridge.policy.language.Party;
import dev.drawbridge.policy.language.Rule;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Rules about names that no address is ever known by, those that forbid more than the name, as
 * names may share an address, and those by which a resolver is hardly reached.
 */
final class NameRules {
  /** They lead to the host or to what is of the link, and neither is known by a name: SPEC Z6. */
  private static final Set<String> OF_THE_HOST =
      Set.of("host.docker.internal", "gateway.docker.internal");

  private static final Set<String> OF_THE_LINK = Set.of("metadata.google.internal");

  private static final int HTTPS = 443;

  /** Port 53 in the list of ports, without a protocol. */
  private static final Pattern BARE_DNS =
      Pattern.compile("\\bmay\\s+(?:also\\s+)?connect\\s+(?:\\S*,)?(53)(?=[\\s,]|$)");

  /** Who is in every other party that is a container. */
  private static final Set<String> EVERYBODY = Set.of("anyone", "containers");

  private NameRules() {}

  static List<Problem> find(List<Rule> rules) {
    var problems = new ArrayList<Problem>();
    for (Rule rule : rules) {
      tcpAlone(rule, rules).ifPresent(problems::add);
      if (rule.sentence().object().orElse(null) instanceof Party.Name name) {
        if (rule.sentence().allows()) {
          never(rule, name).ifPresent(problems::add);
        } else {
          shared(rule, name, rules).ifPresent(problems::add);
        }
      }
    }
    return problems;
  }

  private static Optional<Problem> never(Rule rule, Party.Name name) {
    String printed = name.pattern().print();
    if (OF_THE_HOST.contains(printed) || printed.endsWith(".localhost")) {
      return Optional.of(
          problem(
              ProblemCode.NEVER_MATCHES,
              rule,
              printed,
              "that name leads to the host, which is never known by a name",
              "'host', or an address",
              Optional.of("host")));
    }
    if (OF_THE_LINK.contains(printed)) {
      return Optional.of(
          problem(
              ProblemCode.NEVER_MATCHES,
              rule,
              printed,
              "that name leads to an address of the link, which is never known by a name",
              "the address, such as 169.254.169.254",
              Optional.empty()));
    }
    boolean linkAlone =
        !name.within().isEmpty()
            && name.within().stream()
                .allMatch(
                    part -> part instanceof Party.Network(var range, _) && LinkRanges.hold(range));
    return linkAlone
        ? Optional.of(
            problem(
                ProblemCode.NEVER_MATCHES,
                rule,
                name.print(),
                "what is of the link is never known by a name",
                "the address or range alone",
                Optional.empty()))
        : Optional.empty();
  }

  /** Layer 4 forbids an address: that of any other name too that leads there. */
  private static Optional<Problem> shared(Rule deny, Party.Name name, List<Rule> rules) {
    if (!reachesHttps(deny)) {
      return Optional.empty();
    }
    NamePattern forbidden = name.pattern();
    for (Rule other : rules) {
      if (other.sentence().allows()
          && reachesHttps(other)
          && other.sentence().object().orElse(null) instanceof Party.Name allowed
          && !forbidden.covers(allowed.pattern())) {
        return Optional.of(
            problem(
                ProblemCode.SHARED_ADDRESS,
                deny,
                forbidden.print(),
                "where "
                    + forbidden.print()
                    + " has an address in common with a name that '"
                    + other.text()
                    + "' allows, as behind a content network, that one is refused too",
                "the name that a client says: 'may not open tls to NAME'",
                Optional.empty()));
      }
    }
    return Optional.empty();
  }

  /** A port without a protocol is TCP, and whoever looks up a name asks by UDP first. */
  private static Optional<Problem> tcpAlone(Rule rule, List<Rule> rules) {
    Matcher bare = BARE_DNS.matcher(rule.text());
    if (!rule.sentence().allows()
        || !(rule.sentence().action() instanceof Action.Connect(var ports))
        || !ports.names(Ports.TCP, DnsAsk.PORT)
        || !bare.find()) {
      return Optional.empty();
    }
    for (Rule other : rules) {
      Optional<Party> who = other.sentence().subject();
      if (asksByUdp(other)
          && (who.equals(rule.sentence().subject())
              || who.map(Party::print).filter(EVERYBODY::contains).isPresent())) {
        return Optional.empty();
      }
    }
    return Optional.of(
        problem(
            ProblemCode.TCP_ALONE,
            rule,
            bare.start(1),
            bare.group(1).length(),
            "a port without a protocol is TCP alone, and resolvers are asked by UDP first",
            "both, or '53/tcp' if TCP alone is meant; Docker's own resolver needs no rule",
            Optional.of("53/tcp,53/udp")));
  }

  private static boolean asksByUdp(Rule rule) {
    return rule.sentence().allows()
        && switch (rule.sentence().action()) {
          case Action.Resolve _ -> true;
          case Action.Connect(var ports) -> ports.isEmpty() || ports.covers(Ports.UDP, DnsAsk.PORT);
          default -> false;
        };
  }

  private static boolean reachesHttps(Rule rule) {
    return rule.sentence().action() instanceof Action.Connect(var ports)
        && (ports.isEmpty() || ports.covers(Ports.TCP, HTTPS));
  }

  private static Problem problem(
      ProblemCode code,
      Rule rule,
      String part,
      String message,
      String expected,
      Optional<String> suggestion) {
    int at = Math.max(0, rule.text().indexOf(part));
    return problem(code, rule, at, part.length(), message, expected, suggestion);
  }

  private static Problem problem(
      ProblemCode code,
      Rule rule,
      int at,
      int length,
      String message,
      String expected,
      Optional<String> suggestion) {
    return new Problem(
        code.code(),
        Severity.WARNING,
        rule.origin(),
        at + 1,
        length,
        message,
        expected,
        suggestion,
        Optional.of(rule.text()));
  }
}
