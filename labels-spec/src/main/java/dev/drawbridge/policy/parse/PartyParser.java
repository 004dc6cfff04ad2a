package dev.drawbridge.policy.parse;

import dev.drawbridge.policy.Cidr;
import dev.drawbridge.policy.ProblemCode;
import dev.drawbridge.policy.labels.LabelKeys;
import dev.drawbridge.policy.labels.Nearest;
import dev.drawbridge.policy.language.NamePattern;
import dev.drawbridge.policy.language.Party;
import dev.drawbridge.policy.language.Term;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** Subjects and objects. */
final class PartyParser {
  private static final String EXPECTED =
      "key=value, key!=value, 'key in (a b)', 'has key', service:NAME, container:NAME, anyone,"
          + " host, world, internet or lan";
  private static final Map<String, Party> ENTITIES = entities();

  /** Of an address' characters, and a wildcard or a hyphen, which no address has. */
  private static final Pattern NUMBERS = Pattern.compile("[0-9][0-9.*/-]*[*-][0-9.*/-]*");

  private static final List<String> WORDS =
      List.of("anyone", "nobody", "host", "world", "internet", "lan", "containers", "has", "lacks");

  /** Words that stand before what is meant. */
  private static final List<String> FILLING = List.of("the", "from", "to", "port");

  private static final List<String> PREFIXES = List.of("service", "container", "project", "group");

  private final Cursor cursor;
  private final boolean label;
  private final Groups groups;

  PartyParser(Cursor cursor, boolean label, Groups groups) {
    this.cursor = cursor;
    this.label = label;
    this.groups = groups;
  }

  private static Map<String, Party> entities() {
    var map = new TreeMap<String, Party>();
    for (Party.Zone zone : Party.Zone.values()) {
      map.put(zone.print(), zone);
    }
    for (Party.Entity entity : Party.Entity.values()) {
      map.put(entity.print(), entity);
    }
    return map;
  }

  Party party(boolean object) {
    Token first = cursor.peek();
    if (cursor.done()) {
      cursor.require(object ? EXPECTED + ", an address or a DNS name" : EXPECTED);
    }
    Party entity = ENTITIES.get(first.text());
    if (entity != null) {
      cursor.next();
      refuseAnd(first);
      return entity;
    }
    if (isAddressLike(first.text())) {
      return network();
    }
    if (NUMBERS.matcher(first.text()).matches()) {
      throw notARange(first);
    }
    if (isNameLike(first) && !cursor.peekNext().is("in")) {
      return name(object);
    }
    var terms = new ArrayList<Term>();
    do {
      terms.add(term());
    } while (cursor.accept("and"));
    return new Party.Selector(terms);
  }

  private void refuseAnd(Token first) {
    if (cursor.peek().is("and")) {
      throw new Mistake(
          ProblemCode.BAD_SELECTOR,
          cursor.peek(),
          "'" + first.text() + "' stands alone",
          "two rules, one for each");
    }
  }

  private Term term() {
    Token token = cursor.require(EXPECTED);
    String text = token.text();
    if (token.is("containers")) {
      return new Term.Any();
    }
    if (token.is("has") || token.is("lacks")) {
      Token key = cursor.require("a label key after '" + text + "'");
      checkKey(key);
      return token.is("has") ? new Term.Has(key.text()) : new Term.Lacks(key.text());
    }
    if (cursor.peek().is("in")) {
      checkKey(token);
      cursor.next();
      var values = new ArrayList<String>();
      for (Token value : cursor.list("values of the label " + text)) {
        values.add(value(value, value.text()));
      }
      return new Term.In(text, values);
    }
    int equal = text.indexOf('=');
    int colon = text.indexOf(':');
    if (equal < 0 && colon > 0) {
      return prefixed(token, colon);
    }
    if (equal < 0) {
      throw notASelector(token);
    }
    boolean not = equal > 0 && text.charAt(equal - 1) == '!';
    String key = text.substring(0, not ? equal - 1 : equal);
    String value = text.substring(equal + 1);
    if (value.startsWith("=")) {
      throw new Mistake(
          ProblemCode.BAD_SELECTOR,
          token,
          "one = is enough",
          "key=value",
          Optional.of(key + value));
    }
    checkKey(new Token(key, token.column()));
    if (value.isEmpty()) {
      throw new Mistake(
          ProblemCode.BAD_SELECTOR,
          token,
          "the value of '" + key + "' is missing",
          "a value directly after the =, or 'has " + key + "'",
          spacedOut(key, not));
    }
    value(token, value);
    return not ? new Term.NotEqual(key, value) : new Term.Equal(key, value);
  }

  /** {@code key = value}: what was meant, if the next word can be the value. */
  private Optional<String> spacedOut(String key, boolean not) {
    Token next = cursor.peek();
    return next.text().isEmpty() || next.is("may") || next.is("and")
        ? Optional.empty()
        : Optional.of(key + (not ? "!=" : "=") + next.text());
  }

  private static String value(Token token, String value) {
    checkCharacters(token, value);
    return value;
  }

  private Term prefixed(Token token, int colon) {
    String prefix = token.text().substring(0, colon);
    String name = token.text().substring(colon + 1);
    if (!PREFIXES.contains(prefix)) {
      throw new Mistake(
          ProblemCode.BAD_SELECTOR,
          token,
          "'" + prefix + ":' is not known",
          EXPECTED,
          meant(prefix, name));
    }
    if (name.isEmpty() || name.startsWith("/") || name.endsWith("/")) {
      throw new Mistake(
          ProblemCode.BAD_SELECTOR,
          token,
          "a name is missing in '" + token.text() + "'",
          prefix + ":NAME, without a blank");
    }
    checkCharacters(token, name);
    if (name.indexOf('*') >= 0) {
      throw new Mistake(ProblemCode.BAD_SELECTOR, token, "names take no *", "the whole name");
    }
    int slash = name.indexOf('/');
    if (!prefix.equals("service") && slash >= 0) {
      throw new Mistake(
          ProblemCode.BAD_SELECTOR, token, "a " + prefix + "'s name has no /", prefix + ":NAME");
    }
    return switch (prefix) {
      case "container" -> new Term.Container(name);
      case "project" -> new Term.Project(name);
      case "group" -> groups.term(token, name, label);
      default ->
          slash < 0
              ? new Term.Service(Optional.empty(), name)
              : new Term.Service(Optional.of(name.substring(0, slash)), name.substring(slash + 1));
    };
  }

  /** A URL or a name with a port is that name; anything else a label. */
  private Optional<String> meant(String prefix, String name) {
    if (name.startsWith("//")) {
      return Optional.of(name.substring(2).replaceFirst("[:/].*", "")).filter(s -> !s.isEmpty());
    }
    if (prefix.indexOf('.') >= 0 && name.matches("\\d+")) {
      return Optional.of(prefix);
    }
    String value = name.isEmpty() ? cursor.peek().text() : name;
    return Nearest.of(prefix, PREFIXES)
        .map(p -> p + ":" + value)
        .or(() -> Optional.of(prefix + "=" + value))
        .filter(s -> !value.isEmpty() && !value.equals("may"));
  }

  private Mistake notASelector(Token token) {
    Token next = cursor.peek();
    if (next.text().startsWith("=") || next.text().startsWith("!=")) {
      int skip = next.text().startsWith("=") ? 1 : 2;
      String value = next.text().substring(skip);
      if (value.isEmpty()) {
        value = cursor.peekNext().text();
      }
      return new Mistake(
          ProblemCode.BAD_SELECTOR,
          new Token(token.text() + " " + next.text(), token.column()),
          "a selector is one word",
          "key=value without blanks",
          Optional.of(token.text() + next.text().substring(0, skip) + value));
    }
    Optional<String> meant = Synonyms.ofMay(token.text());
    if (meant.isPresent() && !next.is("may")) {
      return new Mistake(
          ProblemCode.UNEXPECTED_WORD,
          token,
          "'" + token.text() + "' is not said",
          "WHO " + meant.get() + " …",
          meant);
    }
    return new Mistake(
        ProblemCode.BAD_SELECTOR,
        token,
        "'" + token.text() + "' is not a selector",
        EXPECTED,
        meant(token, next));
  }

  private static Optional<String> meant(Token token, Token next) {
    Optional<String> synonym = Synonyms.ofParty(token.text());
    if (synonym.isPresent()) {
      return synonym;
    }
    if (PREFIXES.contains(token.text()) && !next.text().isEmpty() && !next.is("may")) {
      return Optional.of(token.text() + ":" + next.text());
    }
    if (FILLING.contains(token.text())) {
      return Optional.empty();
    }
    Optional<String> near = Nearest.of(token.text(), WORDS);
    return near.isPresent() ? near : Optional.of("service:" + token.text());
  }

  private static void checkKey(Token key) {
    if (key.text().isEmpty()) {
      throw new Mistake(ProblemCode.BAD_SELECTOR, key, "the label's key is missing", "key=value");
    }
    if (key.text().indexOf('=') >= 0) {
      throw new Mistake(
          ProblemCode.BAD_SELECTOR, key, "a label key is expected here", "the key alone");
    }
    if (LabelKeys.isDrawbridge(key.text())) {
      throw new Mistake(
          ProblemCode.BAD_SELECTOR,
          key,
          "drawbridge's own labels are no identity",
          "another label");
    }
    checkCharacters(key, key.text());
  }

  private static void checkCharacters(Token token, String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\'' || c == '`' || c == '(' || c == ')') {
        throw new Mistake(
            ProblemCode.BAD_CHARACTER,
            token,
            "the character " + c + " does not belong here",
            "plain words; no sentence needs quotes or backticks",
            Optional.of(token.text().replaceAll("[\"'`()]", "")).filter(s -> !s.isEmpty()));
      }
    }
  }

  private static boolean isAddressLike(String text) {
    if (text.isEmpty() || text.indexOf('=') >= 0) {
      return false;
    }
    int slash = text.indexOf('/');
    String address = slash < 0 ? text : text.substring(0, slash);
    boolean digits = false;
    boolean dots = false;
    int colons = 0;
    for (int i = 0; i < address.length(); i++) {
      char c = address.charAt(i);
      if (c == ':') {
        colons++;
      } else if (c == '.') {
        dots = true;
      } else if (c >= '0' && c <= '9') {
        digits = true;
      } else if (Character.digit(c, 16) < 0 || c > 127) {
        return false;
      } else if (dots && colons == 0) {
        return false;
      }
    }
    boolean hexOnly = address.chars().anyMatch(c -> c > '9');
    return colons >= 2 || (digits && !hexOnly && (dots || slash > 0));
  }

  private static boolean isNameLike(Token token) {
    String text = token.text();
    return (text.indexOf('.') >= 0 || text.startsWith("*"))
        && text.indexOf('=') < 0
        && text.indexOf(':') < 0;
  }

  private Party network() {
    Cidr range = cidr(cursor.next());
    refuseAnd(new Token(range.print(), 1));
    boolean with = cursor.peek().is("with") && cursor.peekNext().is("except");
    if (with) {
      cursor.next();
    }
    if (!cursor.accept("except")) {
      return new Party.Network(range, List.of());
    }
    List<Token> parts =
        cursor.peek().text().startsWith("(")
            ? cursor.list("ranges within " + range.print())
            : List.of(cursor.require("a range within " + range.print()));
    var except = new ArrayList<Cidr>();
    for (Token part : parts) {
      Cidr hole = cidr(part);
      if (!range.contains(hole)) {
        throw new Mistake(
            ProblemCode.BAD_ADDRESS,
            part,
            hole.print() + " is no part of " + range.print(),
            "a range within " + range.print());
      }
      except.add(hole);
    }
    return new Party.Network(range, except);
  }

  static Cidr cidr(Token token) {
    Optional<Cidr> parsed = Cidr.parse(token.text());
    if (parsed.isEmpty()) {
      throw new Mistake(
          ProblemCode.BAD_ADDRESS,
          token,
          "'" + token.text() + "' is neither an address nor a range",
          "for instance 10.0.5.7, 10.0.0.0/8 or 2001:db8::/32");
    }
    Cidr cidr = parsed.get();
    if (!cidr.masked().equals(cidr)) {
      throw new Mistake(
          ProblemCode.BAD_ADDRESS,
          token,
          "the address has bits beyond its prefix",
          "the first address of the range",
          Optional.of(cidr.masked().print()));
    }
    return cidr;
  }

  /** {@code 10.0.*}: no name ends in a number, so it can be none. */
  private static Mistake notARange(Token token) {
    String[] parts = token.text().split("\\.", -1);
    int known = 0;
    while (known < parts.length && parts[known].matches("\\d{1,3}")) {
      known++;
    }
    boolean stars = Arrays.stream(parts).skip(known).allMatch(part -> part.equals("*"));
    String range =
        String.join(".", Arrays.asList(parts).subList(0, known))
            + ".0".repeat(Math.max(0, 4 - known))
            + "/"
            + 8 * known;
    return new Mistake(
        ProblemCode.BAD_ADDRESS,
        token,
        "'" + token.text() + "' is neither an address nor a range",
        "for instance 10.0.5.7, 10.0.0.0/8 or 2001:db8::/32",
        stars && known > 0 && parts.length <= 4 && Cidr.parse(range).isPresent()
            ? Optional.of(range)
            : Optional.empty());
  }

  private Party name(boolean object) {
    Token token = cursor.next();
    if (!object) {
      throw new Mistake(
          ProblemCode.WRONG_SIDES,
          token,
          "a DNS name can only be called, it cannot call",
          "a selector, an address or a range",
          Optional.empty());
    }
    NamePattern pattern = namePattern(token);
    refuseAnd(token);
    return new Party.Name(pattern, cursor.accept("within") ? within() : List.of());
  }

  /** Where the addresses of a name must lie. */
  private List<Party> within() {
    if (!cursor.peek().text().startsWith("(")) {
      if (cursor.done()) {
        cursor.require("a range, lan or internet");
      }
      Party part = ENTITIES.get(cursor.peek().text());
      return List.of(part == null ? network() : zone(cursor.next(), part));
    }
    var parts = new ArrayList<Party>();
    for (Token token : cursor.list("ranges, lan or internet")) {
      Party part = ENTITIES.get(token.text());
      parts.add(part == null ? new Party.Network(cidr(token), List.of()) : zone(token, part));
    }
    return parts;
  }

  private static Party zone(Token word, Party part) {
    if (part instanceof Party.Zone) {
      return part;
    }
    throw new Mistake(
        ProblemCode.BAD_ADDRESS,
        word,
        "'" + word.text() + "' is no range of addresses",
        "a range, lan or internet");
  }

  static NamePattern namePattern(Token token) {
    String name = token.text();
    if (name.endsWith(".") && name.length() > 1) {
      name = name.substring(0, name.length() - 1);
    }
    String[] labels = name.split("\\.", -1);
    for (int i = 0; i < labels.length; i++) {
      labels[i] = label(token, labels[i]);
      if (labels[i].contains("**") && !(labels[i].equals("**") && i == 0)) {
        throw badName(token, "** stands only at the front, as a part of its own");
      }
    }
    name = String.join(".", labels);
    if (name.length() > NamePattern.MAX_NAME) {
      throw badName(token, "a DNS name has at most 253 characters");
    }
    return new NamePattern(name);
  }

  /** In lower case; an international one as it stands in a message. */
  private static String label(Token token, String written) {
    var label = new StringBuilder(written.length());
    boolean ascii = true;
    for (int i = 0; i < written.length(); i++) {
      label.append(NamePattern.lower(written.charAt(i)));
      ascii &= written.charAt(i) < 128;
    }
    if (!ascii) {
      return InternationalLabel.ascii(written)
          .orElseThrow(() ->
              badName(
                  token,
                  "'" + written + "' is not read alike everywhere: write its A-label, xn--…"));
    }
    if (label.isEmpty() || label.length() > NamePattern.MAX_LABEL) {
      throw badName(token, "a part of '" + token.text() + "' is empty or longer than 63");
    }
    for (int i = 0; i < label.length(); i++) {
      char c = label.charAt(i);
      if (c != '*' && !NamePattern.isPlain(c)) {
        throw badName(token, "the character " + c + " cannot be in a DNS name");
      }
    }
    return label.toString();
  }

  private static Mistake badName(Token token, String message) {
    return new Mistake(
        ProblemCode.BAD_NAME, token, message, "for instance db.example.com or *.example.com");
  }
}
