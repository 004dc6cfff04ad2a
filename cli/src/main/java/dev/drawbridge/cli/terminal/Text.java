package dev.drawbridge.cli.terminal;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.StringJoiner;

/** Plain text for a terminal. */
public final class Text {
  private Text() {}

  /** Control, format and separator characters as question marks; line feeds stay. */
  public static String printable(String text) {
    StringBuilder plain = new StringBuilder(text.length());
    text.codePoints().forEach(c -> plain.appendCodePoint(c == '\n' || !hidden(c) ? c : '?'));
    return plain.toString();
  }

  private static boolean hidden(int c) {
    int type = Character.getType(c);
    return Character.isISOControl(c)
        || type == Character.FORMAT
        || type == Character.SURROGATE
        || type == Character.LINE_SEPARATOR
        || type == Character.PARAGRAPH_SEPARATOR;
  }

  /** On one line: line feeds too become question marks. */
  public static String oneLine(String text) {
    return printable(text.replace('\n', '?'));
  }

  /** At most so many characters; what is cut off is an ellipsis. */
  public static String shortened(String text, int longest) {
    return text.length() <= longest ? text : text.substring(0, longest - 1) + "…";
  }

  public static String labels(SortedMap<String, String> labels) {
    StringJoiner joined = new StringJoiner(",");
    labels.forEach((key, value) -> joined.add(key + "=" + value));
    return joined.toString();
  }

  /** Columns as wide as their widest cell, two spaces apart; the first row is the heading. */
  public static List<String> table(List<List<String>> rows) {
    List<Integer> widths = new ArrayList<>();
    for (List<String> row : rows) {
      for (int i = 0; i < row.size(); i++) {
        int width = oneLine(row.get(i)).length();
        if (i == widths.size()) {
          widths.add(width);
        } else {
          widths.set(i, Math.max(widths.get(i), width));
        }
      }
    }
    List<String> lines = new ArrayList<>();
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < row.size(); i++) {
        String cell = oneLine(row.get(i));
        line.append(cell).append(" ".repeat(widths.get(i) - cell.length() + 2));
      }
      lines.add(line.toString().stripTrailing());
    }
    return lines;
  }
}
