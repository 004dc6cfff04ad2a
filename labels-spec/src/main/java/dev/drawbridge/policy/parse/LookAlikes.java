package dev.drawbridge.policy.parse;

import dev.drawbridge.policy.ProblemCode;
import java.util.Optional;

/**
 * Characters that look like others: typographic quotes and dashes, full-width forms, and Cyrillic
 * or Greek letters among Latin ones. A rule with one of them never means what it shows.
 */
final class LookAlikes {
  private static final String QUOTES = "\u2018\u2019\u201a\u201b\u2032\u00b4\u02bc\u02b9";
  private static final String DOUBLE_QUOTES =
      "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb\u2039\u203a\u02ba";
  private static final String DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043";
  private static final String STRANGE =
      "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb\u04cf\u0501\u051b\u051d"
          + "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0406\u0408\u0405"
          + "\u03bf\u03b1\u03bd\u03b9\u03ba\u03c1\u03c5\u03c7"
          + "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7";
  private static final String LATIN =
      "aeopcyxijshldqw" + "ABEKMHOPCTYXIJS" + "oavikpux" + "ABEZHIKMNOPTYX";

  private LookAlikes() {}

  /** Refuses a line that has one. */
  static void check(String line) {
    for (int i = 0; i < line.length(); i++) {
      char c = line.charAt(i);
      if (QUOTES.indexOf(c) >= 0 || DOUBLE_QUOTES.indexOf(c) >= 0) {
        throw refused(line, i, "a typographic quote", "no quotes are needed", Optional.empty());
      }
      if (DASHES.indexOf(c) >= 0) {
        throw refused(line, i, "a typographic dash", "the plain -", Optional.of("-"));
      }
      if (c >= '\uff01' && c <= '\uff5e') {
        throw refused(
            line,
            i,
            "a full-width character",
            "the plain one",
            Optional.of("" + (char) (c - 0xfee0)));
      }
      int strange = STRANGE.indexOf(c);
      if (strange >= 0 && isInDisguise(line, i)) {
        char plain = LATIN.charAt(strange);
        throw refused(
            line,
            i,
            "a letter that looks like " + plain,
            "the plain " + plain,
            Optional.of("" + plain));
      }
    }
  }

  private static Mistake refused(
      String line, int at, String what, String expected, Optional<String> plain) {
    int start = at;
    while (start > 0 && line.charAt(start - 1) != ' ' && line.charAt(start - 1) != '\t') {
      start--;
    }
    int end = at;
    while (end < line.length() && line.charAt(end) != ' ' && line.charAt(end) != '\t') {
      end++;
    }
    String before = line.substring(start, at);
    String after = line.substring(at + 1, end);
    return new Mistake(
        ProblemCode.BAD_CHARACTER,
        new Token(line.substring(at, at + 1), at + 1),
        String.format("U+%04X is %s", (int) line.charAt(at), what),
        expected,
        plain.map(p -> before + p + after));
  }

  /** Whether its word has Latin letters beside it, or none that is not such a look-alike. */
  private static boolean isInDisguise(String line, int at) {
    int start = at;
    while (start > 0 && Character.isLetter(line.charAt(start - 1))) {
      start--;
    }
    int end = at;
    while (end < line.length() && Character.isLetter(line.charAt(end))) {
      end++;
    }
    String word = line.substring(start, end);
    boolean latin =
        word.codePoints()
            .anyMatch(c ->
                STRANGE.indexOf(c) < 0
                    && Character.UnicodeScript.of(c) == Character.UnicodeScript.LATIN);
    return latin || word.codePoints().allMatch(c -> STRANGE.indexOf(c) >= 0);
  }
}
