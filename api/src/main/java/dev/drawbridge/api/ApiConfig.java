package dev.drawbridge.api;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Where the API listens.
 *
 * @param socket path of the Unix domain socket; its directory is created with mode 0750 if absent
 * @param tcp loopback address, port 0 for any; empty to have no TCP listener
 * @param group Unix group that may use the socket and enter its directory, empty to leave both with
 *     the agent's own
 */
public record ApiConfig(Path socket, Optional<InetSocketAddress> tcp, Optional<String> group) {

  public static final Path DEFAULT_SOCKET = Path.of("/run/drawbridge/api.sock");
  public static final int DEFAULT_PORT = 9807;

  public ApiConfig {
    if (tcp.isPresent()) {
      InetAddress address = tcp.get().getAddress();
      if (address == null || !address.isLoopbackAddress()) {
        throw new IllegalArgumentException(
            "the control API listens on loopback only, not on "
                + tcp.get()
                + ": give 127.0.0.1 or ::1, or switch TCP off");
      }
    }
  }

  /** The default socket and 127.0.0.1:9807. */
  public static ApiConfig defaults() {
    return new ApiConfig(
        DEFAULT_SOCKET,
        Optional.of(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), DEFAULT_PORT)),
        Optional.empty());
  }
}
