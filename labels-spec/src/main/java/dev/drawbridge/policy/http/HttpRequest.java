package dev.drawbridge.policy.http;

import dev.drawbridge.policy.language.Condition;
import dev.drawbridge.policy.parse.Regexes;
import dev.drawbridge.policy.path.PathReadings;
import dev.drawbridge.policy.read.Ask;
import dev.drawbridge.policy.read.Protocol;
import java.util.List;

/**
 * What an HTTP rule looks at.
 *
 * @param method as sent; methods are case-sensitive
 * @param paths every reading of the path that some server might have, without the query; the first
 *     is the one that is forwarded
 * @param host the authority that the request is for, with or without port; empty if none
 * @param variants what some servers take it for beside that
 * @param upgrades whether it asks to speak something afterwards that cannot be judged: only a rule
 *     that names it allows that
 */
public record HttpRequest(
    String method,
    List<String> paths,
    String host,
    Headers headers,
    Variants variants,
    boolean upgrades)
    implements Ask {
  /**
   * What some servers take a request for.
   *
   * @param methods instead of its own; each must be allowed too
   * @param forbidden paths that only may-not rules look at
   * @param tooMany not all readings of the path were made, for there are more than anybody means
   */
  public record Variants(List<String> methods, List<String> forbidden, boolean tooMany) {
    /** Nothing else. */
    public static final Variants NONE = new Variants(List.of(), List.of(), false);

    public Variants {
      methods = List.copyOf(methods);
      forbidden = List.copyOf(forbidden);
    }
  }

  public HttpRequest {
    paths = List.copyOf(paths);
    if (paths.isEmpty()) {
      throw new IllegalArgumentException("a request has at least one reading of its path");
    }
  }

  @Override
  public Protocol protocol() {
    return HttpProtocol.HTTP;
  }

  @Override
  public List<String> actions() {
    String path = paths.getFirst();
    List<String> named = headers.all(Upgrades.FIELD);
    String plain =
        method
            + " "
            + path
            + (upgrades && named.size() == 1
                ? " " + new Condition.Header("Upgrade", named).print()
                : "");
    return method.equals("POST")
            && GrpcContentType.of(headers) != GrpcContentType.NONE
            && path.startsWith("/")
        ? List.of("call " + path.substring(1), plain)
        : List.of(plain);
  }

  /** A request that all servers take for the same. */
  public HttpRequest(String method, List<String> paths, String host, Headers headers) {
    this(method, paths, host, headers, Variants.NONE);
  }

  /** A request that stays one of HTTP. */
  public HttpRequest(
      String method, List<String> paths, String host, Headers headers, Variants variants) {
    this(method, paths, host, headers, variants, false);
  }

  /** A request with one reading of its path and no header. */
  public static HttpRequest of(String method, String path) {
    return new HttpRequest(method, List.of(path), "", Headers.NONE);
  }

  /**
   * Reads a request as whoever judges has to read it.
   *
   * @param path one octet a character, as it stands in the request line, without query; {@code *}
   *     is the server itself
   * @param query what follows the question mark; empty if nothing does
   * @param headers a field {@code Upgrade} counts as if {@code Connection} named it
   */
  public static HttpRequest read(
      String method, String path, String query, String host, Headers headers) {
    Upgrades wanted = Upgrades.of(headers.all(Upgrades.FIELD));
    boolean upgrades = wanted.elsewhere(method.equals("GET"));
    if (path.equals(Regexes.ASTERISK)) {
      Variants said = Overrides.of(Variants.NONE, query, headers);
      return new HttpRequest(method, List.of(path), host, headers, said, upgrades);
    }
    PathReadings readings = PathReadings.of(path);
    Variants read =
        readings.forbidden().isEmpty() && !readings.tooMany()
            ? Variants.NONE
            : new Variants(List.of(), readings.forbidden(), readings.tooMany());
    return new HttpRequest(
        method, readings.paths(), host, headers, Overrides.of(read, query, headers), upgrades);
  }

  /**
   * The same request with these fields, which may say that it is another one.
   *
   * @param all every field, those included that it had
   */
  public HttpRequest with(Headers all) {
    return new HttpRequest(method, paths, host, all, Overrides.of(variants, "", all), upgrades);
  }

  /** The same request with that to be spoken after it, or not. */
  public HttpRequest upgrading(boolean elsewhere) {
    return elsewhere == upgrades
        ? this
        : new HttpRequest(method, paths, host, headers, variants, elsewhere);
  }

  /** The same request with fields that came after it: trailers. */
  public HttpRequest and(Headers trailers) {
    return with(headers.and(trailers));
  }
}
