package dev.drawbridge.policy.parse;

import dev.drawbridge.policy.Origin;
import dev.drawbridge.policy.Parsed;
import dev.drawbridge.policy.Ports;
import dev.drawbridge.policy.ProblemCode;
import dev.drawbridge.policy.labels.Nearest;
import dev.drawbridge.policy.language.Action;
import dev.drawbridge.policy.language.Authority;
import dev.drawbridge.policy.language.HostPolicy;
import dev.drawbridge.policy.language.Party;
import dev.drawbridge.policy.language.Rule;
import dev.drawbridge.policy.language.Sentence;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Lines of a policy file about what holds for containers: {@code WHO is closed}, or {@code
 * audited}.
 */
final class Standing {
  private static final List<String> STATES = List.of("closed", "audited");

  /** Rules that a line comes to, or an audit. */
  record Said(List<Rule> rules, List<HostPolicy.Audited> audited) {}

  private Standing() {}

  /** Whether a line says what somebody is rather than what he may. */
  static boolean isOne(String line) {
    boolean is = false;
    for (Token token : Token.split(line)) {
      if (token.is("may")) {
        return false;
      }
      is |= isVerb(token);
    }
    return is;
  }

  private static boolean isVerb(Token token) {
    return token.is("is") || token.is("are");
  }

  static Parsed<Said> read(Origin origin, String line, Groups groups) {
    try {
      SentenceParser.checkCharacters(line);
      return new Parsed<>(said(origin, line, groups), List.of());
    } catch (Mistake mistake) {
      return new Parsed<>(new Said(List.of(), List.of()), List.of(mistake.problem(origin, line)));
    }
  }

  private static Said said(Origin origin, String line, Groups groups) {
    var cursor = new Cursor(line);
    Token first = cursor.peek();
    Party party = new PartyParser(cursor, false, groups).party(false);
    if (!isVerb(cursor.peek())) {
      throw new Mistake(
          ProblemCode.UNEXPECTED_WORD,
          cursor.peek(),
          "'" + cursor.peek().text() + "' does not fit here",
          "and, may, or 'is closed'");
    }
    cursor.next();
    Token state = cursor.require("closed or audited");
    if (!STATES.contains(state.text())) {
      throw new Mistake(
          ProblemCode.UNEXPECTED_WORD,
          state,
          "'" + state.text() + "' is nothing that a container can be",
          "closed or audited",
          Nearest.of(state.text(), STATES));
    }
    boolean byRequest = state.is("audited") && cursor.accept("by");
    if (byRequest && !cursor.accept("request")) {
      throw new Mistake(
          ProblemCode.UNEXPECTED_WORD,
          cursor.peek(),
          "an audit goes by request or without more words",
          "request",
          Optional.of("request"));
    }
    if (!cursor.done()) {
      throw new Mistake(
          ProblemCode.UNEXPECTED_WORD,
          cursor.peek(),
          "'" + cursor.peek().text() + "' does not fit here",
          "the end");
    }
    if (!(party instanceof Party.Selector who)) {
      throw new Mistake(
          ProblemCode.WRONG_SIDES,
          first,
          "only containers have sides that can be closed or audited",
          "a selector of containers",
          Optional.of("containers").filter(_ -> party == Party.Entity.ANYONE));
    }
    String text = line.strip();
    if (state.is("audited")) {
      return new Said(List.of(), List.of(new HostPolicy.Audited(origin, text, who, byRequest)));
    }
    var rules = new ArrayList<Rule>();
    rules.add(new Rule(origin, text, closing(who, Party.Entity.NOBODY, Authority.CALLER)));
    rules.add(new Rule(origin, text, closing(Party.Entity.NOBODY, who, Authority.CALLEE)));
    return new Said(rules, List.of());
  }

  /** As {@code nobody may connect}: it closes that side and allows nothing. */
  private static Sentence closing(Party subject, Party object, Authority authority) {
    return new Sentence(
        Optional.of(subject),
        true,
        new Action.Connect(Ports.NONE),
        Optional.of(object),
        Ports.NONE,
        List.of(),
        authority);
  }
}
