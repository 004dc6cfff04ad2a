package dev.drawbridge.it.attack;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drawbridge.testkit.LabException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;

/** The rows of tricks, as they are tried one after another. */
final class Tricks {
  /** A row: the trick's number and name, what was tried, what is right, what came of it. */
  record Row(String title, String expected, String actual) {}

  @FunctionalInterface
  interface Trial {
    String outcome() throws Exception;
  }

  private final List<Row> rows = new ArrayList<>();

  /** Never throws: what breaks in the laboratory is an outcome that no row expects. */
  void row(String title, String expected, Trial trial) {
    String actual;
    try {
      actual = trial.outcome();
    } catch (LabException | IllegalStateException | java.io.IOException e) {
      actual = "the lab failed: " + e.getMessage();
    } catch (Exception e) {
      throw new IllegalStateException(title, e);
    }
    rows.add(new Row(title, expected, actual));
  }

  /** Prints the rows as a table, and makes each a test. */
  Stream<DynamicTest> tests(String title) {
    Table table = new Table(title);
    rows.forEach(row -> table.row(row.title(), row.expected(), row.actual()));
    table.print();
    return rows.stream()
        .map(row ->
            DynamicTest.dynamicTest(
                row.title() + ": " + row.expected(),
                () -> assertEquals(row.expected(), row.actual())));
  }

  List<Row> rows() {
    return List.copyOf(rows);
  }
}
