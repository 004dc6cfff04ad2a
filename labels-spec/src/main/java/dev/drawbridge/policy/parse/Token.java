package dev.drawbridge.policy.parse;

import java.util.ArrayList;
import java.util.List;

/**
 * A word of a sentence.
 *
 * @param column of its first character, from 1
 */
record Token(String text, int column) {

  boolean is(String word) {
    return text.equals(word);
  }

  int end() {
    return column + text.length();
  }

  /** The part from that index on, at its own column. */
  Token from(int index) {
    return new Token(text.substring(index), column + index);
  }

  /** Words are what blanks and tabs separate; nothing else separates. */
  static List<Token> split(String line) {
    var tokens = new ArrayList<Token>();
    int i = 0;
    while (i < line.length()) {
      if (isBlank(line.charAt(i))) {
        i++;
        continue;
      }
      int start = i;
      while (i < line.length() && !isBlank(line.charAt(i))) {
        i++;
      }
      tokens.add(new Token(line.substring(start, i), start + 1));
    }
    return tokens;
  }

  /** The line without its comment: from a # at the start or after a blank. */
  static String withoutComment(String line) {
    for (int i = 0; i < line.length(); i++) {
      if (line.charAt(i) == '#' && (i == 0 || isBlank(line.charAt(i - 1)))) {
        return line.substring(0, i).stripTrailing();
      }
    }
    return line.stripTrailing();
  }

  private static boolean isBlank(char c) {
    return c == ' ' || c == '\t' || c == '\r';
  }
}
