package dev.drawbridge.policy;

import java.util.ArrayList;
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
    var problems = new ArrayList<Problem>();
    int number = 0;
    for (String raw : lines(text)) {
      number++;
      var origin = new Origin.FileLine(fileName, number);
      String line = Token.withoutComment(raw);
      if (line.isBlank()) {
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
      Parsed<Optional<Rule>> parsed = SentenceParser.host(origin, line);
      problems.addAll(parsed.problems());
      parsed.value().ifPresent(rules::add);
    }
    return new Parsed<>(new HostPolicy(rules), problems);
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
