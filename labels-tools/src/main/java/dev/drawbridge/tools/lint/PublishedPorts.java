package dev.drawbridge.tools.lint;

import dev.drawbridge.policy.Ports;
import dev.drawbridge.policy.Problem;
import dev.drawbridge.policy.ProblemCode;
import dev.drawbridge.policy.Severity;
import dev.drawbridge.policy.language.Action;
import dev.drawbridge.policy.language.Party;
import dev.drawbridge.policy.language.Rule;
import dev.drawbridge.policy.language.Term;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Rules that name the port under which a container is published on the host. Containers call each
 * other by the container's port, and a call from the world arrives there too.
 */
final class PublishedPorts {
  private final List<ServiceLabels> services;

  PublishedPorts(List<ServiceLabels> services) {
    this.services = services;
  }

  List<Problem> find(ServiceLabels bearer, List<Rule> rules) {
    var problems = new ArrayList<Problem>();
    for (Rule rule : rules) {
      Optional<ServiceLabels> callee = callee(bearer, rule);
      Ports ports =
          rule.sentence().action() instanceof Action.Connect(var own)
              ? own
              : rule.sentence().ports();
      for (Ports.Span span : ports.spans()) {
        if (callee.isPresent() && span.protocol() == Ports.TCP && span.low() == span.high()) {
          problem(rule, span.low(), callee.get()).ifPresent(problems::add);
        }
      }
    }
    return problems;
  }

  /** Without an object, the label's own container is called; with a service's name, that one. */
  private Optional<ServiceLabels> callee(ServiceLabels bearer, Rule rule) {
    Optional<Party> object = rule.sentence().object();
    if (object.isEmpty()) {
      return Optional.of(bearer);
    }
    return object.get() instanceof Party.Selector(var terms)
            && terms.getFirst() instanceof Term.Service(_, var name)
        ? services.stream().filter(s -> s.name().equals(name)).findFirst()
        : Optional.empty();
  }

  private static Optional<Problem> problem(Rule rule, int port, ServiceLabels callee) {
    Map<Integer, Integer> published = callee.service().published();
    Integer own = published.get(port);
    if (own == null || published.containsValue(port)) {
      return Optional.empty();
    }
    String text = Integer.toString(port);
    int at = Math.max(0, rule.text().lastIndexOf(text));
    return Optional.of(
        new Problem(
            ProblemCode.PUBLISHED_PORT.code(),
            Severity.WARNING,
            rule.origin(),
            at + 1,
            text.length(),
            "the port "
                + port
                + " is the host's, for the container's port "
                + own
                + " of "
                + callee.name(),
            "the container's own port",
            Optional.of(Integer.toString(own)),
            Optional.of(rule.text())));
  }
}
