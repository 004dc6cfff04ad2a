package dev.drawbridge.policy.parse;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.policy.language.DnsName;
import dev.drawbridge.policy.language.NamePattern;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** SPEC S9 and Z3: names and patterns of names, hostile ones too. Seeded: a failure repeats. */
final class DnsNameTest {
  private static final int ROUNDS = 30_000;
  private static final String LETTERS = "ab-_.*.A*";
  private static final String HOSTILE = "ab.\\.0469\u0000 *\u212a\u00ff/AB";

  private static NamePattern pattern(String text) {
    return PartyParser.namePattern(new Token(text, 1));
  }

  private static String random(Random random, String of, int most) {
    var text = new StringBuilder();
    for (int i = random.nextInt(most); i >= 0; i--) {
      text.append(of.charAt(random.nextInt(of.length())));
    }
    return text.toString();
  }

  /** The same said by an expression. */
  private static Pattern expression(String pattern) {
    var expression = new StringBuilder();
    for (String label : pattern.split("\\.", -1)) {
      expression.append(expression.isEmpty() ? "" : "\\.");
      expression.append(
          switch (label) {
            case "**" -> "[a-z0-9_-]+(\\.[a-z0-9_-]+)*";
            case "*" -> "[a-z0-9_-]+";
            default -> label.replace("*", "[a-z0-9_-]*");
          });
    }
    return Pattern.compile(expression.toString());
  }

  @Test
  void aPatternFitsWhatItsExpressionFits() {
    var random = new Random(13);
    int read = 0;
    int fitted = 0;
    for (int i = 0; i < ROUNDS; i++) {
      String text = random(random, LETTERS, 7);
      NamePattern pattern;
      try {
        pattern = pattern(text);
      } catch (Mistake e) {
        continue;
      }
      read++;
      String name = random(random, "ab-.A", 8);
      DnsName asked = DnsName.of(name);
      boolean fits =
          pattern.pattern().equals("**")
              || (asked.isPlain()
                  && expression(pattern.pattern()).matcher(asked.print()).matches());
      fitted += fits ? 1 : 0;
      assertEquals(fits, pattern.allows(asked), pattern.pattern() + " " + name);
      if (asked.isPlain() && !asked.labels().isEmpty()) {
        assertEquals(fits, pattern.matches(name), pattern.pattern() + " " + name);
        assertEquals(fits, pattern.forbids(asked), pattern.pattern() + " " + name);
      }
    }
    assertTrue(read > ROUNDS / 10 && fitted > ROUNDS / 100, read + " " + fitted);
  }

  @Test
  void whatIsPrintedIsReadAsTheSameName() {
    var random = new Random(14);
    for (int i = 0; i < ROUNDS; i++) {
      String text = random(random, HOSTILE, 12);
      DnsName name = DnsName.of(text);
      if (name.labels().contains("")) {
        continue; // in no message
      }
      assertEquals(name.labels(), DnsName.of(name.print()).labels(), text);
      assertTrue(name.print().chars().allMatch(c -> c > ' ' && c < 127), text);
    }
  }

  @Test
  void whatCoversFitsWhateverTheOtherFits() {
    var random = new Random(15);
    int covered = 0;
    for (int i = 0; i < ROUNDS; i++) {
      try {
        NamePattern wide = pattern(random(random, "a.**b", 5));
        NamePattern narrow = pattern(random(random, "a.**b", 5));
        if (wide.covers(narrow)) {
          covered++;
          for (int k = 0; k < 20; k++) {
            String name = random(random, "ab.", 6);
            assertTrue(!narrow.matches(name) || wide.matches(name), wide + " " + narrow + name);
          }
        }
      } catch (Mistake _) {
        // No pattern: there is nothing to compare.
      }
    }
    assertTrue(covered > 100, () -> "too few cover");
  }

  @ParameterizedTest
  @CsvSource({
    "*.stripe.com, a\\.b.stripe.com", // one label that is read as two
    "*.stripe.com, a\\046b.stripe.com",
    "*.stripe.com, a\\000.stripe.com",
    "*.stripe.com, a b.stripe.com",
    "*.stripe.com, a..stripe.com",
    "*.stripe.com, .stripe.com",
    "*.stripe.com, stripe.com",
    "stripe.com, \\115tripe.com.evil",
    "kraken.com, \u212araken.com", // the Kelvin sign, whose lower case is k
    "kiwi.com, k\u0131wi.com",
    "api.stripe.com, api.stripe.com.evil.com",
    "**.stripe.com, evilstripe.com",
  })
  void hostileNamesAreAllowedByNothingThatIsNotAboutAll(String pattern, String name) {
    assertFalse(pattern(pattern).allows(DnsName.of(name)), name);
    assertTrue(pattern("**").allows(DnsName.of(name)), name);
  }

  @ParameterizedTest
  @CsvSource({
    "*.stripe.com, a\\.b.stripe.com",
    "*.stripe.com, a\\000.stripe.com",
    "**.stripe.com, a b.stripe.com",
    "stripe.com, STRIPE.com.",
    "stripe.com, \\115tripe.c\\111m",
    "**, .",
  })
  void whatIsForbiddenIsSoWhateverIsInIt(String pattern, String name) {
    assertTrue(pattern(pattern).forbids(DnsName.of(name)), name);
  }

  @Test
  void lengthsAreThoseOfAMessage() {
    String label = "a".repeat(63);
    String longest = String.join(".", label, label, label, "a".repeat(61));
    assertTrue(DnsName.of(longest).isPlain());
    assertTrue(DnsName.of(longest + ".").isPlain());
    assertFalse(DnsName.of(longest + "a").isPlain());
    assertFalse(DnsName.of(label + "a.com").isPlain());
    assertEquals(List.of(), DnsName.of(".").labels());
  }

  @ParameterizedTest
  @CsvSource({
    "bücher.example, xn--bcher-kva.example",
    "Bücher.EXAMPLE., xn--bcher-kva.example",
    "*.bücher.example, *.xn--bcher-kva.example",
    "xn--bcher-kva.example, xn--bcher-kva.example",
    "пример.испытание, xn--e1afmkfd.xn--80akhbyknj4f",
    "例え.テスト, xn--r8jz45g.xn--zckzah",
  })
  void internationalNamesAreTheSameInBothForms(String written, String stands) {
    assertEquals(stands, pattern(written).pattern());
  }

  @ParameterizedTest
  @CsvSource({
    "straße.example", // two readings by the two standards
    "b*cher-ü.example",
    "a\u3002example", // a dot that is none
    "a..b",
    "a.b..",
    "**a.b",
    "a.**.b",
    "a b.c",
    "a.\u0131.c\ud83d",
  })
  void whatIsNotReadAlikeEverywhereIsNoName(String written) {
    org.junit.jupiter.api.Assertions.assertThrows(Mistake.class, () -> pattern(written));
  }

  /** Some servers take such a Host for the name behind the dot. */
  @Test
  void aNameThatBeginsWithADotIsBelowAllTheSame() {
    assertTrue(pattern("**.evil.com").matches(".evil.com"));
    assertTrue(pattern("**.evil.com").matches(".x.evil.com"));
  }
}
