package dev.drawbridge.l7.streams;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A stream of HTTP/1 from a client, and what a strict reader sees in it.
 *
 * @param id which template and which mutation
 * @param octets one a character
 * @param requests that are whole before it ends, or before it is refused
 */
public record Stream(String id, String octets, List<Request> requests, End end) {
  /** What comes after the requests. */
  public enum End {
    /** Nothing, or nothing that is read any more: the last request has closed the connection. */
    WHOLE,
    /** What no strict reader takes for a request. */
    REFUSED,
    /** A part of a request that may become one, or may not. */
    UNFINISHED
  }

  /**
   * A request.
   *
   * @param target as the callee sees it: with an authority if the client named one there
   * @param fields lines as the callee sees them, without those of the connection and the framing
   */
  public record Request(String method, String target, String body, List<String> fields) {
    public Request {
      fields = List.copyOf(fields);
    }

    /** With nothing but the host. */
    public static Request of(String method, String target, String body, String... more) {
      List<String> fields = new ArrayList<>(List.of("Host: a.test"));
      fields.addAll(List.of(more));
      return new Request(method, target, body, fields);
    }

    /** Without a host, which HTTP/1.0 may do. */
    static Request of10(String method, String target) {
      return new Request(method, target, "", List.of());
    }

    /**
     * Whether some server takes it for {@code /denied…}; exact for paths with one odd octet.
     * Readings of more are {@link Paths}'.
     */
    public boolean denied() {
      String local = target.replaceFirst("(?i)^http://[^/?]*", "");
      int query = local.indexOf('?');
      String path = query < 0 ? local : local.substring(0, query);
      return path.replace('\\', '/')
          .replaceAll("/+", "/")
          .toLowerCase(Locale.ROOT)
          .startsWith("/denied");
    }
  }

  public Stream {
    requests = List.copyOf(requests);
  }

  public byte[] bytes() {
    return octets.getBytes(StandardCharsets.ISO_8859_1);
  }

  /** Those that policy lets through. */
  public List<Request> allowed() {
    return requests.stream().filter(r -> !r.denied()).toList();
  }
}
