package dev.drawbridge.l7.relay;

import dev.drawbridge.l7.http1.RequestHead;
import dev.drawbridge.policy.Headers;
import java.util.List;
import java.util.Map;

/** A copy of a request's fields, for a connection that outlives the buffer they were read in. */
record FrozenHeaders(Map<String, List<String>> fields) implements Headers {
  static Headers of(Headers headers) {
    return headers instanceof RequestHead head ? new FrozenHeaders(head.fields()) : headers;
  }

  @Override
  public List<String> all(String lowerCaseName) {
    return fields.getOrDefault(lowerCaseName, List.of());
  }
}
