package dev.drawbridge.policy;

/** Where a rule was written. */
public sealed interface Origin {
  /**
   * A container's label.
   *
   * @param key the label's key
   * @param line line within the label's value, from 1
   */
  record Label(String key, int line) implements Origin {
    /** A label of one line. */
    public Label(String key) {
      this(key, 1);
    }

    @Override
    public String display() {
      return line == 1 ? key : key + " line " + line;
    }
  }

  /**
   * A line of a file.
   *
   * @param file the file's name as the user knows it
   * @param line from 1
   */
  record FileLine(String file, int line) implements Origin {
    @Override
    public String display() {
      return file + ":" + line;
    }
  }

  /** As a message names it: {@code drawbridge.policy.read} or {@code 10-db.policy:3}. */
  String display();
}
