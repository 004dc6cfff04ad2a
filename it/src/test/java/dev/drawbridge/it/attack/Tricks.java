package dev.drawbridge.it.attack;

import dev.drawbridge.testkit.LabException;
import java.util.ArrayList;
import java.util.List;

/** The rows of the 28 tricks, as they are tried one after another. */
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

  List<Row> rows() {
    return List.copyOf(rows);
  }
}
