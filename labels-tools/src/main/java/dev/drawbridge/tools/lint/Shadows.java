package dev.drawbridge.tools.lint;

import dev.drawbridge.policy.Origin;
import dev.drawbridge.policy.Problem;
import dev.drawbridge.policy.ProblemCode;
import dev.drawbridge.policy.Severity;
import dev.drawbridge.policy.ask.Coverage;
import dev.drawbridge.policy.language.Rule;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Rules that other rules of the same file or container make useless, or deny. */
final class Shadows {
  private static final int MAX_RULES = 2000;

  /** Comparing each with each takes the square of it. */
  private static final int MAX_COMPARED = 200;

  private Shadows() {}

  static List<Problem> find(List<Rule> rules) {
    var problems = new ArrayList<Problem>();
    Map<String, Origin> seen = new HashMap<>();
    List<Rule> denies = rules.stream().filter(rule -> !rule.sentence().allows()).toList();
    for (Rule rule : rules.subList(0, Math.min(MAX_RULES, rules.size()))) {
      Origin same = seen.putIfAbsent(rule.sentence().print(), rule.origin());
      if (same != null) {
        problems.add(
            problem(ProblemCode.REPEATED_RULE, rule, "the same rule stands in " + same.display()));
        continue;
      }
      useless(rule, rules).ifPresent(problems::add);
      for (Rule deny : rule.sentence().allows() ? denies : List.<Rule>of()) {
        if (Coverage.covers(deny.sentence(), rule.sentence())) {
          problems.add(
              problem(
                  ProblemCode.SHADOWED,
                  rule,
                  "'"
                      + deny.text()
                      + "' ("
                      + deny.origin().display()
                      + ") denies all that this rule allows"));
          break;
        }
      }
    }
    return problems;
  }

  /** A rule that says nothing that a wider one of the same kind does not say. */
  private static Optional<Problem> useless(Rule rule, List<Rule> rules) {
    for (Rule wide : rules.subList(0, Math.min(MAX_COMPARED, rules.size()))) {
      boolean same = wide.sentence().allows() == rule.sentence().allows();
      if (same
          && rule.sentence().action().getClass() == wide.sentence().action().getClass()
          && Coverage.covers(wide.sentence(), rule.sentence())
          && !wide.sentence().print().equals(rule.sentence().print())) {
        return Optional.of(
            problem(
                ProblemCode.SHADOWED,
                rule,
                "'"
                    + wide.text()
                    + "' ("
                    + wide.origin().display()
                    + ") says it already, and more"));
      }
    }
    return Optional.empty();
  }

  private static Problem problem(ProblemCode code, Rule rule, String message) {
    return new Problem(
        code.code(),
        Severity.WARNING,
        rule.origin(),
        1,
        rule.text().length(),
        message,
        "",
        Optional.empty(),
        Optional.of(rule.text()));
  }
}
