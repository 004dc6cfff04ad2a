package dev.drawbridge.l7.http1.relay;

import dev.drawbridge.l7.http1.Framing;
import dev.drawbridge.l7.http1.RequestHead;
import dev.drawbridge.policy.http.Headers;
import dev.drawbridge.policy.http.HttpRequest;
import org.jspecify.annotations.Nullable;

/** What of a request is kept when it has been sent on, because it may have to be judged again. */
final class KeptRequests {
  /** The request that opened a tunnel. */
  private @Nullable HttpRequest tunnelled;

  /** The request whose body may end in more fields. */
  private @Nullable HttpRequest chunked;

  /** What the two above hold, in octets. */
  private long bytes;

  /** Keeps what is needed of a request, and nothing of those before it. */
  void keep(RequestHead request, HttpRequest judged) {
    tunnelled = request.upgrades().isEmpty() ? null : FrozenHeaders.of(judged);
    chunked = request.framing() == Framing.CHUNKED ? FrozenHeaders.of(judged) : null;
    bytes = tunnelled != null || chunked != null ? 4L * request.size() : 0;
  }

  /** The request that opened a tunnel, if one did. */
  @Nullable HttpRequest tunnelled() {
    return tunnelled;
  }

  /** The request with the fields behind its body too: some servers add them to the head. */
  HttpRequest with(Headers trailers) {
    HttpRequest request = chunked;
    if (request == null) {
      throw new IllegalStateException("trailers without a request");
    }
    return request.and(trailers);
  }

  long holds() {
    return bytes;
  }
}
