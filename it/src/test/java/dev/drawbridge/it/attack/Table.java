package dev.drawbridge.it.attack;

import java.util.ArrayList;
import java.util.List;

/** What was expected and what happened, row by row: printed as a whole, judged as a whole. */
final class Table {
  private final String title;
  private final List<String[]> rows = new ArrayList<>();
  private final List<String> wrong = new ArrayList<>();

  Table(String title) {
    this.title = title;
  }

  void row(String name, String expected, String actual) {
    boolean agrees = expected.equals(actual);
    rows.add(new String[] {name, expected, actual + (agrees ? "" : "   <-- WRONG")});
    if (!agrees) {
      wrong.add(name + ": expected " + expected + ", but " + actual);
    }
  }

  /** Prints all rows and gives those that are not as expected. */
  String verdict() {
    print();
    return String.join("\n", wrong);
  }

  void print() {
    int[] width = {4, 8};
    for (String[] row : rows) {
      width[0] = Math.max(width[0], row[0].length());
      width[1] = Math.max(width[1], row[1].length());
    }
    StringBuilder text = new StringBuilder("\n== ").append(title).append('\n');
    String format = "%-" + width[0] + "s | %-" + width[1] + "s | %s%n";
    text.append(format.formatted("name", "expected", "actual"));
    rows.forEach(row -> text.append(format.formatted((Object[]) row)));
    System.out.println(text);
  }
}
