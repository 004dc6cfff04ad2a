package dev.drawbridge.api.server;

import dev.drawbridge.api.AgentView;
import dev.drawbridge.api.question.Refusal;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Who is turned away before any route is looked at.
 *
 * <p>A page in a browser can reach a loopback port: directly, by a name that it rebinds to
 * 127.0.0.1, or by a form. Such a request bears an Origin, a Referer, a Sec-Fetch-Site or a foreign
 * Host, and any one of them is enough to refuse it. Nothing is ever answered with a CORS header.
 *
 * <p>A process of a guarded container is refused whatever it asks for: root there is root here.
 *
 * <p>Bodies are refused unread, because no route takes one; the connection is then closed, so that
 * the bytes are never taken for a request.
 */
final class RequestGuard {
  private static final Set<String> METHODS = Set.of("GET", "HEAD");

  private final Set<String> hosts;
  private final boolean admitted;
  private final boolean loopback;

  private RequestGuard(Set<String> hosts, boolean admitted, boolean loopback) {
    this.hosts = hosts;
    this.admitted = admitted;
    this.loopback = loopback;
  }

  /** The same for a caller of whom {@link AgentView#admits} has said whether it is answered. */
  RequestGuard withCaller(boolean answered) {
    return new RequestGuard(hosts, answered, loopback);
  }

  /** For the Unix socket, where a Host says nothing but must still not be a stranger's. */
  static RequestGuard unixSocket() {
    return new RequestGuard(Set.of("", "drawbridge", "localhost"), true, false);
  }

  /** For the TCP listener on this port: the loopback names with exactly that port. */
  static RequestGuard tcp(int port) {
    return new RequestGuard(
        Set.of("127.0.0.1:" + port, "localhost:" + port, "[::1]:" + port), true, true);
  }

  /** Whether it is TCP, where any user of the host can ask. */
  boolean loopback() {
    return loopback;
  }

  void check(HttpRequest request) throws Refusal {
    if (!admitted) {
      throw new Refusal(
          403,
          "container-not-allowed",
          "the API does not answer processes of guarded containers",
          "a process of the host");
    }
    if (!request.protocolVersion().equals(HttpVersion.HTTP_1_1)) {
      throw new Refusal(505, "http-version", "the API speaks HTTP/1.1 only", "HTTP/1.1");
    }
    checkHost(request.headers().getAll(HttpHeaderNames.HOST));
    checkBrowser(request.headers());
    checkMethod(request.method().name());
    if (!request.uri().startsWith("/")) {
      throw new Refusal(
          400, "bad-target", "the request target is not a path", "a target that begins with /");
    }
    checkBody(request.headers());
  }

  private void checkHost(List<String> given) throws Refusal {
    if (given.size() != 1) {
      throw new Refusal(
          400,
          "bad-host",
          "exactly one Host header is needed, not " + given.size(),
          expectedHosts());
    }
    if (!hosts.contains(given.getFirst().toLowerCase(Locale.ROOT))) {
      throw new Refusal(
          403, "host-not-allowed", "the API does not answer for this Host", expectedHosts());
    }
  }

  private String expectedHosts() {
    return "Host: "
        + String.join(", or ", hosts.stream().filter(h -> !h.isEmpty()).sorted().toList());
  }

  private static void checkBrowser(HttpHeaders headers) throws Refusal {
    for (String name : List.of("Origin", "Referer")) {
      if (headers.contains(name)) {
        throw new Refusal(
            403,
            "browser-not-allowed",
            "a request with " + name + " comes from a web page and is refused",
            "no " + name + " header");
      }
    }
    for (String site : headers.getAll("Sec-Fetch-Site")) {
      if (!site.equals("none")) {
        throw new Refusal(
            403,
            "browser-not-allowed",
            "a request made by a web page is refused",
            "Sec-Fetch-Site: none, or no such header");
      }
    }
  }

  private static void checkMethod(String method) throws Refusal {
    if (method.equals("OPTIONS")) {
      throw new Refusal(
          403,
          "browser-not-allowed",
          "no preflight is granted: the API is not for web pages",
          "GET or HEAD");
    }
    if (!METHODS.contains(method)) {
      throw new Refusal(
          405,
          "method-not-allowed",
          "the API only reads: " + method + " is not allowed",
          "GET or HEAD");
    }
  }

  private static void checkBody(HttpHeaders headers) throws Refusal {
    List<String> lengths = headers.getAll(HttpHeaderNames.CONTENT_LENGTH);
    boolean empty = lengths.isEmpty() || (lengths.size() == 1 && lengths.getFirst().equals("0"));
    if (!empty || headers.contains(HttpHeaderNames.TRANSFER_ENCODING)) {
      throw new Refusal(
          413,
          "body-not-allowed",
          "no route takes a body",
          "no Content-Length and no Transfer-Encoding");
    }
    if (headers.contains(HttpHeaderNames.EXPECT)) {
      throw new Refusal(
          417,
          "expectation-failed",
          "no expectation can be met, because no route takes a body",
          "no Expect header");
    }
  }
}
