package dev.drawbridge.cli.selftest;

/**
 * One line of the matrix.
 *
 * @param who asks
 * @param whom is asked
 * @param what is asked for
 * @param expected in the words of {@code actual}
 * @param actual what came of it; empty if it was not asked
 * @param why what the agent says about it, or why it was not asked
 */
record Row(
    String number,
    String who,
    String whom,
    String what,
    String expected,
    String actual,
    Outcome outcome,
    String why) {

  enum Outcome {
    AS_EXPECTED,
    DIFFERS,
    NOT_ASKED
  }

  /** A question before it is asked. */
  record Question(String number, String who, String whom, String what, String expected) {
    Row answered(String actual, String why) {
      Outcome outcome = actual.equals(expected) ? Outcome.AS_EXPECTED : Outcome.DIFFERS;
      return new Row(number, who, whom, what, expected, actual, outcome, why);
    }

    Row notAsked(String why) {
      return new Row(number, who, whom, what, expected, "", Outcome.NOT_ASKED, why);
    }
  }
}
