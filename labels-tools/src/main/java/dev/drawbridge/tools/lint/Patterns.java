package dev.drawbridge.tools.lint;

import dev.drawbridge.policy.Origin;
import dev.drawbridge.policy.Problem;
import dev.drawbridge.policy.ProblemCode;
import dev.drawbridge.policy.Severity;
import dev.drawbridge.policy.language.Action;
import dev.drawbridge.policy.language.PathPattern;
import dev.drawbridge.policy.language.Rule;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** Paths that no request will have: written in the way of another program's routes. */
final class Patterns {
  private static final Pattern BAD_PERCENT = Pattern.compile("%(?![0-9a-fA-F]{2})");
  private static final Pattern BRACES = Pattern.compile("\\{[^/{}]*\\}");
  private static final Pattern ANGLES = Pattern.compile("<[^/<>]*>");
  private static final Pattern COLON = Pattern.compile("(?<=/):[A-Za-z_][A-Za-z0-9_]*");
  private static final Pattern REGEX = Pattern.compile("\\[[^/]*\\]|\\([^/]*\\|[^/]*\\)|\\^|\\$$");

  /** A file with a dot in front, if it is to be denied; hardly what is to be allowed. */
  private static final Pattern DOT_STAR = Pattern.compile("/\\.[*+](?:/|$)");

  private static final Pattern QUERY = Pattern.compile("\\\\\\?|\\[\\?\\]");

  private Patterns() {}

  static List<Problem> find(List<Rule> rules) {
    var problems = new ArrayList<Problem>();
    for (Rule rule : rules) {
      if (rule.sentence().action() instanceof Action.Http(_, var path)) {
        problem(rule, path).ifPresent(problems::add);
      }
    }
    return problems;
  }

  private static Optional<Problem> problem(Rule rule, PathPattern path) {
    return switch (path) {
      case PathPattern.Glob(var glob) -> glob(rule, glob);
      case PathPattern.Regex(var regex) ->
          QUERY.matcher(regex).find()
              ? Optional.of(
                  problem(
                      rule,
                      regex,
                      "a path is judged without its query, so it has no ?",
                      "an expression for the path alone",
                      Optional.empty()))
              : Optional.empty();
    };
  }

  private static Optional<Problem> glob(Rule rule, String glob) {
    if (BAD_PERCENT.matcher(glob).find()) {
      return Optional.of(
          problem(
              rule,
              glob,
              "a % that begins no encoded character: no request with it is read",
              "%25 for the character itself",
              Optional.of(BAD_PERCENT.matcher(glob).replaceAll("%25"))));
    }
    if (glob.contains("//")) {
      return Optional.of(
          problem(
              rule,
              glob,
              "a path is judged without empty segments, so this never matches",
              "one / at a time",
              Optional.of(glob.replaceAll("//+", "/"))));
    }
    for (Pattern name : List.of(BRACES, ANGLES, COLON)) {
      if (name.matcher(glob).find()) {
        return Optional.of(
            problem(
                rule,
                glob,
                "a name in a path is no placeholder: this matches these very characters only",
                "* for one segment, ** for any number",
                Optional.of(name.matcher(glob).replaceAll("*"))));
      }
    }
    boolean dotStar = rule.sentence().allows() && DOT_STAR.matcher(glob).find();
    if (dotStar || REGEX.matcher(glob).find()) {
      return Optional.of(
          problem(
              rule,
              glob,
              "this is read as a plain path: it matches these very characters only",
              "'matching' before a regular expression",
              Optional.of("matching " + glob)));
    }
    return Optional.empty();
  }

  private static Problem problem(
      Rule rule, String pattern, String message, String expected, Optional<String> suggestion) {
    Origin origin = rule.origin();
    return new Problem(
        ProblemCode.NEVER_MATCHES.code(),
        Severity.WARNING,
        origin,
        Math.max(0, rule.text().indexOf(pattern)) + 1,
        pattern.length(),
        message,
        expected,
        suggestion,
        Optional.of(rule.text()));
  }
}
