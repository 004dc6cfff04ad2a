package dev.drawbridge.policy;

import java.util.List;

/**
 * What an HTTP rule looks at.
 *
 * @param method as sent; methods are case-sensitive
 * @param paths every reading of the path that some server might have, without the query; the first
 *     is the one that is forwarded
 * @param host the authority that the request is for, with or without port; empty if none
 * @param variants what some servers take it for beside that
 */
public record HttpRequest(
    String method, List<String> paths, String host, Headers headers, Variants variants) {
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

  /** A request that all servers take for the same. */
  public HttpRequest(String method, List<String> paths, String host, Headers headers) {
    this(method, paths, host, headers, Variants.NONE);
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
   */
  public static HttpRequest read(
      String method, String path, String query, String host, Headers headers) {
    if (path.equals(Regexes.ASTERISK)) {
      return new HttpRequest(method, List.of(path), host, headers).with(query, headers);
    }
    PathReadings readings = PathReadings.of(path);
    return new HttpRequest(
            method,
            readings.paths(),
            host,
            headers,
            readings.forbidden().isEmpty() && !readings.tooMany()
                ? Variants.NONE
                : new Variants(List.of(), readings.forbidden(), readings.tooMany()))
        .with(query, headers);
  }

  /**
   * The same request with these fields and this query, which may say that it is another one.
   *
   * @param all every field, those included that it had
   */
  public HttpRequest with(String query, Headers all) {
    Variants said = Overrides.of(variants, query, all);
    return new HttpRequest(method, paths, host, all, said);
  }
}
