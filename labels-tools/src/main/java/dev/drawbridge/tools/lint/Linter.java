package dev.drawbridge.tools.lint;

import dev.drawbridge.policy.Member;
import dev.drawbridge.policy.Origin;
import dev.drawbridge.policy.Parsed;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.PolicyInput;
import dev.drawbridge.policy.Problem;
import dev.drawbridge.policy.ProblemCode;
import dev.drawbridge.policy.Severity;
import dev.drawbridge.policy.labels.Nearest;
import dev.drawbridge.policy.language.HostPolicy;
import dev.drawbridge.policy.language.Party;
import dev.drawbridge.policy.language.Rule;
import dev.drawbridge.policy.language.Term;
import dev.drawbridge.policy.parse.HostPolicyParser;
import dev.drawbridge.tools.compose.Complaint;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Checks files. */
public final class Linter {
  private Linter() {}

  /** Checks a file by its name: {@code *.policy} is a host policy, anything else a compose file. */
  public static LintReport file(String file, String text, String defaultProject) {
    return file.endsWith(".policy") ? hostPolicy(file, text) : compose(file, text, defaultProject);
  }

  /** Checks a host policy. What its selectors select cannot be known from the file. */
  public static LintReport hostPolicy(String file, String text) {
    var findings = new Findings(file, text);
    Parsed<HostPolicy> parsed = HostPolicyParser.parse(file, text);
    parsed.problems().forEach(findings::line);
    var input = new PolicyInput(1, List.of(), parsed.value(), false);
    for (Problem problem : Policy.compile(input).problems()) {
      if (!problem.code().equals(ProblemCode.NEVER_MATCHES.code())) {
        findings.line(problem);
      }
    }
    Shadows.find(parsed.value().rules()).forEach(findings::line);
    Patterns.find(parsed.value().rules()).forEach(findings::line);
    NameRules.find(parsed.value().rules()).forEach(findings::line);
    return findings.report();
  }

  /**
   * Checks a compose file, its services as the only containers.
   *
   * @param defaultProject the project's name unless the file names one
   */
  public static LintReport compose(String file, String text, String defaultProject) {
    return compose(ComposeFile.read(file, text, defaultProject));
  }

  /** Checks a project of one compose file or several, its services as the only containers. */
  public static LintReport compose(ComposeFile compose) {
    Findings findings = compose.findings();
    Policy policy = compose.policy(HostPolicy.NONE, false);
    List<Member> members = compose.members();
    var ports = new PublishedPorts(compose.services());
    for (int i = 0; i < members.size(); i++) {
      ServiceLabels service = compose.services().get(i);
      var reported = new ArrayList<Origin>();
      for (Rule rule : members.get(i).declared().rules()) {
        for (Problem problem : services(rule, compose)) {
          reported.add(problem.origin());
          findings.label(service.service(), problem);
        }
      }
      for (Problem problem : policy.problems(members.get(i).endpoint())) {
        if (!reported.contains(problem.origin())) {
          findings.label(service.service(), problem);
        }
      }
      List<Rule> rules = members.get(i).declared().rules();
      var further = new ArrayList<>(Shadows.find(rules));
      further.addAll(Patterns.find(rules));
      further.addAll(NameRules.find(rules));
      further.addAll(ports.find(service, rules));
      further.forEach(problem -> findings.label(service.service(), problem));
      unknown(compose, members.get(i).endpoint(), service);
    }
    return findings.report();
  }

  /** Says what of a service cannot be known: a verdict about it will not be given. */
  private static void unknown(ComposeFile compose, int endpoint, ServiceLabels service) {
    for (String why : compose.notOfItsPolicy(endpoint, HostPolicy.NONE, Set.of())) {
      compose
          .findings()
          .complaint(
              new Complaint(
                  service.service().place(),
                  false,
                  ProblemCode.INTERPOLATED,
                  service.name(),
                  "cannot be known without running it: " + why,
                  ""));
    }
  }

  /** Services of the same project that the file does not have. */
  private static List<Problem> services(Rule rule, ComposeFile compose) {
    List<String> known = compose.services().stream().map(ServiceLabels::name).toList();
    var problems = new ArrayList<Problem>();
    for (Optional<Party> party : List.of(rule.sentence().subject(), rule.sentence().object())) {
      if (!(party.orElse(null) instanceof Party.Selector(var terms))) {
        continue;
      }
      for (Term term : terms) {
        if (term instanceof Term.Service(var project, var name)
            && project.orElse(compose.project()).equals(compose.project())
            && !known.contains(name)) {
          problems.add(missing(rule, term, name, known, compose.isPartial()));
        }
      }
    }
    return problems;
  }

  /** An error, unless it is no misspelling and another file of the project may have the service. */
  private static Problem missing(
      Rule rule, Term term, String name, List<String> known, boolean maybePartial) {
    Optional<String> near = Nearest.of(name, known);
    boolean partial = maybePartial && near.isEmpty();
    int at = Math.max(0, rule.text().indexOf(term.print()));
    return new Problem(
        ProblemCode.UNKNOWN_SERVICE.code(),
        partial ? Severity.WARNING : Severity.ERROR,
        rule.origin(),
        at + 1,
        term.print().length(),
        "the file has no service '"
            + name
            + (partial ? "', unless another file of the project has it" : "'"),
        known.isEmpty() ? "a service of this file" : "one of " + String.join(", ", known),
        near.map(service -> "service:" + service),
        Optional.of(rule.text()));
  }
}
