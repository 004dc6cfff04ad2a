package dev.drawbridge.policy;

import java.util.List;

/**
 * What an HTTP rule looks at.
 *
 * @param method as sent; methods are case-sensitive
 * @param paths every reading of the path that some server might have, without the query; the first
 *     is the one that is forwarded
 * @param host the authority that the request is for, with or without port; empty if none
 */
public record HttpRequest(String method, List<String> paths, String host, Headers headers) {
  public HttpRequest {
    paths = List.copyOf(paths);
    if (paths.isEmpty()) {
      throw new IllegalArgumentException("a request has at least one reading of its path");
    }
  }

  /** A request with one reading of its path and no header. */
  public static HttpRequest of(String method, String path) {
    return new HttpRequest(method, List.of(path), "", Headers.NONE);
  }
}
