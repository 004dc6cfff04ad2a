package dev.drawbridge.daemon.succession;

import java.nio.file.Path;

/**
 * What two agents say to each other, a line each: one word, and what follows it. Agents of
 * different versions speak it. Whoever hears a word that he does not know ends the conversation.
 */
final class Words {
  /** To an agent: it is to start its successor. Answered by {@link #DONE}, or by a refusal. */
  static final String SUCCEED = "succeed";

  /** From the successor: it could start, and wants all that only one may have. */
  static final String TAKE_OVER = "take-over";

  /** To the successor: that is its own now. */
  static final String YOURS = "yours";

  /** From the successor, with its process number: new connections are its own, hooks too. */
  static final String READY = "ready";

  /** To the successor: whoever supervises goes by its process now. */
  static final String KNOWN = "known";

  /** From the successor, with a number and JSON: what the host's policy is from now on. */
  static final String POLICY = "policy";

  /** To the successor, with that number: nothing is judged by any other any more. */
  static final String JUDGED = "judged";

  /** From the successor, with an endpoint: it is gone, or its labels say another thing. */
  static final String GONE = "gone";

  /** To the successor, with JSON: a record of what is carried to its end. */
  static final String RECORD = "record";

  /** To whoever asked: another agent has taken over. */
  static final String DONE = "done";

  /** To whoever asked, with a sentence: nothing has changed. */
  static final String REFUSED = "refused";

  private Words() {}

  /** Where an agent listens for them. */
  static Path socket(Path runDir) {
    return runDir.resolve("succession.sock");
  }

  /** The first word of a line. */
  static String word(String line) {
    int space = line.indexOf(' ');
    return space < 0 ? line : line.substring(0, space);
  }

  /** What follows it. */
  static String rest(String line) {
    int space = line.indexOf(' ');
    return space < 0 ? "" : line.substring(space + 1);
  }
}
