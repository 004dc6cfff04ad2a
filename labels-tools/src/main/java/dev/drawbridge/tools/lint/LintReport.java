package dev.drawbridge.tools.lint;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Everything that was found, in the order of the text. */
public record LintReport(List<Finding> findings) {
  public LintReport {
    findings =
        findings.stream()
            .distinct()
            .sorted(
                Comparator.comparing(Finding::file)
                    .thenComparingInt(Finding::line)
                    .thenComparingInt(Finding::column))
            .toList();
  }

  public long errors() {
    return findings.stream().filter(Finding::isError).count();
  }

  public long warnings() {
    return findings.size() - errors();
  }

  /** 0: nothing wrong, 1: errors. Warnings do not fail a build. */
  public int exitCode() {
    return errors() == 0 ? 0 : 1;
  }

  public LintReport and(LintReport other) {
    var all = new ArrayList<>(findings);
    all.addAll(other.findings);
    return new LintReport(all);
  }

  /** For people: every finding with its caret, then a line that counts. */
  public String text() {
    var out = new StringBuilder();
    for (Finding finding : findings) {
      out.append(finding.withCaret()).append('\n');
    }
    return out.append(errors())
        .append(errors() == 1 ? " error, " : " errors, ")
        .append(warnings())
        .append(warnings() == 1 ? " warning" : " warnings")
        .append('\n')
        .toString();
  }
}
