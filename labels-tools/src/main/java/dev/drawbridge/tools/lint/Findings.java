package dev.drawbridge.tools.lint;

import dev.drawbridge.policy.Origin;
import dev.drawbridge.policy.Problem;
import dev.drawbridge.policy.ProblemCode;
import dev.drawbridge.policy.Severity;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Collects what is wrong with one file, and finds the place of a label's mistake in it. */
final class Findings {
  private final String file;
  private final List<String> lines;
  private final List<Finding> findings = new ArrayList<>();

  Findings(String file, String text) {
    this.file = file;
    this.lines = text.lines().toList();
  }

  LintReport report() {
    return new LintReport(findings);
  }

  void error(
      ProblemCode code, int line, int column, String where, String message, String expected) {
    add(code, Severity.ERROR, line, column, where, message, expected, Optional.empty());
  }

  void warning(
      ProblemCode code, int line, int column, String where, String message, String expected) {
    add(code, Severity.WARNING, line, column, where, message, expected, Optional.empty());
  }

  private void add(
      ProblemCode code,
      Severity severity,
      int line,
      int column,
      String where,
      String message,
      String expected,
      Optional<String> suggestion) {
    findings.add(
        Finding.of(
            file,
            line,
            column,
            where,
            new Problem(
                code.code(),
                severity,
                new Origin.FileLine(file, line),
                1,
                1,
                message,
                expected,
                suggestion,
                Optional.empty())));
  }

  /** A problem of a label, at the label's place. */
  void label(String service, Map<String, ComposeService.Place> places, Problem problem) {
    String key = "";
    int lineOfLabel = 1;
    if (problem.origin() instanceof Origin.Label(var labelKey, int line)) {
      key = labelKey;
      lineOfLabel = line;
    }
    ComposeService.Place place = places.get(key);
    if (place == null) {
      findings.add(Finding.of(file, 1, 1, service + " " + key, problem));
      return;
    }
    boolean aboutKey = problem.text().equals(Optional.of(key));
    int line = place.line() + (place.block() ? lineOfLabel : lineOfLabel - 1);
    int column = place.column() + place.offset() + problem.column() - 1;
    if (place.block() || lineOfLabel > 1) {
      column = indent(line) + problem.column();
    }
    if (aboutKey) {
      line = place.line();
      column = place.offset() > 0 ? place.column() : keyColumn(line, key);
    }
    findings.add(Finding.of(file, line, column, service + " " + key, problem));
  }

  private int indent(int line) {
    String text = line <= lines.size() ? lines.get(line - 1) : "";
    return text.length() - text.stripLeading().length();
  }

  private int keyColumn(int line, String key) {
    int at = line <= lines.size() ? lines.get(line - 1).indexOf(key) : -1;
    return at < 0 ? 1 : at + 1;
  }

  /** A problem of a host policy's line. */
  void line(Problem problem) {
    int line = problem.origin() instanceof Origin.FileLine(var name, int number) ? number : 1;
    findings.add(Finding.of(file, line, problem.column(), "", problem));
  }
}
