package dev.drawbridge.l7.http1.relay;

import dev.drawbridge.l7.http1.RequestHead;
import dev.drawbridge.policy.http.Headers;
import dev.drawbridge.policy.http.HttpRequest;
import java.util.List;
import java.util.Map;

/** A copy of a request's fields, for a connection that outlives the buffer they were read in. */
record FrozenHeaders(Map<String, List<String>> fields) implements Headers {
  static Headers of(Headers headers) {
    return headers instanceof RequestHead head ? new FrozenHeaders(head.fields()) : headers;
  }

  /** The request with such a copy. */
  static HttpRequest of(HttpRequest judged) {
    return new HttpRequest(
        judged.method(),
        judged.paths(),
        judged.host(),
        of(judged.headers()),
        judged.variants(),
        judged.upgrades());
  }

  @Override
  public List<String> all(String lowerCaseName) {
    return fields.getOrDefault(lowerCaseName, List.of());
  }
}
