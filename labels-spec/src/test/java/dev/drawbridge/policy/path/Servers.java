package dev.drawbridge.policy.path;

import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * What servers make of a path, written from what they do and not with the code under test: the
 * table in SPEC.md, one entry a row. Does not model: what a server answers when it refuses (it is
 * empty then), routes, files.
 */
final class Servers {
  /** By the name that SPEC.md has in its first column. */
  static final Map<String, Function<String, Optional<String>>> ALL = new LinkedHashMap<>();

  static {
    ALL.put("as it is", Optional::of);
    ALL.put("nginx", Servers::nginx);
    ALL.put("Apache httpd", Servers::apache);
    ALL.put("Tomcat", Servers::tomcat);
    ALL.put("Jetty", Servers::jetty);
    ALL.put("Spring", Servers::spring);
    ALL.put("JDK HttpServer", Servers::jdk);
    ALL.put("Go net/http", Servers::go);
    ALL.put("Node URL", Servers::nodeUrl);
    ALL.put("Express", Servers::express);
    ALL.put("Python http.server", Servers::python);
    ALL.put("Werkzeug", path -> decoded(path).map(Servers::merged));
    ALL.put("PHP parse_url", Servers::php);
    ALL.put("IIS", Servers::iis);
    ALL.put("a proxy in front", path -> decoded(path).flatMap(Servers::decoded));
    ALL.put(
        "a proxy and an application",
        path -> decoded(path).flatMap(Servers::decoded).flatMap(Servers::decoded));
    ALL.put("C strings", path -> decoded(path).map(p -> until(p, "\0")));
    ALL.put("old UTF-8", path -> decoded(path).map(Servers::lenient));
  }

  private Servers() {}

  /** Latin-1 stands for octets. */
  static Optional<String> decoded(String path) {
    if (!path.contains("%")) {
      return Optional.of(path);
    }
    try {
      return Optional.of(URLDecoder.decode(path.replace("+", "%2B"), StandardCharsets.ISO_8859_1));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static String until(String path, String marks) {
    for (int i = 0; i < path.length(); i++) {
      if (marks.indexOf(path.charAt(i)) >= 0) {
        return path.substring(0, i);
      }
    }
    return path;
  }

  private static String merged(String path) {
    return path.replaceAll("/+", "/");
  }

  /** With empty segments kept or not; what climbs too far stays at the root. */
  private static String resolved(String path, boolean empties) {
    Deque<String> kept = new ArrayDeque<>();
    List<String> segments = new ArrayList<>(List.of(path.substring(1).split("/", -1)));
    for (int i = 0; i < segments.size(); i++) {
      String segment = segments.get(i);
      boolean last = i == segments.size() - 1;
      if (segment.equals("..")) {
        kept.pollLast();
      } else if (!segment.equals(".") && (empties || last || !segment.isEmpty())) {
        kept.addLast(segment);
        continue;
      }
      if (last) {
        kept.addLast("");
      }
    }
    return "/" + String.join("/", kept);
  }

  private static Optional<String> nginx(String path) {
    return decoded(path).filter(p -> !p.contains("\0")).map(p -> resolved(merged(p), true));
  }

  private static Optional<String> apache(String path) {
    return path.toLowerCase(Locale.ROOT).contains("%2f")
        ? Optional.empty()
        : decoded(path).map(p -> resolved(merged(p), true));
  }

  private static String withoutParameters(String path) {
    return path.replaceAll(";[^/]*", "");
  }

  private static Optional<String> tomcat(String path) {
    return decoded(withoutParameters(path)).map(p -> resolved(merged(p.replace('\\', '/')), true));
  }

  private static Optional<String> jetty(String path) {
    return decoded(withoutParameters(resolved(path, true))).map(p -> resolved(p, true));
  }

  private static Optional<String> spring(String path) {
    return decoded(withoutParameters(path)).map(Servers::merged).map(Servers::slashless);
  }

  private static String slashless(String path) {
    return path.length() > 1 && path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
  }

  private static Optional<String> jdk(String path) {
    try {
      String read = new URI(path).normalize().getRawPath();
      return read == null || !read.startsWith("/") ? Optional.empty() : decoded(read);
    } catch (java.net.URISyntaxException e) {
      return Optional.empty();
    }
  }

  private static Optional<String> go(String path) {
    return decoded(path).map(p -> resolved(merged(p), false)).map(p -> p.length() > 1 ? p : "/");
  }

  private static Optional<String> nodeUrl(String path) {
    String read = path.replace('\\', '/');
    if (read.startsWith("//")) {
      int end = read.indexOf('/', 2);
      read = end < 0 ? "/" : read.substring(end);
    }
    read = read.replaceAll("(?i)%2e", ".");
    return Optional.of(resolved(read, true));
  }

  /** No case, and no matter whether a slash ends it. */
  private static Optional<String> express(String path) {
    return decoded(path).map(p -> slashless(p).toLowerCase(Locale.ROOT));
  }

  private static Optional<String> python(String path) {
    return decoded(until(path, "?#")).map(p -> resolved("/" + p.replaceAll("^/+", ""), false));
  }

  private static Optional<String> php(String path) {
    String read = path;
    if (read.startsWith("//")) {
      int end = read.indexOf('/', 2);
      read = end < 0 ? "/" : read.substring(end);
    }
    return decoded(read);
  }

  private static Optional<String> iis(String path) {
    return decoded(path)
        .map(p -> resolved(merged(p.replace('\\', '/')), true))
        .map(p -> p.replaceAll("(?<=[^/.])[. ]+(?=/|$)", ""))
        .map(p -> p.toUpperCase(Locale.ROOT));
  }

  /** The second octet of two is not looked at. */
  private static String lenient(String path) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < path.length(); i++) {
      char c = path.charAt(i);
      if ((c == 0xc0 || c == 0xc1) && i + 1 < path.length()) {
        out.append((char) ((c & 0x1f) << 6 | (path.charAt(++i) & 0x3f)));
      } else {
        out.append(c);
      }
    }
    return out.toString();
  }
}
