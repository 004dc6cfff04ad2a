package dev.drawbridge.policy;

import java.util.Optional;

/**
 * One mistake, said so that it can be mended without a manual.
 *
 * @param code stable, for instance {@code DB0103}; listed in docs/reasons.md
 * @param severity whether a container may start with it
 * @param origin the label or the line
 * @param column of the first wrong character in {@code text}, from 1
 * @param length number of wrong characters, at least 1
 * @param message what is wrong
 * @param expected what would have been right; may be empty
 * @param suggestion the nearest right spelling, if there is one
 * @param text the line that holds the mistake, if there is one to show
 */
public record Problem(
    String code,
    Severity severity,
    Origin origin,
    int column,
    int length,
    String message,
    String expected,
    Optional<String> suggestion,
    Optional<String> text) {

  public Problem {
    column = Math.max(1, column);
    length = Math.max(1, length);
  }

  /** Everything in one line, fit for {@code docker run}'s error output. */
  public String oneLine() {
    var line = new StringBuilder(160);
    line.append(code).append(' ').append(origin.display());
    if (text.isPresent()) {
      line.append(" column ").append(column);
    }
    line.append(": ").append(message);
    if (!expected.isEmpty()) {
      line.append("; expected ").append(expected);
    }
    suggestion.ifPresent(s -> line.append("; did you mean '").append(s).append("'?"));
    return printable(line);
  }

  /** {@link #oneLine()}, then the text with the wrong characters underlined. */
  public String withCaret() {
    if (text.isEmpty()) {
      return oneLine();
    }
    String source = printable(text.get());
    int start = Math.min(column - 1, source.length());
    int marks = Math.max(1, Math.min(length, source.length() - start));
    return oneLine() + "\n    " + source + "\n    " + " ".repeat(start) + "^".repeat(marks);
  }

  /** Labels may hold anything; a terminal must not be made to obey it. */
  private static String printable(CharSequence raw) {
    var out = new StringBuilder(raw.length());
    for (int i = 0; i < raw.length(); i++) {
      char c = raw.charAt(i);
      out.append(Character.isISOControl(c) || Character.isSurrogate(c) || isInvisible(c) ? '?' : c);
    }
    return out.toString();
  }

  private static boolean isInvisible(char c) {
    int type = Character.getType(c);
    return type == Character.FORMAT
        || type == Character.LINE_SEPARATOR
        || type == Character.PARAGRAPH_SEPARATOR;
  }
}
