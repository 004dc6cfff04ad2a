package dev.drawbridge.policy.parse;

import dev.drawbridge.policy.language.NamePattern;
import java.net.IDN;
import java.text.Normalizer;
import java.util.Locale;
import java.util.Optional;

/** A label of a name in letters beyond ASCII, and how it stands in a message. */
final class InternationalLabel {
  /** Sharp s, final sigma, joiners: IDNA 2003 and 2008 make different labels of these. */
  private static final String DEVIATING = "\u00df\u1e9e\u03c2\u200c\u200d";

  private static final String DOTS = "\u3002\uff0e\uff61";

  private InternationalLabel() {}

  /** Its A-label; nothing for what has none, or none that everybody agrees on. */
  static Optional<String> ascii(String label) {
    for (int i = 0; i < label.length(); i++) {
      if (DEVIATING.indexOf(label.charAt(i)) >= 0 || DOTS.indexOf(label.charAt(i)) >= 0) {
        return Optional.empty();
      }
    }
    String written = Normalizer.normalize(label.toLowerCase(Locale.ROOT), Normalizer.Form.NFC);
    try {
      String ascii = IDN.toASCII(written, IDN.USE_STD3_ASCII_RULES);
      boolean same =
          ascii.startsWith("xn--")
              && ascii.length() <= NamePattern.MAX_LABEL
              && IDN.toUnicode(ascii, IDN.USE_STD3_ASCII_RULES).equals(written);
      return same ? Optional.of(ascii) : Optional.empty();
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
