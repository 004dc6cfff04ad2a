package dev.drawbridge.l7.tls;

import dev.drawbridge.l7.Asked;
import java.util.List;
import java.util.Map;

/**
 * A TLS connection, by its client's hello.
 *
 * @param serverName in lower case; empty if none could be read
 * @param alpn protocols that the client offers within, in its order
 */
public record AskedTls(String serverName, List<String> alpn) implements Asked.Spoken {
  /** A hello that could not be read, or not yet. */
  public static final AskedTls UNREAD = new AskedTls("", List.of());

  public AskedTls {
    alpn = List.copyOf(alpn);
  }

  @Override
  public String protocol() {
    return "tls";
  }

  @Override
  public String text() {
    return ("tls " + serverName).strip()
        + (alpn.isEmpty() ? "" : " alpn=" + String.join(",", alpn));
  }

  @Override
  public Map<String, Object> fields() {
    return Asked.fields("serverName", serverName, "alpn", alpn);
  }
}
