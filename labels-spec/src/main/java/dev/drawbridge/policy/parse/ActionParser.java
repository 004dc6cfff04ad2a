package dev.drawbridge.policy.parse;

import dev.drawbridge.policy.Ports;
import dev.drawbridge.policy.ProblemCode;
import dev.drawbridge.policy.labels.Nearest;
import dev.drawbridge.policy.language.Action;
import dev.drawbridge.policy.language.PathPattern;
import dev.drawbridge.policy.path.PathSpelling;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What may be done. */
final class ActionParser {
  static final List<String> METHODS =
      List.of(
          "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "ANY");
  static final List<String> VERBS =
      List.of("connect", "call", "produce", "consume", "administer", "resolve", "open");
  private static final String EXPECTED =
      "methods and a path (GET,POST /users), connect, call, produce, consume, administer, resolve or"
          + " 'open tls to'";

  /** What stands where a path does without being meant as one. */
  private static final List<String> NO_PATHS = List.of("and", "or", "http", "https", "to", "on");

  private static final int MAX_TOPIC = 249;

  private final Cursor cursor;

  ActionParser(Cursor cursor) {
    this.cursor = cursor;
  }

  Action action() {
    Token verb = cursor.require(EXPECTED);
    return switch (verb.text()) {
      case "connect" -> new Action.Connect(connectPorts());
      case "call" -> new Action.Call(callTarget(cursor.require("pkg.Service/Method")));
      case "produce" -> new Action.Produce(topic(cursor.require("a topic")));
      case "consume" -> new Action.Consume(topic(cursor.require("a topic")));
      case "administer" -> new Action.Administer();
      case "resolve" ->
          new Action.Resolve(PartyParser.namePattern(cursor.require("a DNS name or pattern")));
      case "open" -> openTls();
      default -> http(verb);
    };
  }

  private Action openTls() {
    expect("tls", "'open tls to NAME'");
    expect("to", "'open tls to NAME'");
    return new Action.OpenTls(PartyParser.namePattern(cursor.require("a server name or pattern")));
  }

  private void expect(String word, String expected) {
    Token token = cursor.require(expected);
    if (!token.is(word)) {
      throw new Mistake(
          ProblemCode.UNEXPECTED_WORD,
          token,
          "'" + token.text() + "' does not fit",
          expected,
          Optional.of(word));
    }
  }

  private Action http(Token verb) {
    List<String> methods = methods(verb);
    Token path = cursor.require("a path, for instance /users");
    if (path.is("matching")) {
      Token regex = cursor.require("a regular expression for the whole path");
      Regexes.check(regex);
      return new Action.Http(methods, new PathPattern.Regex(regex.text()));
    }
    if (verb.text().endsWith(",") || path.text().startsWith(",")) {
      throw new Mistake(
          ProblemCode.UNEXPECTED_WORD,
          path,
          "methods are written without blanks",
          "for instance GET,POST",
          path.text().startsWith("/") ? Optional.empty() : Optional.of(verb.text() + path.text()));
    }
    if (path.is(Regexes.ASTERISK) && methods.equals(List.of("OPTIONS"))) {
      return new Action.Http(methods, new PathPattern.Glob(path.text()));
    }
    return new Action.Http(methods, new PathPattern.Glob(glob(path)));
  }

  private List<String> methods(Token verb) {
    String text = verb.text();
    if (text.startsWith("/")) {
      throw new Mistake(
          ProblemCode.MISSING_WORD,
          verb,
          "the methods are missing before the path",
          "for instance GET or ANY",
          Optional.of("ANY " + text));
    }
    var methods = new LinkedHashSet<String>();
    int column = verb.column();
    String list = text.endsWith(",") ? text.substring(0, text.length() - 1) : text;
    for (String method : list.split(",", -1)) {
      Token at = new Token(method, column);
      column += method.length() + 1;
      checkMethod(at, verb);
      methods.add(method);
    }
    if (methods.contains("ANY")) {
      if (methods.size() > 1) {
        throw new Mistake(
            ProblemCode.REPEATED,
            verb,
            "ANY is every method already",
            "ANY alone",
            Optional.of("ANY"));
      }
      return List.of();
    }
    return List.copyOf(methods);
  }

  private static void checkMethod(Token method, Token verb) {
    String text = method.text();
    boolean upper = !text.isEmpty();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      upper &= (c >= 'A' && c <= 'Z') || (i > 0 && (c == '-' || c == '_'));
    }
    if (upper) {
      if (METHODS.contains(text)) {
        return;
      }
      for (String known : METHODS) {
        if (Nearest.distance(text, known) == 1) {
          throw new Mistake(
              ProblemCode.BAD_NAME,
              method,
              "the method '" + text + "' is not known",
              "an HTTP method",
              Optional.of(known));
        }
      }
      return;
    }
    if (method.text().length() == verb.text().length()) {
      var candidates = new ArrayList<>(VERBS);
      candidates.addAll(METHODS);
      throw new Mistake(
          ProblemCode.UNEXPECTED_WORD,
          verb,
          text.isEmpty() ? "an action is missing" : "'" + text + "' is not an action",
          EXPECTED,
          text.equals("never") || text.equals("no")
              ? Optional.of("not")
              : Synonyms.ofMethod(text)
                  .or(() -> listed(text))
                  .or(() -> Nearest.of(text, candidates)));
    }
    throw new Mistake(
        ProblemCode.BAD_NAME,
        method.text().isEmpty() ? verb : method,
        text.isEmpty() ? "a method is missing" : "'" + text + "' is not a method",
        "methods in capitals, separated by commas",
        Optional.of(text.toUpperCase(Locale.ROOT)).filter(METHODS::contains));
  }

  /** {@code GET|POST}. */
  private static Optional<String> listed(String text) {
    List<String> parts = List.of(text.split("[|/+;&]", -1));
    return parts.size() > 1 && METHODS.containsAll(parts)
        ? Optional.of(String.join(",", parts))
        : Optional.empty();
  }

  /** {@code "/x"} is {@code /x}; what has no slash then begins with one. */
  private static String unquoted(String path) {
    String plain = path.replaceAll("[\"'`]", "");
    return plain.startsWith("/") ? plain.substring(1) : path;
  }

  /** {@code https://db/users} is about {@code /users}. */
  private static String withoutHost(String written) {
    int authority = written.indexOf("://");
    if (authority < 0) {
      return "/" + written;
    }
    int path = written.indexOf('/', authority + 3);
    return path < 0 ? "/" : written.substring(path);
  }

  private static String glob(Token token) {
    String path = token.text();
    if (!path.startsWith("/")) {
      throw new Mistake(
          ProblemCode.BAD_PATH,
          token,
          "'" + path + "' is not a path",
          "a path that begins with /",
          path.equals("*") || path.equals("**")
              ? Optional.of("/**")
              : Optional.of(withoutHost(unquoted(path)))
                  .filter(p -> p.length() > 1 && isPathText(p) && !NO_PATHS.contains(path)));
    }
    for (int i = 0; i < path.length(); i++) {
      char c = path.charAt(i);
      if (c == '?' || c == '#') {
        throw new Mistake(
            ProblemCode.BAD_PATH,
            token.from(i),
            "a rule looks at the path alone, without query and fragment",
            "the path up to the " + c,
            Optional.of(path.substring(0, i)));
      }
      if (c <= ' ' || c == 127 || c == '"' || c == '`' || c == '\\') {
        throw new Mistake(
            ProblemCode.BAD_PATH,
            token.from(i),
            "the character " + c + " cannot be in a path",
            "plain or percent-encoded characters");
      }
    }
    int column = 0;
    for (String segment : path.split("/", -1)) {
      Token at = token.from(Math.min(column, path.length() - 1));
      column += segment.length() + 1;
      String spelled = PathSpelling.ofRule(segment);
      if (spelled.equals(".") || spelled.equals("..")) {
        throw new Mistake(
            ProblemCode.BAD_PATH,
            at,
            "a path is judged without . and .. segments, so this never matches",
            "the path that is meant");
      }
      if (segment.contains("**") && !segment.equals("**")) {
        throw new Mistake(
            ProblemCode.BAD_PATH,
            at,
            "** stands for whole segments",
            "** between slashes, or a single *",
            Optional.of(path.replaceAll("\\*\\*+", "*")));
      }
    }
    return path;
  }

  private static boolean isPathText(String path) {
    return path.chars().allMatch(c -> c > ' ' && c < 127 && c != '?' && c != '#');
  }

  private static String callTarget(Token token) {
    String text = token.text().startsWith("/") ? token.text().substring(1) : token.text();
    int slash = text.indexOf('/');
    boolean all = text.equals("**");
    boolean ok =
        all
            || (slash > 0
                && slash == text.lastIndexOf('/')
                && slash < text.length() - 1
                && (text.startsWith("**/") || isDotted(text.substring(0, slash)))
                && (text.endsWith("/**") || isWord(text.substring(slash + 1))));
    if (!ok) {
      throw new Mistake(
          ProblemCode.BAD_NAME,
          token,
          "'" + token.text() + "' names no method",
          "pkg.Service/Method or pkg.Service/*",
          slash < 0 && isDotted(text) ? Optional.of(text + "/*") : Optional.empty());
    }
    return text;
  }

  private static boolean isDotted(String text) {
    for (String part : text.split("\\.", -1)) {
      if (!isWord(part)) {
        return false;
      }
    }
    return true;
  }

  private static boolean isWord(String text) {
    return !text.isEmpty()
        && !text.contains("**")
        && text.chars()
            .allMatch(c -> c < 128 && (Character.isLetterOrDigit(c) || c == '_' || c == '*'));
  }

  private static String topic(Token token) {
    String text = token.text();
    boolean ok =
        text.length() <= MAX_TOPIC
            && !text.equals(".")
            && !text.equals("..")
            && text.chars()
                .allMatch(c -> c < 128 && (Character.isLetterOrDigit(c) || "._-*".indexOf(c) >= 0));
    if (!ok) {
      throw new Mistake(
          ProblemCode.BAD_NAME,
          token,
          "'" + text + "' cannot be a topic",
          "letters, digits, . _ - and *, at most 249");
    }
    return text;
  }

  private Ports connectPorts() {
    Token token = cursor.peek();
    if (cursor.done() || SentenceParser.CLAUSES.contains(token.text())) {
      return Ports.NONE;
    }
    cursor.next();
    return PortParser.connect(token);
  }
}
