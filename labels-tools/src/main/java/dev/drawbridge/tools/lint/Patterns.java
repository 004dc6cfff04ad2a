package dev.drawbridge.tools.lint;

import dev.drawbridge.policy.Origin;
import dev.drawbridge.policy.Problem;
import dev.drawbridge.policy.ProblemCode;
import dev.drawbridge.policy.Severity;
import dev.drawbridge.policy.language.Action;
import dev.drawbridge.policy.language.Party;
import dev.drawbridge.policy.language.PathPattern;
import dev.drawbridge.policy.language.Rule;
import dev.drawbridge.policy.language.Term;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What no request and no container will have: paths in the way of another program's routes, values
 * with the wildcards or the lists of another program's selectors.
 */
final class Patterns {
  private static final Pattern BAD_PERCENT = Pattern.compile("%(?![0-9a-fA-F]{2})");
  private static final Pattern BRACES = Pattern.compile("\\{[^/{}]*\\}");
  private static final Pattern CHOICE = Pattern.compile("\\{[^/{}]*[,|][^/{}]*\\}");

  /** A whole segment: a name, and no set of characters such as [0-9]. */
  private static final Pattern BRACKETS =
      Pattern.compile("(?<=/)\\[[A-Za-z_][A-Za-z0-9_]*\\](?=/|$)");

  private static final Pattern ANGLES = Pattern.compile("<[^/<>]*>");
  private static final Pattern COLON = Pattern.compile("(?<=/):[A-Za-z_][A-Za-z0-9_]*");
  private static final Pattern REGEX = Pattern.compile("\\[[^/]*\\]|\\([^/]*\\|[^/]*\\)|\\^|\\$$");

  /** A file with a dot in front, if it is to be denied; hardly what is to be allowed. */
  private static final Pattern DOT_STAR = Pattern.compile("/\\.[*+](?:/|$)");

  private static final Pattern LISTED = Pattern.compile("[,|]+");

  private static final Pattern QUERY = Pattern.compile("\\\\\\?|\\[\\?\\]");

  private Patterns() {}

  static List<Problem> find(List<Rule> rules) {
    var problems = new ArrayList<Problem>();
    for (Rule rule : rules) {
      Stream.of(rule.sentence().subject(), rule.sentence().object())
          .flatMap(Optional::stream)
          .forEach(party -> values(rule, party, problems));
      if (rule.sentence().action() instanceof Action.Http(_, var path)) {
        problem(rule, path).ifPresent(problems::add);
      }
    }
    return problems;
  }

  private static void values(Rule rule, Party party, List<Problem> problems) {
    if (!(party instanceof Party.Selector(var terms))) {
      return;
    }
    for (Term term : terms) {
      switch (term) {
        case Term.Equal(var key, var value) -> value(rule, term, key, value, true, problems);
        case Term.NotEqual(var key, var value) -> value(rule, term, key, value, false, problems);
        case Term.In(var key, var values) ->
            values.forEach(value -> value(rule, term, key, value, false, problems));
        case Term.Has _,
            Term.Lacks _,
            Term.Service _,
            Term.Container _,
            Term.Project _,
            Term.Group _,
            Term.Any _ -> {}
      }
    }
  }

  private static void value(
      Rule rule, Term term, String key, String value, boolean alone, List<Problem> problems) {
    if (value.indexOf('*') >= 0) {
      problems.add(
          problem(
              rule,
              term.print(),
              "a label's value is compared as a whole: * is no wildcard in it",
              "the whole value, or 'has " + key + "' for any",
              Optional.empty()));
    } else if (LISTED.matcher(value).find()) {
      problems.add(
          problem(
              rule,
              term.print(),
              "a label's value is compared as a whole: this is one value, and no list",
              "key in (a b)",
              alone
                  ? Optional.of(key + " in (" + LISTED.matcher(value).replaceAll(" ").strip() + ")")
                  : Optional.empty()));
    }
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
    if (CHOICE.matcher(glob).find()) {
      return Optional.of(
          problem(
              rule,
              glob,
              "braces hold no choice here: this matches these very characters only",
              "a rule for each, or 'matching' before a regular expression",
              Optional.empty()));
    }
    for (Pattern name : List.of(BRACES, BRACKETS, ANGLES, COLON)) {
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
