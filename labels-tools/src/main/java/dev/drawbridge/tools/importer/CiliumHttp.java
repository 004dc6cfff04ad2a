package dev.drawbridge.tools.importer;

import dev.drawbridge.policy.language.Expression;
import dev.drawbridge.tools.yaml.YamlValue;
import dev.drawbridge.tools.yaml.YamlValue.YamlMap;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** One HTTP rule: method, path and host are regular expressions there. */
final class CiliumHttp {
  private static final List<String> METHODS =
      List.of("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT");
  private static final Pattern GRPC_METHOD =
      Pattern.compile("/([a-z_][a-z0-9_]*\\.)+[A-Z][A-Za-z0-9_]*/([A-Z][A-Za-z0-9_]*|\\*)");
  private static final String SPECIAL = ".*+?()[]{}|\\^$";

  private final Shape shape;
  private final YamlMap map;
  private final List<String> conditions = new ArrayList<>();

  CiliumHttp(Shape shape, YamlMap map) {
    this.shape = shape;
    this.map = map;
  }

  /** The action, and the conditions that follow. */
  record Http(String action, String conditions) {}

  Optional<Http> read() {
    long before = shape.errors();
    shape.keys(map, "an http rule", List.of("method", "path", "host", "headers", "headerMatches"));
    String methods = text("method").map(this::methods).orElse("ANY");
    String path = text("path").map(this::path).orElse("/**");
    text("host").ifPresent(this::host);
    headers();
    headerMatches();
    String action = methods.equals("POST") ? call(path) : methods + " " + path;
    return shape.errors() == before
        ? Optional.of(new Http(action, String.join(" ", conditions)))
        : Optional.empty();
  }

  /**
   * A POST on what is written like a gRPC method becomes a call, its dots taken for dots: narrower,
   * never wider.
   */
  private static String call(String path) {
    String text = path.startsWith("matching ") ? path.substring(9).replace("\\.", ".") : path;
    String target = text.endsWith("/.*") ? text.substring(0, text.length() - 2) + "*" : text;
    return GRPC_METHOD.matcher(target).matches() ? "call " + target.substring(1) : "POST " + path;
  }

  private YamlValue at(String key) {
    return map.find(key).orElse(map);
  }

  private Optional<String> text(String key) {
    return map.find(key).flatMap(v -> shape.text(v, key)).filter(t -> !t.isEmpty());
  }

  /**
   * Methods are listed one by one, or they are all. An expression for endlessly many others is
   * narrowed to the methods everybody knows, and that is said.
   */
  private String methods(String regex) {
    Optional<Expression> read = parse(regex, "method");
    if (read.isEmpty()) {
      return "ANY";
    }
    Expression methods = read.get();
    if (parse("[!#$%&'*+.^_`|~0-9A-Za-z-]+", "method").map(methods::covers).orElse(false)) {
      return "ANY";
    }
    Optional<List<String>> listed = methods.methods();
    List<String> matching =
        listed.orElseGet(() -> METHODS.stream().filter(methods::matches).toList());
    if (matching.isEmpty()) {
      shape.bad(at("method"), "'" + regex + "' matches no method", "methods in capitals");
      return "ANY";
    }
    if (listed.isEmpty()) {
      shape.narrowed(
          at("method"),
          "method '"
              + regex
              + "' is more than a list of methods: only "
              + String.join(",", matching)
              + " of it is allowed");
    }
    return String.join(",", matching);
  }

  private Optional<Expression> parse(String regex, String key) {
    return switch (Expression.read(regex)) {
      case Expression.Read.Ok(var expression) -> Optional.of(expression);
      case Expression.Read.Wrong(var why) -> {
        shape.inexpressible(at(key), key + " '" + regex + "': " + why);
        yield Optional.empty();
      }
    };
  }

  /** Literal paths become plain ones; what only a query could match is named. */
  private String path(String regex) {
    String body = unanchored(regex).replace(" ", "\\x20");
    if (!shape.isWord(at("path"), "path", body)) {
      return "/**";
    }
    if (body.contains("\\?") || body.contains("[?]") || body.contains("%")) {
      if (!body.contains("%")) {
        shape.inexpressible(
            at("path"),
            "path '" + regex + "' looks at the query; sentences look at the path alone");
        return "/**";
      }
    }
    Optional<String> literal = literal(body);
    if (literal.isPresent() && literal.get().indexOf('*') < 0) {
      return literal.get();
    }
    if (body.equals(".*") || body.equals("/.*")) {
      return "/**";
    }
    return parse(body, "path").isPresent() ? "matching " + body : "/**";
  }

  private static String unanchored(String regex) {
    String body = regex.startsWith("^") ? regex.substring(1) : regex;
    boolean escaped = body.endsWith("\\$") && !body.endsWith("\\\\$");
    return body.endsWith("$") && !escaped ? body.substring(0, body.length() - 1) : body;
  }

  /** The text that the expression is, if it is one text only. */
  private static Optional<String> literal(String regex) {
    var out = new StringBuilder();
    for (int i = 0; i < regex.length(); i++) {
      char c = regex.charAt(i);
      if (c == '\\' && i + 1 < regex.length() && SPECIAL.indexOf(regex.charAt(i + 1)) >= 0) {
        out.append(regex.charAt(++i));
      } else if (c == '\\' && i + 1 < regex.length() && "/-".indexOf(regex.charAt(i + 1)) >= 0) {
        out.append(regex.charAt(++i));
      } else if (SPECIAL.indexOf(c) >= 0) {
        return Optional.empty();
      } else {
        out.append(c);
      }
    }
    return Optional.of(out.toString());
  }

  /** A name whose dots were not escaped is taken for that name: narrower, never wider. */
  private void host(String regex) {
    String body = unanchored(regex);
    String name = body;
    String front = "";
    for (String any : List.of(".*\\.", "[^.]+\\.", ".+\\.")) {
      if (name.startsWith(any)) {
        front = any.equals("[^.]+\\.") ? "*." : "**.";
        name = name.substring(any.length());
        break;
      }
    }
    name = name.replace("\\.", ".");
    boolean plain =
        !name.isEmpty()
            && name.chars()
                .allMatch(c -> c < 128 && (Character.isLetterOrDigit(c) || c == '-' || c == '.'));
    if (body.equals(".*")) {
      return;
    }
    if (!plain) {
      shape.inexpressible(at("host"), "host '" + regex + "' as a regular expression");
      return;
    }
    conditions.add("with host " + front + name);
  }

  private void headers() {
    for (YamlValue item :
        map.find("headers").flatMap(v -> shape.list(v, "headers")).orElse(List.of())) {
      Optional<String> header = shape.text(item, "a header");
      if (header.isEmpty() || !shape.isWord(item, "the header", header.get().replace(" ", ""))) {
        continue;
      }
      int end = header.get().indexOf(' ');
      int colon = header.get().indexOf(':');
      int cut = colon >= 0 ? colon : end;
      if (cut < 0) {
        conditions.add("with header " + header.get());
      } else {
        header(item, header.get().substring(0, cut), header.get().substring(cut + 1).strip());
      }
    }
  }

  private void header(YamlValue at, String name, String value) {
    if (value.isEmpty()) {
      shape.inexpressible(at, "the empty value of the header " + name);
      return;
    }
    if (!shape.isWord(at, "the header " + name, name)
        || !shape.isWord(at, "the header " + name, value)) {
      return;
    }
    conditions.add("with header " + name + "=" + value);
  }

  private void headerMatches() {
    for (YamlValue item :
        map.find("headerMatches").flatMap(v -> shape.list(v, "headerMatches")).orElse(List.of())) {
      Optional<YamlMap> match = shape.map(item, "an item of headerMatches");
      if (match.isEmpty()) {
        continue;
      }
      shape.keys(match.get(), "headerMatches", List.of("name", "value", "secret", "mismatch"));
      Optional<String> name = match.get().find("name").flatMap(v -> shape.word(v, "name"));
      Optional<String> value = match.get().find("value").flatMap(v -> shape.text(v, "value"));
      if (match.get().find("secret").isPresent() || match.get().find("mismatch").isPresent()) {
        shape.inexpressible(item, "a header that is rewritten or compared with a secret");
      } else if (name.isEmpty()) {
        shape.bad(item, "the header's name is missing", "name");
      } else if (value.isEmpty()) {
        conditions.add("with header " + name.get());
      } else {
        header(item, name.get(), value.get());
      }
    }
  }
}
