package dev.drawbridge.policy.automaton;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** java.util.regex is the oracle, on expressions that both read alike. Cites SPEC A3. */
final class DfaTest {
  private static String expression(Random random, int depth) {
    return switch (random.nextInt(depth > 3 ? 4 : 9)) {
      case 0 -> "a";
      case 1 -> "b";
      case 2 -> "[a-c]";
      case 3 -> ".";
      case 4 -> expression(random, depth + 1) + expression(random, depth + 1);
      case 5 -> "(" + expression(random, depth + 1) + "|" + expression(random, depth + 1) + ")";
      case 6 -> "(" + expression(random, depth + 1) + ")*";
      case 7 -> "(?:" + expression(random, depth + 1) + "){0,2}";
      default -> "(" + expression(random, depth + 1) + ")?[^b]";
    };
  }

  @Test
  void agreesWithTheOracle() throws RegexException {
    var random = new Random(4711);
    for (int round = 0; round < 400; round++) {
      var patterns = new ArrayList<Node>();
      var oracle = new ArrayList<Pattern>();
      for (int i = 0; i < 3; i++) {
        String text = expression(random, 0);
        patterns.add(RegexParser.parse(text));
        oracle.add(Pattern.compile(text, Pattern.DOTALL));
      }
      var dfa = new Dfa<>(patterns, accepts -> accepts);
      for (int i = 0; i < 50; i++) {
        var input = new StringBuilder();
        for (int n = random.nextInt(8); n > 0; n--) {
          input.append((char) ('a' + random.nextInt(4)));
        }
        var expected = new ArrayList<Integer>();
        for (int p = 0; p < oracle.size(); p++) {
          if (oracle.get(p).matcher(input).matches()) {
            expected.add(p);
          }
        }
        var actual = new ArrayList<Integer>();
        for (int p : dfa.run(dfa.start(), input).verdict()) {
          actual.add(p);
        }
        assertEquals(expected, actual, () -> oracle + " " + input);
      }
    }
  }

  @Test
  void evilExpressionsStayLinear() throws RegexException {
    Node node = RegexParser.parse("(a+)+b|(a|a)*c|.*x.{12}");
    var dfa = new Dfa<>(List.of(node), accepts -> accepts.length > 0);
    var random = new Random(1);
    var text = new StringBuilder();
    for (int i = 0; i < 200_000; i++) {
      text.append(random.nextBoolean() ? 'a' : 'x');
    }
    dfa.run(dfa.start(), text);
    assertTrue(dfa.keptStates() <= Dfa.MAX_STATES);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "(",
        ")",
        "[",
        "[]",
        "a**",
        "*a",
        "a{2",
        "a{3,2}",
        "a{9999}",
        "\\",
        "\\b",
        "\\1",
        "(?=a)",
        "(?<n>a)",
        "a^b",
        "a$b",
        "[z-a]",
        "[[:nope:]]",
        "\\x1",
        "((a{99}){99}){99}",
        "(?i",
        "+",
      })
  void whatIsNotRegularOrTooLargeIsRefused(String text) {
    assertThrows(RegexException.class, () -> RegexParser.parse(text));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "^/a$",
        "(?i)GeT",
        "a|",
        "[]a]",
        "[a-]",
        "\\.\\/\\-",
        "[[:alpha:]_]+",
        "\\x2f",
        "a*?",
        "",
        "^a$|^b$",
        "[^/]+",
        "\\d{2,}",
      })
  void whatOtherToolsWriteIsRead(String text) throws RegexException {
    RegexParser.parse(text);
  }

  @Test
  void foldedCaseMatchesBoth() throws RegexException {
    var dfa = new Dfa<>(List.of(RegexParser.parse("(?i)g[e-f]T")), accepts -> accepts.length > 0);
    assertTrue(dfa.run(dfa.start(), "GET").verdict());
    assertTrue(dfa.run(dfa.start(), "gft").verdict());
  }

  @Test
  void inclusionIsExact() throws RegexException {
    assertTrue(covers("/a/.*", "/a/b"));
    assertTrue(covers("(a|b)*", "(ab)*"));
    assertTrue(!covers("(ab)*", "(a|b)*"));
    assertTrue(!covers("[a-y]", "[a-z]"));
  }

  private static boolean covers(String wide, String narrow) throws RegexException {
    return Inclusion.covers(RegexParser.parse(wide), RegexParser.parse(narrow));
  }
}
