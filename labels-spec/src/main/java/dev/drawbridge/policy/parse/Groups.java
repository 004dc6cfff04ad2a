package dev.drawbridge.policy.parse;

import dev.drawbridge.policy.Origin;
import dev.drawbridge.policy.Problem;
import dev.drawbridge.policy.ProblemCode;
import dev.drawbridge.policy.labels.Nearest;
import dev.drawbridge.policy.language.Party;
import dev.drawbridge.policy.language.Term;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The groups of one policy file: {@code group databases = service:wiki-db, service:git-db}. */
final class Groups {
  static final Groups NONE = new Groups();

  private static final String WORD = "group";

  private final Map<String, List<Party.Selector>> members = new TreeMap<>();

  /** Whether a line defines a group rather than saying who may what. */
  static boolean isDefinition(String line) {
    List<Token> tokens = Token.split(line);
    return !tokens.isEmpty() && tokens.getFirst().is(WORD);
  }

  /** Reads a definition. A name that is defined with mistakes counts as known. */
  Optional<Problem> define(Origin origin, String line) {
    try {
      SentenceParser.checkCharacters(line);
      define(line);
      return Optional.empty();
    } catch (Mistake mistake) {
      return Optional.of(mistake.problem(origin, line));
    }
  }

  private void define(String line) {
    var cursor = new Cursor(line);
    cursor.next();
    Token name = cursor.require("a name for the group");
    checkName(name);
    boolean repeated = members.putIfAbsent(name.text(), List.of()) != null;
    if (repeated) {
      throw new Mistake(
          ProblemCode.REPEATED,
          name,
          "the file has a group '" + name.text() + "' already",
          "another name, or one line for both");
    }
    Token equal = cursor.require("= and the selectors");
    if (!equal.is("=")) {
      throw new Mistake(
          ProblemCode.UNEXPECTED_WORD,
          equal,
          "'" + equal.text() + "' does not fit here",
          "group NAME = SELECTOR, SELECTOR",
          equal.text().startsWith("=")
              ? Optional.of("= " + equal.text().substring(1))
              : Optional.of("="));
    }
    members.put(name.text(), selectors(line, equal.end() - 1));
  }

  private static void checkName(Token name) {
    for (int i = 0; i < name.text().length(); i++) {
      char c = name.text().charAt(i);
      if (!Character.isLetterOrDigit(c) && "._-".indexOf(c) < 0) {
        throw new Mistake(
            ProblemCode.BAD_NAME,
            name,
            "the character " + c + " cannot be in the name of a group",
            "letters, digits, . _ and -, and a blank before the =");
      }
    }
  }

  private static List<Party.Selector> selectors(String line, int from) {
    var selectors = new ArrayList<Party.Selector>();
    int begin = from;
    while (begin <= line.length()) {
      int comma = line.indexOf(',', begin);
      int end = comma < 0 ? line.length() : comma;
      // Blanks keep the columns.
      var cursor = new Cursor(" ".repeat(begin) + line.substring(begin, end));
      if (cursor.done()) {
        throw new Mistake(
            ProblemCode.MISSING_WORD,
            new Token("", end + 1),
            "a selector is missing",
            "group NAME = SELECTOR, SELECTOR");
      }
      selectors.add(selector(cursor));
      begin = end + 1;
    }
    return selectors;
  }

  private static Party.Selector selector(Cursor cursor) {
    Token first = cursor.peek();
    Party party = new PartyParser(cursor, false, NONE).party(false);
    if (!cursor.done()) {
      throw new Mistake(
          ProblemCode.UNEXPECTED_WORD,
          cursor.peek(),
          "'" + cursor.peek().text() + "' does not fit here",
          "and, a comma, or the end",
          Optional.of(",").filter(_ -> cursor.peek().text().indexOf(':') > 0));
    }
    if (party instanceof Party.Selector selector) {
      return selector;
    }
    throw new Mistake(
        ProblemCode.BAD_SELECTOR,
        first,
        "'" + first.text() + "' is no container",
        "selectors of containers");
  }

  /** {@code group:NAME} in a sentence. */
  Term term(Token token, String name, boolean label) {
    if (label) {
      throw new Mistake(
          ProblemCode.BAD_SELECTOR,
          token,
          "groups are the host's: a label knows none",
          "service:NAME or a label, or the sentence in a policy file");
    }
    List<Party.Selector> known = members.get(name);
    if (known == null) {
      throw new Mistake(
          ProblemCode.BAD_SELECTOR,
          token,
          "this file has no group '" + name + "'",
          "'group " + name + " = SELECTOR, SELECTOR' on a line of its own, and no group in it",
          Nearest.of(name, List.copyOf(members.keySet())).map(near -> "group:" + near));
    }
    return new Term.Group(name, known);
  }
}
