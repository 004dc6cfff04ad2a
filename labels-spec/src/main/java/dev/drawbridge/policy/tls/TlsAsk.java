package dev.drawbridge.policy.tls;

import dev.drawbridge.policy.read.Ask;
import dev.drawbridge.policy.read.Protocol;
import java.util.List;

/**
 * May a TLS connection be opened to that name?
 *
 * @param serverName of the client's hello, as sent; case and a dot at the end do not matter
 */
public record TlsAsk(String serverName) implements Ask {
  @Override
  public Protocol protocol() {
    return TlsProtocol.TLS;
  }

  @Override
  public List<String> actions() {
    return List.of("open tls to " + serverName);
  }
}
