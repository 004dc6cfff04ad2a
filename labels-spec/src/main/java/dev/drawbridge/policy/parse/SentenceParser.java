package dev.drawbridge.policy.parse;

import dev.drawbridge.policy.Origin;
import dev.drawbridge.policy.Parsed;
import dev.drawbridge.policy.ProblemCode;
import dev.drawbridge.policy.labels.Nearest;
import dev.drawbridge.policy.language.Action;
import dev.drawbridge.policy.language.Party;
import dev.drawbridge.policy.language.Rule;
import dev.drawbridge.policy.language.Sentence;
import java.util.List;
import java.util.Optional;

/** Reads one sentence. */
public final class SentenceParser {
  /** Words that end an object or an action. */
  static final List<String> CLAUSES = List.of("on", "port", "with", "for");

  /** containerd's limit for a label, key and value together; ours for a line. */
  static final int MAX_BYTES = 4096;

  private static final List<String> AFTER = List.of("on", "port", "with", "for", "and", "except");

  private final Cursor cursor;
  private final boolean label;
  private final Groups groups;

  private SentenceParser(String line, boolean label, Groups groups) {
    this.cursor = new Cursor(line);
    this.label = label;
    this.groups = groups;
  }

  /** A sentence of a label: the bearing container's side is left out. */
  public static Parsed<Optional<Rule>> label(Origin origin, String line) {
    return parse(origin, line, true, Groups.NONE);
  }

  /** A sentence of a host policy: both sides are written. */
  public static Parsed<Optional<Rule>> host(Origin origin, String line) {
    return host(origin, line, Groups.NONE);
  }

  /** The same in a file that has groups. */
  static Parsed<Optional<Rule>> host(Origin origin, String line, Groups groups) {
    return parse(origin, line, false, groups);
  }

  private static Parsed<Optional<Rule>> parse(
      Origin origin, String line, boolean label, Groups groups) {
    try {
      checkCharacters(line);
      var parser = new SentenceParser(line, label, groups);
      Sentence sentence = parser.sentence();
      checkYaml(line);
      return new Parsed<>(Optional.of(new Rule(origin, line.strip(), sentence)), List.of());
    } catch (Mistake mistake) {
      return new Parsed<>(Optional.empty(), List.of(mistake.problem(origin, line)));
    }
  }

  /** What cannot be seen must not have a meaning. */
  static void checkCharacters(String line) {
    for (int i = 0; i < line.length(); i++) {
      char c = line.charAt(i);
      int type = Character.getType(c);
      boolean invisible =
          (Character.isISOControl(c) && c != '\t' && c != '\r')
              || type == Character.FORMAT
              || type == Character.UNASSIGNED
              || type == Character.PRIVATE_USE
              || (Character.isSpaceChar(c) && c != ' ')
              || (Character.isSurrogate(c) && !isPair(line, i));
      if (invisible) {
        throw new Mistake(
            ProblemCode.BAD_CHARACTER,
            new Token("?", i + 1),
            String.format("the character U+%04X is not allowed", (int) c),
            "visible characters and plain blanks");
      }
    }
    LookAlikes.check(line);
    if (line.length() > 0
        && "\"'`".indexOf(line.strip().isEmpty() ? ' ' : line.strip().charAt(0)) >= 0) {
      int at = line.indexOf(line.strip());
      throw new Mistake(
          ProblemCode.BAD_CHARACTER,
          new Token(line.strip().substring(0, 1), at + 1),
          "the sentence stands in quotes",
          "the sentence alone: no quotes or backticks are needed");
    }
  }

  /** What stands in a label must stand in YAML without quotes. */
  private static void checkYaml(String line) {
    List<Token> tokens = Token.split(line);
    for (Token token : tokens) {
      if (token.text().endsWith(":") || token.text().startsWith("#")) {
        throw new Mistake(
            ProblemCode.BAD_CHARACTER,
            token,
            "a word that "
                + (token.text().endsWith(":") ? "ends with :" : "begins with #")
                + " would need quotes in YAML",
            token.text().endsWith("::") ? "the address with its /128" : "another spelling",
            token.text().endsWith("::") ? Optional.of(token.text() + "/128") : Optional.empty());
      }
    }
    Token first = tokens.getFirst();
    if ("&*!|>%@{}[],".indexOf(first.text().charAt(0)) >= 0) {
      throw new Mistake(
          ProblemCode.BAD_CHARACTER,
          first,
          "a sentence that begins with " + first.text().charAt(0) + " would need quotes in YAML",
          "another spelling");
    }
  }

  private static boolean isPair(String line, int i) {
    return Character.isHighSurrogate(line.charAt(i))
        ? i + 1 < line.length() && Character.isLowSurrogate(line.charAt(i + 1))
        : i > 0 && Character.isHighSurrogate(line.charAt(i - 1));
  }

  private Sentence sentence() {
    if (cursor.done()) {
      throw new Mistake(
          ProblemCode.EMPTY,
          cursor.peek(),
          "there is no sentence",
          "for instance app=api may GET /users");
    }
    Optional<Party> subject = Optional.empty();
    if (!cursor.peek().is("may")) {
      checkVerbless();
      subject = Optional.of(new PartyParser(cursor, label, groups).party(false));
    }
    may();
    boolean adds = cursor.accept("also");
    boolean allows = adds || !cursor.accept("not");
    checkNotBoth(adds);
    Token verb = cursor.peek();
    Action action = new ActionParser(cursor).action();
    var clauses = new Clauses(cursor, label, allows, action, verb, groups);
    clauses.read();
    checkSides(subject, clauses.object(), action, verb);
    Optional<Party> object = clauses.object();
    if (object.isEmpty() && !label) {
      object = Optional.of(Party.Entity.ANYONE);
    }
    return new Sentence(
        subject,
        allows,
        adds,
        action,
        object,
        clauses.ports(),
        clauses.conditions(),
        clauses.authority());
  }

  private void checkNotBoth(boolean adds) {
    if (adds ? cursor.peek().is("not") : cursor.peek().is("also")) {
      throw new Mistake(
          ProblemCode.UNEXPECTED_WORD,
          cursor.peek(),
          "what is forbidden is never added",
          "'may also …', or 'may not …' without also");
    }
  }

  /** A sentence that begins with its action lacks the word may. */
  private void checkVerbless() {
    Token first = cursor.peek();
    boolean action =
        ActionParser.VERBS.contains(first.text())
            || ActionParser.METHODS.contains(first.text().split(",", -1)[0]);
    if (action) {
      throw new Mistake(
          ProblemCode.MISSING_WORD,
          first,
          "the word may is missing",
          "'may " + first.text() + " …' or 'WHO may " + first.text() + " …'",
          Optional.of("may " + first.text()));
    }
    if (Nearest.distance(first.text(), "may") == 1 && first.text().indexOf('=') < 0) {
      throw new Mistake(
          ProblemCode.UNEXPECTED_WORD,
          first,
          "'" + first.text() + "' is not known",
          "may, or who may",
          Optional.of("may"));
    }
  }

  private void may() {
    if (cursor.accept("may")) {
      return;
    }
    Token token = cursor.peek();
    if (cursor.done()) {
      throw new Mistake(
          ProblemCode.MISSING_WORD, token, "the sentence ends here", "may or may not");
    }
    Optional<String> meant = Synonyms.ofMay(token.text());
    if (meant.isPresent()) {
      throw new Mistake(
          ProblemCode.UNEXPECTED_WORD,
          token,
          "'" + token.text() + "' is not said",
          "may or may not",
          meant);
    }
    boolean later = cursor.anyRemaining(t -> t.is("may"));
    Optional<String> near =
        Nearest.of(token.text(), later ? List.of("and", "except", "in") : List.of("may", "and"));
    throw new Mistake(
        ProblemCode.UNEXPECTED_WORD,
        token,
        "'" + token.text() + "' does not fit here",
        later ? "and or may" : "may or may not",
        token.is("or") ? Optional.empty() : near);
  }

  private void checkSides(
      Optional<Party> subject, Optional<Party> object, Action action, Token verb) {
    boolean namesItsObject = action.namesItsObject();
    if (label && subject.isEmpty() && object.isEmpty() && !namesItsObject) {
      throw new Mistake(
          ProblemCode.WRONG_SIDES,
          verb,
          "the sentence says neither who calls nor who is called",
          "'WHO may …' for what comes in, 'may … on WHOM' for what goes out");
    }
    if (!label && subject.isEmpty()) {
      throw new Mistake(
          ProblemCode.WRONG_SIDES,
          verb,
          "a host policy's sentence says who calls",
          "'WHO may … on WHOM'");
    }
    if (!label && object.isEmpty() && !namesItsObject) {
      throw new Mistake(
          ProblemCode.WRONG_SIDES,
          cursor.peek(),
          "a host policy's sentence says who is called",
          "'on WHOM' at the end");
    }
  }

  static Mistake unexpected(Token token) {
    return new Mistake(
        ProblemCode.UNEXPECTED_WORD,
        token,
        "'" + token.text() + "' does not fit here",
        "on, port, with, or the end",
        Synonyms.ofClause(token.text()).or(() -> Nearest.of(token.text(), AFTER)));
  }
}
