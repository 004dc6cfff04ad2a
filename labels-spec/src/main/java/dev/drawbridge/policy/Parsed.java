package dev.drawbridge.policy;

import java.util.List;

/**
 * What could be understood, and what was wrong with the rest.
 *
 * @param value never absent: with errors it holds what was understood, and must not be enforced as
 *     if it were whole
 * @param problems in the order of the text
 */
public record Parsed<T>(T value, List<Problem> problems) {
  public Parsed {
    problems = List.copyOf(problems);
  }

  /** Whether there is no error; warnings do not count. */
  public boolean ok() {
    for (Problem problem : problems) {
      if (problem.severity() == Severity.ERROR) {
        return false;
      }
    }
    return true;
  }
}
