package dev.drawbridge.daemon;

import dev.drawbridge.api.ApiConfig;
import dev.drawbridge.daemon.Agent.StartException;
import dev.drawbridge.daemon.config.Config;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.FileSystems;
import java.nio.file.attribute.GroupPrincipal;
import java.util.Optional;

/** Where the API listens, and for whom, by the configuration. */
final class ApiListeners {
  private ApiListeners() {}

  static ApiConfig of(Config config) throws StartException {
    Optional<InetSocketAddress> tcp = tcp(config);
    Optional<String> group = group(config);
    try {
      return new ApiConfig(config.apiSocket(), tcp, group);
    } catch (IllegalArgumentException e) {
      throw new StartException("configuration key \"apiTcp\": " + e.getMessage(), e);
    }
  }

  /**
   * The group that was named, or {@code drawbridge} where the host has it: installing makes none.
   */
  private static Optional<String> group(Config config) throws StartException {
    String name = config.apiGroup().orElse("drawbridge");
    if (name.isEmpty()) {
      return Optional.empty();
    }
    try {
      GroupPrincipal _ =
          FileSystems.getDefault().getUserPrincipalLookupService().lookupPrincipalByGroupName(name);
      return Optional.of(name);
    } catch (IOException e) {
      if (config.apiGroup().isEmpty()) {
        return Optional.empty();
      }
      throw new StartException(
          "configuration key \"apiGroup\": there is no group \""
              + name
              + "\"; make it (groupadd --system "
              + name
              + ") or name another",
          e);
    }
  }

  private static Optional<InetSocketAddress> tcp(Config config) throws StartException {
    String text = config.apiTcp();
    if (text.isEmpty()) {
      return Optional.empty();
    }
    int colon = text.lastIndexOf(':');
    try {
      String host = text.substring(0, Math.max(0, colon)).replaceAll("[\\[\\]]", "");
      int port = Integer.parseInt(text.substring(colon + 1));
      return Optional.of(new InetSocketAddress(InetAddress.ofLiteral(host), port));
    } catch (IllegalArgumentException e) {
      throw new StartException(
          "configuration key \"apiTcp\": expected ADDRESS:PORT such as 127.0.0.1:9807, found \""
              + text
              + "\"",
          e);
    }
  }
}
