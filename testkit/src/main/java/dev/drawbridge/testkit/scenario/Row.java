package dev.drawbridge.testkit.scenario;

import dev.drawbridge.testkit.LabException;

/**
 * One line of the table. Rows are told in order: each finds the containers as the ones before left
 * them.
 *
 * @param number of the story's chapter, with a letter where a chapter has several rows
 * @param caller who asks
 * @param callee who is asked
 * @param request for what
 * @param expected in the words that {@link Observation#actual} uses
 */
public record Row(
    String number, String caller, String callee, String request, String expected, Deed deed) {

  /** Carries the row out. */
  @FunctionalInterface
  public interface Deed {
    Observation on(Stage stage);
  }

  /** Never throws: what breaks in the laboratory is an observation that no row expects. */
  public Observation observe(Stage stage) {
    try {
      return deed.on(stage);
    } catch (LabException | IllegalStateException e) {
      return new Observation("the lab failed", String.valueOf(e.getMessage()));
    }
  }

  public boolean agrees(Observation observation) {
    return expected.equals(observation.actual());
  }

  /** For a test's name. */
  public String title() {
    return number + ": " + caller + " -> " + callee + ", " + request + ": " + expected;
  }
}
