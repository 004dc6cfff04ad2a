package dev.drawbridge.policy.automaton;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The part of RE2's syntax that is regular and that policies use. The whole text must match; {@code
 * ^} at the start and {@code $} at the end are accepted and mean nothing.
 */
public final class RegexParser {
  /** NFA states one expression may take. */
  public static final int MAX_SIZE = 4096;

  private static final int MAX_REPEAT = 1000;
  private static final int MAX_DEPTH = 100;
  private static final CharSet DIGIT = CharSet.range('0', '9');
  private static final CharSet UPPER = CharSet.range('A', 'Z');
  private static final CharSet LOWER = CharSet.range('a', 'z');
  private static final CharSet WORD = DIGIT.or(UPPER).or(LOWER).or(CharSet.of('_'));
  private static final CharSet SPACE =
      CharSet.range('\t', '\n').or(CharSet.range('\f', '\r')).or(CharSet.of(' '));
  private static final CharSet PUNCT =
      CharSet.range('!', '/')
          .or(CharSet.range(':', '@'))
          .or(CharSet.range('[', '`'))
          .or(CharSet.range('{', '~'));
  private static final Map<String, CharSet> POSIX =
      Map.of(
          "alpha", UPPER.or(LOWER),
          "digit", DIGIT,
          "alnum", UPPER.or(LOWER).or(DIGIT),
          "upper", UPPER,
          "lower", LOWER,
          "space", SPACE.or(CharSet.of('\u000b')),
          "punct", PUNCT,
          "word", WORD,
          "xdigit", DIGIT.or(CharSet.range('a', 'f')).or(CharSet.range('A', 'F')));

  private final String text;
  private int at;
  private int depth;
  private boolean fold;

  private RegexParser(String text) {
    this.text = text;
  }

  /** Reads an expression. */
  public static Node parse(String text) throws RegexException {
    return new RegexParser(text).whole();
  }

  private Node whole() throws RegexException {
    if (text.startsWith("(?i)")) {
      fold = true;
      at = 4;
    }
    Node node = choice();
    if (at < text.length()) {
      throw new RegexException(
          at, "the bracket ) was never opened", "\\) for the character itself");
    }
    if (node.size(MAX_SIZE) >= MAX_SIZE) {
      throw new RegexException(0, "the expression is too large", "fewer repetitions");
    }
    return node;
  }

  private Node choice() throws RegexException {
    if (++depth > MAX_DEPTH) {
      throw new RegexException(at, "brackets are nested too deeply", "at most 100 levels");
    }
    var options = new ArrayList<Node>();
    options.add(sequence());
    while (at < text.length() && text.charAt(at) == '|') {
      at++;
      options.add(sequence());
    }
    depth--;
    return options.size() == 1 ? options.getFirst() : new Node.Choice(options);
  }

  private Node sequence() throws RegexException {
    var parts = new ArrayList<Node>();
    while (at < text.length() && text.charAt(at) != '|' && text.charAt(at) != ')') {
      if (anchor(parts.isEmpty())) {
        continue;
      }
      int start = at;
      Node atom = atom();
      parts.add(repeated(atom, start));
    }
    return parts.size() == 1 ? parts.getFirst() : new Node.Sequence(parts);
  }

  private boolean anchor(boolean first) throws RegexException {
    char c = text.charAt(at);
    if (c == '^') {
      if (!first || depth > 1) {
        throw new RegexException(
            at, "^ in the middle matches nothing", "\\^ for the character itself");
      }
      at++;
      return true;
    }
    if (c == '$') {
      boolean last = at + 1 == text.length() || (depth == 1 && text.charAt(at + 1) == '|');
      if (!last || depth > 1) {
        throw new RegexException(
            at, "$ in the middle matches nothing", "\\$ for the character itself");
      }
      at++;
      return true;
    }
    return false;
  }

  private Node repeated(Node atom, int start) throws RegexException {
    Node node = atom;
    int times = 0;
    while (at < text.length()) {
      int min;
      int max;
      switch (text.charAt(at)) {
        case '*' -> {
          min = 0;
          max = -1;
          at++;
        }
        case '+' -> {
          min = 1;
          max = -1;
          at++;
        }
        case '?' -> {
          min = 0;
          max = 1;
          at++;
        }
        case '{' -> {
          int[] bounds = bounds();
          min = bounds[0];
          max = bounds[1];
        }
        default -> {
          return node;
        }
      }
      if (++times > 1) {
        throw new RegexException(start, "repeated twice", "one of * + ? {n,m}");
      }
      if (at < text.length() && text.charAt(at) == '?') {
        at++; // reluctant: which match is taken does not matter when all of it must match
      }
      node = new Node.Repeat(node, min, max);
      if (node.size(MAX_SIZE) >= MAX_SIZE) {
        throw new RegexException(start, "the expression is too large", "fewer repetitions");
      }
    }
    return node;
  }

  private int[] bounds() throws RegexException {
    int open = at;
    int close = text.indexOf('}', at);
    if (close < 0) {
      throw new RegexException(
          open, "{ is never closed", "{n}, {n,} or {n,m}; \\{ for the character");
    }
    String[] parts = text.substring(open + 1, close).split(",", -1);
    int min = number(parts[0], open);
    int max = parts.length == 1 ? min : parts[1].isEmpty() ? -1 : number(parts[1], open);
    if (parts.length > 2 || (max >= 0 && max < min)) {
      throw new RegexException(open, "not a number of repetitions", "{n}, {n,} or {n,m}");
    }
    at = close + 1;
    return new int[] {min, max};
  }

  private static int number(String digits, int index) throws RegexException {
    int value = 0;
    if (digits.isEmpty() || digits.length() > 4) {
      value = -1;
    }
    for (int i = 0; i < digits.length() && value >= 0; i++) {
      char c = digits.charAt(i);
      value = c >= '0' && c <= '9' ? value * 10 + c - '0' : -1;
    }
    if (value < 0 || value > MAX_REPEAT) {
      throw new RegexException(
          index, "not a number of repetitions", "{n}, {n,} or {n,m}, at most 1000");
    }
    return value;
  }

  private Node atom() throws RegexException {
    char c = text.charAt(at);
    return switch (c) {
      case '(' -> group();
      case '[' -> chars(set());
      case '\\' -> chars(escape());
      case '.' -> {
        at++;
        yield new Node.Chars(CharSet.ALL);
      }
      case '*', '+', '?', '{' ->
          throw new RegexException(
              at, "nothing to repeat before " + c, "\\" + c + " for the character itself");
      default -> {
        at++;
        yield chars(CharSet.of(c));
      }
    };
  }

  private Node chars(CharSet set) {
    return new Node.Chars(fold ? set.foldAscii() : set);
  }

  private Node group() throws RegexException {
    int open = at++;
    if (at < text.length() && text.charAt(at) == '?') {
      if (text.startsWith("?:", at)) {
        at += 2;
      } else {
        throw new RegexException(
            at,
            "this kind of group is not supported",
            "(...) or (?:...): no look-around, no flags inside");
      }
    }
    Node node = choice();
    if (at >= text.length()) {
      throw new RegexException(
          open, "the bracket ( is never closed", "\\( for the character itself");
    }
    at++;
    return node;
  }

  private CharSet escape() throws RegexException {
    int start = at++;
    if (at >= text.length()) {
      throw new RegexException(start, "nothing follows the \\", "\\\\ for the character itself");
    }
    char c = text.charAt(at++);
    return switch (c) {
      case 'd' -> DIGIT;
      case 'D' -> DIGIT.not();
      case 'w' -> WORD;
      case 'W' -> WORD.not();
      case 's' -> SPACE;
      case 'S' -> SPACE.not();
      case 't' -> CharSet.of('\t');
      case 'n' -> CharSet.of('\n');
      case 'r' -> CharSet.of('\r');
      case 'x' -> {
        int high = at + 1 < text.length() ? Character.digit(text.charAt(at), 16) : -1;
        int low = at + 1 < text.length() ? Character.digit(text.charAt(at + 1), 16) : -1;
        if (high < 0 || low < 0) {
          throw new RegexException(start, "\\x needs two hexadecimal digits", "for instance \\x2f");
        }
        at += 2;
        yield CharSet.of((char) (high * 16 + low));
      }
      default -> {
        if (c < 128 && Character.isLetterOrDigit(c)) {
          throw new RegexException(
              start, "\\" + c + " is not supported", "\\d \\w \\s and escaped punctuation");
        }
        yield CharSet.of(c);
      }
    };
  }

  private CharSet set() throws RegexException {
    int open = at++;
    boolean not = at < text.length() && text.charAt(at) == '^';
    if (not) {
      at++;
    }
    var parts = new ArrayList<CharSet>();
    while (true) {
      if (at >= text.length()) {
        throw new RegexException(
            open, "the bracket [ is never closed", "\\[ for the character itself");
      }
      if (text.charAt(at) == ']' && !parts.isEmpty()) {
        at++;
        break;
      }
      parts.add(setItem(open));
    }
    CharSet set = union(parts);
    if (fold) {
      set = set.foldAscii();
    }
    CharSet result = not ? set.not() : set;
    if (result.isEmpty()) {
      throw new RegexException(open, "the set holds no character", "at least one character");
    }
    return result;
  }

  private static CharSet union(List<CharSet> parts) {
    CharSet set = parts.getFirst();
    for (CharSet part : parts.subList(1, parts.size())) {
      set = set.or(part);
    }
    return set;
  }

  private CharSet setItem(int open) throws RegexException {
    if (text.startsWith("[:", at)) {
      int close = text.indexOf(":]", at);
      CharSet named = close < 0 ? null : POSIX.get(text.substring(at + 2, close));
      if (named == null) {
        throw new RegexException(
            at, "this named class is not known", "[:alpha:], [:digit:], [:alnum:]...");
      }
      at = close + 2;
      return named;
    }
    CharSet low = setChar(open);
    boolean range = at + 1 < text.length() && text.charAt(at) == '-' && text.charAt(at + 1) != ']';
    if (!range || low.rangeCount() != 1 || low.low(0) != low.high(0)) {
      return low;
    }
    int dash = at++;
    CharSet high = setChar(open);
    if (high.rangeCount() != 1 || high.low(0) != high.high(0) || high.low(0) < low.low(0)) {
      throw new RegexException(dash, "the range ends before it begins", "for instance a-z");
    }
    return CharSet.range(low.low(0), high.low(0));
  }

  private CharSet setChar(int open) throws RegexException {
    if (at >= text.length()) {
      throw new RegexException(
          open, "the bracket [ is never closed", "\\[ for the character itself");
    }
    char c = text.charAt(at);
    if (c == '\\') {
      return escape();
    }
    at++;
    return CharSet.of(c);
  }
}
