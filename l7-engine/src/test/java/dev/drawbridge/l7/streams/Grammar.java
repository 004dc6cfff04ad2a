package dev.drawbridge.l7.streams;

import dev.drawbridge.l7.streams.Stream.End;
import dev.drawbridge.l7.streams.Stream.Request;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a strict reader makes of a client's octets, as the grammar of RFC 9112, 9110 and 3986 over
 * the whole text: nothing is shared with the engine, which is a machine over octets. Where the RFCs
 * leave a choice it is the one that {@code RequestHead} names; the lists of names below are the
 * project's choice where they say so. Does not model: limits, time, what follows a 101.
 */
public final class Grammar {
  private static final String TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
  private static final String VALUE = "[\\t -~\\x80-\\xff]*";

  /** RFC 9112 section 3; methods in upper case. */
  private static final Pattern REQUEST_LINE =
      Pattern.compile("([A-Z][A-Z_-]*) ([^ ]+) HTTP/1\\.([01])");

  /** RFC 9112 section 5, without line folding. */
  private static final Pattern FIELD = Pattern.compile("(" + TOKEN + "):(" + VALUE + ")");

  /** RFC 3986 section 3.3, and what browsers send raw. */
  private static final Pattern PATH = Pattern.compile("([!-~&&[^%#?]]|%[0-9A-Fa-f]{2})*");

  /** NUL, and UTF-8 that RFC 3629 does not have because it is too long. */
  private static final Pattern FORBIDDEN_ESCAPE =
      Pattern.compile("%00|%[cC][01]%[89abAB]|%[eE]0%[89]|%[fF]0%8");

  /** Escapes are data, and so are octets beyond ASCII: browsers send them. */
  private static final Pattern QUERY = Pattern.compile("[!-~\\x80-\\xff&&[^#]]*");

  /** RFC 9112 section 2.2: lines end in CRLF, of which nothing stands alone. */
  private static final Pattern IN_NO_LINE =
      Pattern.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f]|(?<!\\r)\\n|\\r(?!\\n|\\z)");

  /** RFC 9110 section 7.2 with RFC 3986 section 3.2. */
  private static final Pattern AUTHORITY =
      Pattern.compile(
          "(\\[[0-9A-Fa-f:.]{2,}\\]|([0-9A-Za-z._~!$&'()*+;=-]|%[0-9A-Fa-f]{2})+)(:[0-9]{0,5})?");

  /** RFC 9112 section 7.1 and 7.1.1. */
  private static final Pattern CHUNK_LINE =
      Pattern.compile(
          "0*([0-9A-Fa-f]{0,15})(?<=[0-9A-Fa-f])([ \\t]*;[ \\t]*"
              + TOKEN
              + "([ \\t]*=[ \\t]*("
              + TOKEN
              + "|\"([\\t !#-\\[\\]-~\\x80-\\xff]|\\\\[\\t -~\\x80-\\xff])*\"))?)*");

  /**
   * What no callee sees. RFC 9110 section 7.6.1 has the first of them, the project adds the last
   * two, which some servers take for the framing.
   */
  private static final List<String> OF_THE_CONNECTION =
      List.of(
          "connection",
          "content-length",
          "transfer-encoding",
          "te",
          "expect",
          "upgrade",
          "keep-alive",
          "proxy-connection",
          "http2-settings",
          "content_length",
          "transfer_encoding");

  /**
   * RFC 9110 section 6.5.1 names kinds: framing, routing, authentication, how to read the body.
   * Which fields are of these kinds is the project's choice.
   */
  private static final List<String> NO_TRAILERS =
      List.of(
          "host",
          "authorization",
          "cache-control",
          "content-encoding",
          "content-range",
          "content-type",
          "cookie",
          "max-forwards",
          "pragma",
          "proxy-authorization",
          "range",
          "set-cookie",
          "trailer",
          "www-authenticate");

  /** The engine's own, and those that make another request of it: the project's choice. */
  private static final Pattern OF_ANOTHER =
      Pattern.compile(
          "(x-)?drawbridge-.*|x-http-method(-override)?|x-method-override|x-original-url|x-rewrite-url");

  private final String all;
  private final List<Request> requests = new ArrayList<>();
  private int at;
  private boolean closes;

  private Grammar(String all) {
    this.all = all;
  }

  /** Reads them. */
  public static Stream read(String id, String octets) {
    Grammar reader = new Grammar(octets);
    @Nullable End end = reader.one();
    while (end == null) {
      end = reader.one();
    }
    return new Stream(id, octets, reader.requests, end);
  }

  private record Line(String name, String value) {
    boolean is(String lowerCase) {
      return name.toLowerCase(Locale.ROOT).equals(lowerCase);
    }
  }

  /** One request; null if another may follow. */
  private @Nullable End one() {
    if (closes || at == all.length()) {
      return End.WHOLE;
    }
    // RFC 9112 section 2.2: at least one empty line before the request line.
    if (all.startsWith("\r\n", at)) {
      at += 2;
    } else if (all.length() - at == 1 && all.charAt(at) == '\r') {
      return End.UNFINISHED;
    }
    if (at == all.length()) {
      return End.WHOLE;
    }
    int end = all.indexOf("\r\n\r\n", at);
    List<String> lines = lines(end < 0 ? all.length() : end + 2);
    if (lines == null) {
      return End.REFUSED;
    }
    if (lines.isEmpty()) {
      return End.UNFINISHED;
    }
    Matcher start = REQUEST_LINE.matcher(lines.getFirst());
    if (!start.matches() || start.group(1).equals("CONNECT")) {
      return End.REFUSED;
    }
    List<Line> fields = fields(lines.subList(1, lines.size()));
    if (fields == null) {
      return End.REFUSED;
    }
    if (end < 0) {
      return End.UNFINISHED;
    }
    at = end + 4;
    return request(start.group(1), start.group(2), start.group(3).equals("0"), fields);
  }

  /** The lines that are whole up to there; null if something in them can stand in no line. */
  private @Nullable List<String> lines(int end) {
    String text = all.substring(at, end);
    if (IN_NO_LINE.matcher(text).find()) {
      return null;
    }
    List<String> lines = new ArrayList<>();
    int from = 0;
    for (int i = text.indexOf("\r\n"); i >= 0; i = text.indexOf("\r\n", from)) {
      lines.add(text.substring(from, i));
      from = i + 2;
    }
    return lines;
  }

  private static @Nullable List<Line> fields(List<String> lines) {
    List<Line> fields = new ArrayList<>();
    for (String line : lines) {
      Matcher field = FIELD.matcher(line);
      if (!field.matches()) {
        return null;
      }
      fields.add(new Line(field.group(1), trimmed(field.group(2))));
    }
    return fields;
  }

  /** Without optional white space, which is blanks and tabs and nothing else. */
  private static String trimmed(String value) {
    return value.replaceAll("^[ \\t]+|[ \\t]+$", "");
  }

  private static List<String> values(List<Line> fields, String lowerCase) {
    return fields.stream().filter(f -> f.is(lowerCase)).map(Line::value).toList();
  }

  private @Nullable End request(String method, String target, boolean old, List<Line> fields) {
    List<String> hosts = values(fields, "host");
    String path = path(method, target, hosts);
    if (path == null
        || hosts.size() > 1
        || (hosts.isEmpty() && (!old || path.length() != target.length()))
        || !hosts.stream().allMatch(Grammar::authority)) {
      return End.REFUSED;
    }
    List<String> options = new ArrayList<>();
    for (String value : values(fields, "connection")) {
      for (String option : value.split(",", -1)) {
        String word = trimmed(option).toLowerCase(Locale.ROOT);
        if (!word.isEmpty() && !word.matches(TOKEN)) {
          return End.REFUSED;
        }
        options.add(word);
      }
    }
    for (Line field : fields) {
      String name = field.name().toLowerCase(Locale.ROOT);
      if (options.contains(name)
          && List.of("host", "content-length", "transfer-encoding", "connection", "expect")
              .contains(name)) {
        return End.REFUSED;
      }
    }
    closes = options.contains("close") || (old && !options.contains("keep-alive"));
    List<String> lengths = values(fields, "content-length");
    List<String> codings = values(fields, "transfer-encoding");
    if (lengths.size() > 1
        || codings.size() > 1
        || (!lengths.isEmpty() && !codings.isEmpty())
        || (old && !codings.isEmpty())
        || !lengths.stream().allMatch(l -> l.matches("[0-9]{1,18}"))
        || !codings.stream().allMatch(c -> c.equalsIgnoreCase("chunked"))) {
      return End.REFUSED;
    }
    boolean empty = codings.isEmpty() && lengths.stream().allMatch(l -> Long.parseLong(l) == 0);
    boolean websocket = method.equals("GET") && empty;
    if (!old
        && options.contains("upgrade")
        && elsewhere(values(fields, "upgrade"), websocket)
        && !new Request(method, path, "", List.of()).denied()) {
      return End.REFUSED;
    }
    StringBuilder body = new StringBuilder();
    if (!lengths.isEmpty()) {
      long length = Long.parseLong(lengths.getFirst());
      if (length > all.length() - at) {
        return End.UNFINISHED;
      }
      body.append(all, at, at + (int) length);
      at += (int) length;
    } else if (!codings.isEmpty()) {
      End end = chunks(body);
      if (end != null) {
        return end;
      }
    }
    List<String> seen = new ArrayList<>();
    for (Line field : fields) {
      String name = field.name().toLowerCase(Locale.ROOT);
      boolean own = name.replace('_', '-').matches("(x-)?drawbridge-.*");
      if (!own && !OF_THE_CONNECTION.contains(name) && !options.contains(name)) {
        seen.add(field.name() + ": " + field.value());
      }
    }
    requests.add(new Request(method, path, body.toString(), seen));
    return null;
  }

  /**
   * RFC 9110 section 7.8 lets a server ignore any upgrade. The project does so with those whose
   * clients take an ordinary answer, and refuses the others by 501, after policy has judged.
   *
   * @param websocket whether the request may become one
   */
  private static boolean elsewhere(List<String> upgrades, boolean websocket) {
    List<String> members = new ArrayList<>();
    for (String upgrade : upgrades) {
      for (String member : upgrade.split(",", -1)) {
        members.add(trimmed(member).toLowerCase(Locale.ROOT));
      }
    }
    return members.stream().anyMatch(m -> !m.isEmpty() && !m.equals("websocket"))
        && members.stream().noneMatch(m -> m.matches("h2c|http/.*|tls/.*"))
        && !(websocket && members.contains("websocket"));
  }

  /** What a callee sees of the target; null if it is none. */
  private static @Nullable String path(String method, String target, List<String> hosts) {
    if (target.equals("*")) {
      return method.equals("OPTIONS") ? "*" : null;
    }
    String rest = target;
    String sent = target;
    if (target.regionMatches(true, 0, "http://", 0, 7)) {
      Matcher parts = Pattern.compile("([^/?#]*)(.*)", Pattern.DOTALL).matcher(target.substring(7));
      if (!parts.matches() || !authority(parts.group(1)) || hosts.isEmpty()) {
        return null;
      }
      if (!comparable(parts.group(1)).equals(comparable(hosts.getFirst()))) {
        return null;
      }
      // A forward proxy is asked so; but never without a path, unless the server is meant.
      String local = parts.group(2);
      if (local.isEmpty() && method.equals("OPTIONS")) {
        return "*";
      }
      rest = local.startsWith("/") ? local : "/" + local;
      sent = target.substring(0, target.length() - local.length()) + rest;
    }
    int query = rest.indexOf('?');
    String path = query < 0 ? rest : rest.substring(0, query);
    return path.startsWith("/")
            && PATH.matcher(path).matches()
            && !FORBIDDEN_ESCAPE.matcher(path).find()
            && (query < 0 || QUERY.matcher(rest.substring(query)).matches())
        ? sent
        : null;
  }

  private static boolean authority(String text) {
    Matcher matcher = AUTHORITY.matcher(text);
    if (!matcher.matches()) {
      return false;
    }
    String port = matcher.group(3);
    return port == null || port.length() == 1 || Integer.parseInt(port.substring(1)) <= 65_535;
  }

  private static String comparable(String authority) {
    return authority.toLowerCase(Locale.ROOT).replaceAll(":(0*80)?$", "").replaceAll("\\.$", "");
  }

  private @Nullable End chunks(StringBuilder body) {
    while (true) {
      int end = all.indexOf("\r\n", at);
      String line = all.substring(at, end < 0 ? all.length() : end);
      Matcher chunk = CHUNK_LINE.matcher(line);
      if (end < 0) {
        // What may still become a line is nobody's fault yet.
        return End.UNFINISHED;
      }
      if (!chunk.matches()) {
        return End.REFUSED;
      }
      at = end + 2;
      String digits = chunk.group(1);
      long size = digits.isEmpty() ? 0 : Long.parseLong(digits, 16);
      if (size == 0) {
        return trailers();
      }
      if (size > all.length() - at) {
        return End.UNFINISHED;
      }
      body.append(all, at, at + (int) size);
      at += (int) size;
      String rest = all.substring(at, Math.min(all.length(), at + 2));
      if (!"\r\n".startsWith(rest)) {
        return End.REFUSED;
      }
      if (rest.length() < 2) {
        return End.UNFINISHED;
      }
      at += 2;
    }
  }

  private @Nullable End trailers() {
    if (all.startsWith("\r\n", at)) {
      at += 2;
      return null;
    }
    int end = all.indexOf("\r\n\r\n", at);
    List<String> lines = lines(end < 0 ? all.length() : end + 2);
    List<Line> fields = lines == null ? null : fields(lines);
    if (fields == null) {
      return End.REFUSED;
    }
    if (end < 0) {
      return End.UNFINISHED;
    }
    at = end + 4;
    for (Line field : fields) {
      String name = field.name().toLowerCase(Locale.ROOT);
      if (NO_TRAILERS.contains(name)
          || OF_THE_CONNECTION.contains(name)
          || OF_ANOTHER.matcher(name.replace('_', '-')).matches()) {
        return End.REFUSED;
      }
    }
    return null;
  }
}
