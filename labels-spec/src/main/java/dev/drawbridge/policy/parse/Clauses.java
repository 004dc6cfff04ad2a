package dev.drawbridge.policy.parse;

import dev.drawbridge.policy.Ports;
import dev.drawbridge.policy.ProblemCode;
import dev.drawbridge.policy.labels.Nearest;
import dev.drawbridge.policy.language.Action;
import dev.drawbridge.policy.language.Authority;
import dev.drawbridge.policy.language.Condition;
import dev.drawbridge.policy.language.Globs;
import dev.drawbridge.policy.language.Party;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What follows the action: object, ports, conditions, authority, in any order. */
final class Clauses {

  /** What other languages write before a =; no header has a name that ends so. */
  private static final String OPERATORS = "!~^*|$";

  private static final String HEADER_CHARACTERS = "!#$%&'*+-.^_`|~";

  private final Cursor cursor;
  private final boolean label;
  private final boolean allows;
  private final Action action;
  private final Token verb;
  private final Groups groups;
  private Optional<Party> object = Optional.empty();
  private Ports ports = Ports.NONE;
  private final List<Condition> conditions = new ArrayList<>();
  private Authority authority = Authority.BOTH;

  Clauses(Cursor cursor, boolean label, boolean allows, Action action, Token verb, Groups groups) {
    this.cursor = cursor;
    this.label = label;
    this.allows = allows;
    this.action = action;
    this.verb = verb;
    this.groups = groups;
  }

  Optional<Party> object() {
    return object;
  }

  Ports ports() {
    return ports;
  }

  List<Condition> conditions() {
    return conditions;
  }

  Authority authority() {
    return authority;
  }

  void read() {
    while (!cursor.done()) {
      Token word = cursor.next();
      switch (word.text()) {
        case "on" -> {
          once(word, object.isEmpty());
          object = Optional.of(new PartyParser(cursor, label, groups).party(true));
        }
        case "port" -> {
          once(word, ports.isEmpty());
          ports = ports(word);
        }
        case "with" -> conditions.add(condition(word));
        case "for" -> {
          once(word, authority == Authority.BOTH);
          authority = authority(word);
        }
        default -> throw SentenceParser.unexpected(word);
      }
    }
  }

  private static void once(Token word, boolean first) {
    if (!first) {
      throw new Mistake(
          ProblemCode.REPEATED, word, "'" + word.text() + "' stands here a second time", "it once");
    }
  }

  private Ports ports(Token word) {
    if (action instanceof Action.Connect) {
      throw new Mistake(
          ProblemCode.REPEATED,
          word,
          "connect names its ports itself",
          "'connect PORT'",
          Optional.of("connect " + cursor.peek().text()).filter(s -> !cursor.done()));
    }
    if (cursor.peek().is("any")) {
      cursor.next();
      return Ports.NONE;
    }
    return PortParser.port(cursor.require("a port after 'port'"));
  }

  private Authority authority(Token word) {
    Token side = cursor.require("caller or callee");
    if (label) {
      throw new Mistake(
          ProblemCode.WRONG_SIDES,
          word,
          "a label speaks for its own container anyway",
          "'for caller' and 'for callee' in host policies only");
    }
    return switch (side.text()) {
      case "caller" -> Authority.CALLER;
      case "callee" -> Authority.CALLEE;
      default ->
          throw new Mistake(
              ProblemCode.UNEXPECTED_WORD,
              side,
              "'" + side.text() + "' is no side",
              "caller or callee",
              Nearest.of(side.text(), List.of("caller", "callee")));
    };
  }

  private Condition condition(Token with) {
    Token kind = cursor.require("'header NAME' or 'host NAME'");
    if (action instanceof Action.Produce || action instanceof Action.Consume) {
      return kafka(with, kind);
    }
    if (!(action instanceof Action.Http) && !(action instanceof Action.Call)) {
      throw new Mistake(
          ProblemCode.BAD_CONDITION,
          with,
          "'" + verb.text() + "' has neither headers nor a host",
          "conditions on rules for HTTP, gRPC and Kafka only");
    }
    return switch (kind.text()) {
      case "header" -> header(cursor.require("a header's name"));
      case "host" ->
          new Condition.Host(PartyParser.namePattern(cursor.require("a host name or pattern")));
      default ->
          throw new Mistake(
              ProblemCode.BAD_CONDITION,
              kind,
              "'" + kind.text() + "' is no condition",
              "'with header NAME', 'with header NAME=VALUE' or 'with host NAME'",
              kind.is("upgrade") && !cursor.done()
                  ? Optional.of("header Upgrade=" + cursor.peek().text())
                  : Nearest.of(kind.text(), List.of("header", "host")));
    };
  }

  /** The group of who consumes, the transactional id of who produces; once. */
  private Condition kafka(Token with, Token kind) {
    boolean produces = action instanceof Action.Produce;
    String word = produces ? "transaction" : "group";
    if (!kind.is(word)) {
      throw new Mistake(
          ProblemCode.BAD_CONDITION,
          kind,
          "'" + kind.text() + "' is nothing that '" + verb.text() + "' has",
          "'with " + word + " NAME'",
          Optional.of(word));
    }
    once(with, conditions.isEmpty());
    String name = cursor.require("the name of a " + word + ", or a pattern with *").text();
    if (produces) {
      return new Condition.Transaction(name);
    }
    if (!allows && !Globs.isAll(((Action.Consume) action).topic())) {
      throw new Mistake(
          ProblemCode.BAD_CONDITION,
          kind,
          "a fetch names a topic and no group, so that a topic cannot be kept from one group",
          "'may not consume * with group " + name + "', or no group");
    }
    return new Condition.Group(name);
  }

  private Condition header(Token token) {
    int equal = token.text().indexOf('=');
    String name = equal < 0 ? token.text() : token.text().substring(0, equal);
    int colon = name.indexOf(':');
    if (colon > 0) {
      throw colon(token, name.substring(0, colon), token.text().substring(colon + 1));
    }
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (c > 126 || (!Character.isLetterOrDigit(c) && HEADER_CHARACTERS.indexOf(c) < 0)) {
        throw new Mistake(
            ProblemCode.BAD_CONDITION,
            token.from(i),
            "the character " + c + " cannot be in a header's name",
            "a header's name, for instance X-Reason");
      }
    }
    if (name.isEmpty()) {
      throw new Mistake(
          ProblemCode.BAD_CONDITION, token, "the header's name is missing", "NAME or NAME=VALUE");
    }
    if (equal > 0 && OPERATORS.indexOf(name.charAt(name.length() - 1)) >= 0) {
      throw new Mistake(
          ProblemCode.BAD_CONDITION,
          token,
          "a header is compared by = alone, with one whole value",
          "NAME=VALUE, or another rule for the rest");
    }
    if (equal >= 0) {
      String value = token.text().substring(equal + 1);
      if (value.isEmpty()) {
        throw new Mistake(
            ProblemCode.BAD_CONDITION,
            token,
            "the header's value is missing",
            "NAME=VALUE without blanks, or NAME alone");
      }
      return new Condition.Header(name, List.of(value));
    }
    if (!cursor.accept("in")) {
      return new Condition.Header(name, List.of());
    }
    return new Condition.Header(
        name, cursor.list("values of the header " + name).stream().map(Token::text).toList());
  }

  /** {@code X-Team: blue}: the name alone would mean any value, so it is no suggestion. */
  private Mistake colon(Token token, String name, String rest) {
    boolean apart = rest.isEmpty() && !cursor.done();
    String next = apart ? cursor.peek().text() : "";
    String value = apart && !SentenceParser.CLAUSES.contains(next) ? next : rest;
    return new Mistake(
        ProblemCode.BAD_CONDITION,
        token,
        "a header is written with =",
        "NAME=VALUE",
        value.isEmpty() ? Optional.empty() : Optional.of(name + "=" + value));
  }
}
