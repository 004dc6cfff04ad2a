package dev.drawbridge.policy.parse;

import dev.drawbridge.policy.Origin;
import dev.drawbridge.policy.Parsed;
import dev.drawbridge.policy.Problem;
import dev.drawbridge.policy.ProblemCode;
import dev.drawbridge.policy.Severity;
import dev.drawbridge.policy.language.HostPolicy;
import dev.drawbridge.policy.language.Rule;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Reads a host policy file: one sentence a line, both sides written, {@code #} comments. */
public final class HostPolicyParser {
  private static final int MAX_PROBLEMS = 100;

  private HostPolicyParser() {}

  /**
   * What the file declares.
   *
   * @param fileName as problems and rules shall name it
   */
  public static Parsed<HostPolicy> parse(String fileName, String text) {
    var rules = new ArrayList<Rule>();
    var audited = new ArrayList<HostPolicy.Audited>();
    var problems = new ArrayList<Problem>();
    Groups groups = groups(fileName, text, problems);
    int number = 0;
    for (String raw : lines(text)) {
      number++;
      var origin = new Origin.FileLine(fileName, number);
      String line = Token.withoutComment(raw);
      if (line.isBlank() || Groups.isDefinition(line)) {
        continue;
      }
      if (problems.size() >= MAX_PROBLEMS) {
        problems.add(
            problem(origin, ProblemCode.TOO_MANY, "more than 100 mistakes; the rest was not read"));
        break;
      }
      if (Text.utf8Length(line) > SentenceParser.MAX_BYTES) {
        problems.add(problem(origin, ProblemCode.TOO_LONG, "the line takes more than 4096 bytes"));
        continue;
      }
      if (Standing.isOne(line)) {
        Parsed<Standing.Said> said = Standing.read(origin, line, groups);
        problems.addAll(said.problems());
        rules.addAll(said.value().rules());
        audited.addAll(said.value().audited());
        continue;
      }
      Parsed<Optional<Rule>> parsed = SentenceParser.host(origin, line, groups);
      problems.addAll(parsed.problems());
      parsed.value().ifPresent(rules::add);
    }
    problems.sort(Comparator.comparingInt(HostPolicyParser::line));
    return new Parsed<>(new HostPolicy(rules, audited), problems);
  }

  private static int line(Problem problem) {
    return problem.origin() instanceof Origin.FileLine(_, int line) ? line : 0;
  }

  /** First, so that a line may speak of a group that stands below it. */
  private static Groups groups(String fileName, String text, List<Problem> problems) {
    var groups = new Groups();
    int number = 0;
    for (String raw : lines(text)) {
      number++;
      String line = Token.withoutComment(raw);
      if (!Groups.isDefinition(line) || problems.size() >= MAX_PROBLEMS) {
        continue;
      }
      var origin = new Origin.FileLine(fileName, number);
      if (Text.utf8Length(line) > SentenceParser.MAX_BYTES) {
        problems.add(problem(origin, ProblemCode.TOO_LONG, "the line takes more than 4096 bytes"));
      } else {
        groups.define(origin, line).ifPresent(problems::add);
      }
    }
    return groups;
  }

  private static List<String> lines(String text) {
    String body = text.startsWith("\ufeff") ? text.substring(1) : text;
    return List.of(body.split("\r?\n", -1));
  }

  private static Problem problem(Origin origin, ProblemCode code, String message) {
    return new Problem(
        code.code(), Severity.ERROR, origin, 1, 1, message, "", Optional.empty(), Optional.empty());
  }
}
