package dev.drawbridge.tools.lint;

import dev.drawbridge.policy.Origin;
import dev.drawbridge.policy.Problem;
import dev.drawbridge.policy.Severity;
import dev.drawbridge.tools.compose.Complaint;
import dev.drawbridge.tools.compose.ComposeService;
import dev.drawbridge.tools.compose.Label;
import dev.drawbridge.tools.compose.Place;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Collects what is wrong with files, and finds the place of a label's mistake in them. */
final class Findings {
  private final String file;
  private final Map<String, List<String>> lines = new HashMap<>();
  private final List<Finding> findings = new ArrayList<>();

  Findings(String file, String text) {
    this.file = file;
    lines.put(file, text.lines().toList());
  }

  /** For a project of several files. */
  Findings(Map<String, String> texts) {
    this.file = texts.keySet().stream().findFirst().orElse("");
    texts.forEach((name, text) -> lines.put(name, text.lines().toList()));
  }

  LintReport report() {
    return new LintReport(findings);
  }

  /** What the reader of the files says. */
  void complaint(Complaint complaint) {
    Place place = complaint.place();
    findings.add(
        Finding.of(
            place.file(),
            place.line(),
            place.column(),
            complaint.where(),
            new Problem(
                complaint.code().code(),
                complaint.error() ? Severity.ERROR : Severity.WARNING,
                new Origin.FileLine(place.file(), place.line()),
                1,
                1,
                complaint.message(),
                complaint.expected(),
                Optional.empty(),
                Optional.empty())));
  }

  /** A problem of a label, at the label's place. */
  void label(ComposeService service, Problem problem) {
    String key = "";
    int lineOfLabel = 1;
    if (problem.origin() instanceof Origin.Label(var labelKey, int line)) {
      key = labelKey;
      lineOfLabel = line;
    }
    String where = service.name() + " " + key;
    Label label = service.labels().get(key);
    if (label == null) {
      Place place = service.place();
      findings.add(Finding.of(place.file(), place.line(), place.column(), where, problem));
      return;
    }
    Place place = label.place();
    boolean aboutKey = problem.text().equals(Optional.of(key));
    int line = place.line() + (place.block() ? lineOfLabel : lineOfLabel - 1);
    int column = place.column() + place.offset() + problem.column() - 1;
    if (place.block() || lineOfLabel > 1) {
      column = indent(place.file(), line) + problem.column();
    }
    if (aboutKey) {
      line = place.line();
      column = place.offset() > 0 ? place.column() : keyColumn(place.file(), line, key);
    }
    findings.add(Finding.of(place.file(), line, column, where, problem));
  }

  private int indent(String in, int line) {
    List<String> all = lines.getOrDefault(in, List.of());
    String text = line <= all.size() ? all.get(line - 1) : "";
    return text.length() - text.stripLeading().length();
  }

  private int keyColumn(String in, int line, String key) {
    List<String> all = lines.getOrDefault(in, List.of());
    int at = line <= all.size() ? all.get(line - 1).indexOf(key) : -1;
    return at < 0 ? 1 : at + 1;
  }

  /** A problem of a host policy's line. */
  void line(Problem problem) {
    int line = problem.origin() instanceof Origin.FileLine(var name, int number) ? number : 1;
    findings.add(Finding.of(file, line, problem.column(), "", problem));
  }
}
