package dev.drawbridge.policy.parse;

import dev.drawbridge.policy.ProblemCode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** Walks over the words of one sentence. */
final class Cursor {
  private final List<Token> tokens;
  private final Token end;
  private int at;

  Cursor(String line) {
    tokens = Token.split(line);
    end = new Token("", tokens.isEmpty() ? 1 : tokens.getLast().end() + 1);
  }

  boolean done() {
    return at >= tokens.size();
  }

  /** The word to come; empty text at the end. */
  Token peek() {
    return done() ? end : tokens.get(at);
  }

  Token peekNext() {
    return at + 1 < tokens.size() ? tokens.get(at + 1) : end;
  }

  Token next() {
    Token token = peek();
    at++;
    return token;
  }

  boolean accept(String word) {
    if (!peek().is(word)) {
      return false;
    }
    at++;
    return true;
  }

  /** The next word, or the mistake that it is missing. */
  Token require(String expected) {
    if (done()) {
      throw new Mistake(ProblemCode.MISSING_WORD, end, "the sentence ends here", expected);
    }
    return next();
  }

  boolean anyRemaining(Predicate<Token> test) {
    return tokens.subList(Math.min(at, tokens.size()), tokens.size()).stream().anyMatch(test);
  }

  /** {@code (a b c)}: the brackets may touch the words. */
  List<Token> list(String ofWhat) {
    Token open = require("a list in brackets, for instance (a b)");
    if (!open.text().startsWith("(")) {
      throw new Mistake(
          ProblemCode.UNEXPECTED_WORD,
          open,
          "'" + open.text() + "' is not a list",
          "a list in brackets, for instance (a b)",
          open.text().endsWith(",")
              ? Optional.empty()
              : Optional.of(
                  "("
                      + open.text().replaceAll("[\\[\\]{}]", "").replaceAll("[,|]+", " ").strip()
                      + ")"));
    }
    var items = new ArrayList<Token>();
    Token token = open.from(1);
    while (true) {
      boolean last = token.text().endsWith(")");
      Token item =
          last
              ? new Token(token.text().substring(0, token.text().length() - 1), token.column())
              : token;
      if (!item.text().isEmpty()) {
        if (item.text().endsWith(",")) {
          throw new Mistake(
              ProblemCode.BAD_CHARACTER,
              item,
              "items of a list are separated by blanks",
              ofWhat,
              Optional.of(item.text().substring(0, item.text().length() - 1)));
        }
        items.add(item);
      }
      if (last) {
        break;
      }
      token = require("')' at the end of the list");
    }
    if (items.isEmpty()) {
      throw new Mistake(
          ProblemCode.BAD_SELECTOR, open, "the list is empty, so nothing could match", ofWhat);
    }
    return items;
  }
}
