package dev.drawbridge.cli.doctor;

import dev.drawbridge.cli.terminal.Text;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What was found, in the order in which it was looked at. */
final class Findings {
  /** How bad it is. */
  enum Grade {
    OK,
    WARN,
    BAD
  }

  /**
   * One thing that was looked at.
   *
   * @param code which thing, {@link Check#code()}; kept from version to version
   * @param what what was found, with the cause if something is wrong
   * @param advice what to do; empty if nothing is to be done
   */
  record Finding(String code, Grade grade, String what, String advice) {
    String line() {
      String grade =
          String.format(Locale.ROOT, "%-4s  ", this.grade.name().toLowerCase(Locale.ROOT));
      return Text.oneLine(grade + code + "  " + what + (advice.isEmpty() ? "" : ": " + advice));
    }
  }

  private final List<Finding> all = new ArrayList<>();

  void add(Check check, Grade grade, String what, String advice) {
    all.add(new Finding(check.code(), grade, what, advice));
  }

  List<Finding> all() {
    return List.copyOf(all);
  }

  /** Whether nothing is bad; there may be warnings. */
  boolean healthy() {
    return all.stream().noneMatch(finding -> finding.grade() == Grade.BAD);
  }
}
