package dev.drawbridge.tools.lint;

import dev.drawbridge.policy.HostPolicy;
import dev.drawbridge.policy.HostPolicyParser;
import dev.drawbridge.policy.Member;
import dev.drawbridge.policy.Nearest;
import dev.drawbridge.policy.Origin;
import dev.drawbridge.policy.Parsed;
import dev.drawbridge.policy.Party;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.PolicyInput;
import dev.drawbridge.policy.Problem;
import dev.drawbridge.policy.ProblemCode;
import dev.drawbridge.policy.Rule;
import dev.drawbridge.policy.Severity;
import dev.drawbridge.policy.Term;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

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
    return findings.report();
  }

  /**
   * Checks a compose file, its services as the only containers.
   *
   * @param defaultProject the project's name unless the file names one
   */
  public static LintReport compose(String file, String text, String defaultProject) {
    ComposeFile compose = ComposeFile.read(file, text, defaultProject);
    Findings findings = compose.findings();
    Policy policy = compose.policy(HostPolicy.NONE, false);
    List<Member> members = compose.members();
    for (int i = 0; i < members.size(); i++) {
      ComposeService service = compose.services().get(i);
      var reported = new ArrayList<Origin>();
      for (Rule rule : members.get(i).declared().rules()) {
        for (Problem problem : services(rule, compose)) {
          reported.add(problem.origin());
          findings.label(service.name(), service.places(), problem);
        }
      }
      for (Problem problem : policy.problems(members.get(i).endpoint())) {
        if (!reported.contains(problem.origin())) {
          findings.label(service.name(), service.places(), problem);
        }
      }
      for (Problem problem : Shadows.find(members.get(i).declared().rules())) {
        findings.label(service.name(), service.places(), problem);
      }
    }
    return findings.report();
  }

  /** Services of the same project that the file does not have. */
  private static List<Problem> services(Rule rule, ComposeFile compose) {
    List<String> known = compose.services().stream().map(ComposeService::name).toList();
    var problems = new ArrayList<Problem>();
    for (Optional<Party> party : List.of(rule.sentence().subject(), rule.sentence().object())) {
      if (!(party.orElse(null) instanceof Party.Selector(var terms))) {
        continue;
      }
      for (Term term : terms) {
        if (term instanceof Term.Service(var project, var name)
            && project.orElse(compose.project()).equals(compose.project())
            && !known.contains(name)) {
          problems.add(missing(rule, term, name, known));
        }
      }
    }
    return problems;
  }

  private static Problem missing(Rule rule, Term term, String name, List<String> known) {
    int at = Math.max(0, rule.text().indexOf(term.print()));
    return new Problem(
        ProblemCode.UNKNOWN_SERVICE.code(),
        Severity.ERROR,
        rule.origin(),
        at + 1,
        term.print().length(),
        "the file has no service '" + name + "'",
        known.isEmpty() ? "a service of this file" : "one of " + String.join(", ", known),
        Nearest.of(name, known).map(near -> "service:" + near),
        Optional.of(rule.text()));
  }
}
