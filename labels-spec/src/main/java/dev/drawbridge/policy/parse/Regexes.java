package dev.drawbridge.policy.parse;

import dev.drawbridge.policy.ProblemCode;
import dev.drawbridge.policy.automaton.CharSet;
import dev.drawbridge.policy.automaton.Dfa;
import dev.drawbridge.policy.automaton.Node;
import dev.drawbridge.policy.automaton.RegexException;
import dev.drawbridge.policy.automaton.RegexParser;
import dev.drawbridge.policy.language.Action;
import dev.drawbridge.policy.language.PathPattern;
import dev.drawbridge.policy.language.Sentence;
import dev.drawbridge.policy.path.PathForms;
import dev.drawbridge.policy.path.PathSpelling;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;

/** Actions as regular languages over the request line: method, blank, path. */
public final class Regexes {
  /** The target of {@code OPTIONS *}, which is about the server and no path of it. */
  public static final String ASTERISK = "*";

  private static final Node SLASH = Node.literal("/");
  private static final Node NOT_SLASH = new Node.Chars(CharSet.except("/"));
  private static final Node NOT_BLANK = new Node.Chars(CharSet.except(" "));

  private Regexes() {}

  /** Refuses an expression that is wrong, too large, or can match no path. */
  static void check(Token token) {
    Node node;
    try {
      node = RegexParser.parse(token.text());
    } catch (RegexException e) {
      throw new Mistake(
          ProblemCode.BAD_REGEX,
          token.from(Math.min(e.index(), token.text().length() - 1)),
          String.valueOf(e.getMessage()),
          e.expected());
    }
    var dfa = new Dfa<>(List.of(node), accepts -> accepts.length > 0);
    if (dfa.step(dfa.start(), '/').isDead()) {
      throw new Mistake(
          ProblemCode.BAD_REGEX,
          token,
          "a path begins with /, so this never matches",
          "an expression for the whole path",
          token.text().startsWith("^") || token.text().startsWith("(")
              ? java.util.Optional.empty()
              : java.util.Optional.of("/" + token.text()));
    }
  }

  /**
   * The request lines that a sentence is about. A gRPC call is a POST; what may not be called may
   * not be asked for by any other method either.
   */
  public static Node requestLine(Sentence sentence) {
    if (sentence.action() instanceof Action.Http(var methods, var path)) {
      return requestLine(sentence, methods, path);
    }
    if (sentence.action() instanceof Action.Call(var target)) {
      return requestLine(
          sentence, sentence.allows() ? List.of("POST") : List.of(), callPath(target));
    }
    throw new IllegalStateException("not an HTTP rule: " + sentence.print());
  }

  public static PathPattern callPath(String target) {
    return new PathPattern.Glob("/" + target);
  }

  private static Node requestLine(Sentence sentence, List<String> methods, PathPattern path) {
    return new Node.Sequence(
        List.of(
            methods(methods), Node.literal(" "), sentence.allows() ? path(path) : denied(path)));
  }

  /**
   * What a may-not rule is about: the path in either case of its ASCII letters, with a slash at the
   * end and without, and written as it is or decoded.
   */
  private static Node denied(PathPattern path) {
    var options = new ArrayList<Node>();
    switch (path) {
      case PathPattern.Glob(var pattern) -> {
        var spellings = new LinkedHashSet<String>();
        for (String spelling :
            List.of(PathSpelling.ofRule(pattern), PathSpelling.ofDecodedRule(pattern))) {
          spellings.add(withoutSlash(spelling));
          spellings.add(withoutSlash(PathForms.merge(spelling)));
        }
        for (String spelling : spellings) {
          Node named = glob(spelling);
          options.add(spelling.endsWith("/**") ? named : withSlash(named));
          if (spelling.equals("/**")) {
            options.add(glob(ASTERISK));
          }
        }
      }
      case PathPattern.Regex(var pattern) -> {
        Node named = regex(pattern);
        options.add(withSlash(named));
        Slashes.before(named).ifPresent(options::add);
      }
    }
    return folded(options.size() == 1 ? options.getFirst() : new Node.Choice(options));
  }

  private static String withoutSlash(String pattern) {
    return pattern.length() > 1 && pattern.endsWith("/")
        ? pattern.substring(0, pattern.length() - 1)
        : pattern;
  }

  private static Node withSlash(Node path) {
    return new Node.Sequence(List.of(path, new Node.Repeat(SLASH, 0, 1)));
  }

  private static Node folded(Node node) {
    return switch (node) {
      case Node.Chars(var set) -> new Node.Chars(set.foldAscii());
      case Node.Sequence(var parts) ->
          new Node.Sequence(parts.stream().map(Regexes::folded).toList());
      case Node.Choice(var options) ->
          new Node.Choice(options.stream().map(Regexes::folded).toList());
      case Node.Repeat(var repeated, int min, int max) ->
          new Node.Repeat(folded(repeated), min, max);
    };
  }

  private static Node methods(List<String> methods) {
    if (methods.isEmpty()) {
      return new Node.Repeat(NOT_BLANK, 1, -1);
    }
    return new Node.Choice(methods.stream().map(Node::literal).toList());
  }

  /** Whether a path fits. Builds an automaton for it: not for the data path. */
  public static boolean matches(PathPattern pattern, String path) {
    var dfa = new Dfa<>(List.of(path(pattern)), accepts -> accepts.length > 0);
    return dfa.run(dfa.start(), path).verdict();
  }

  static Node path(PathPattern path) {
    return switch (path) {
      case PathPattern.Glob(var pattern) -> glob(PathSpelling.ofRule(pattern));
      case PathPattern.Regex(var pattern) -> regex(pattern);
    };
  }

  private static Node regex(String pattern) {
    try {
      return PathSpelling.ofExpression(RegexParser.parse(pattern));
    } catch (RegexException e) {
      throw new IllegalStateException("unchecked expression " + pattern, e);
    }
  }

  private static Node glob(String pattern) {
    if (pattern.equals(ASTERISK)) {
      return Node.literal(ASTERISK);
    }
    var parts = new ArrayList<Node>();
    for (String segment : pattern.substring(1).split("/", -1)) {
      if (segment.equals("**")) {
        parts.add(
            new Node.Repeat(
                new Node.Sequence(List.of(SLASH, new Node.Repeat(NOT_SLASH, 0, -1))), 0, -1));
        continue;
      }
      parts.add(SLASH);
      if (segment.equals("*")) {
        parts.add(new Node.Repeat(NOT_SLASH, 1, -1));
        continue;
      }
      segment(segment, parts);
    }
    return new Node.Sequence(parts);
  }

  private static void segment(String segment, List<Node> parts) {
    for (int i = 0; i < segment.length(); i++) {
      char c = segment.charAt(i);
      parts.add(
          switch (c) {
            case '*' -> new Node.Repeat(NOT_SLASH, 0, -1);
            case PathSpelling.STAR -> new Node.Chars(CharSet.of('*'));
            default -> new Node.Chars(CharSet.of(c));
          });
    }
  }
}
