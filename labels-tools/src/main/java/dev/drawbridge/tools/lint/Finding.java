package dev.drawbridge.tools.lint;

import dev.drawbridge.policy.Origin;
import dev.drawbridge.policy.Problem;
import dev.drawbridge.policy.Severity;
import java.util.Optional;

/**
 * A mistake at its place in a file. Its fields are fit for JSON as they stand.
 *
 * @param line from 1
 * @param column from 1
 * @param where service and label in a compose file; empty in a host policy
 * @param severity {@code error} or {@code warning}
 * @param suggestion empty if there is none
 * @param text the label's value or the line, empty if there is nothing to show
 * @param textColumn of the mistake within {@code text}, from 1
 */
public record Finding(
    String file,
    int line,
    int column,
    String where,
    String code,
    String severity,
    String message,
    String expected,
    String suggestion,
    String text,
    int textColumn,
    int length) {

  static Finding of(String file, int line, int column, String where, Problem problem) {
    return new Finding(
        file,
        line,
        column,
        where,
        problem.code(),
        problem.severity() == Severity.ERROR ? "error" : "warning",
        problem.message(),
        problem.expected(),
        problem.suggestion().orElse(""),
        problem.text().orElse(""),
        problem.column(),
        problem.length());
  }

  public boolean isError() {
    return severity.equals("error");
  }

  /** {@code compose.yaml:12:34: error DB0103 db drawbridge.policy.read: ...} */
  public String oneLine() {
    var out = new StringBuilder();
    out.append(file).append(':').append(line).append(':').append(column).append(": ");
    out.append(severity).append(' ').append(code).append(' ');
    if (!where.isEmpty()) {
      out.append(where).append(": ");
    }
    out.append(message);
    if (!expected.isEmpty()) {
      out.append("; expected ").append(expected);
    }
    if (!suggestion.isEmpty()) {
      out.append("; did you mean '").append(suggestion).append("'?");
    }
    return out.toString();
  }

  /** {@link #oneLine()}, then the text with the wrong characters underlined. */
  public String withCaret() {
    if (text.isEmpty()) {
      return oneLine();
    }
    // One place knows how to draw a caret.
    String drawn =
        new Problem(
                code,
                Severity.ERROR,
                new Origin.FileLine(file, line),
                textColumn,
                length,
                message,
                expected,
                Optional.empty(),
                Optional.of(text))
            .withCaret();
    return oneLine() + drawn.substring(drawn.indexOf('\n'));
  }
}
