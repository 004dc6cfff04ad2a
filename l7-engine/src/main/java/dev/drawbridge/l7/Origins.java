package dev.drawbridge.l7;

import java.net.InetSocketAddress;
import java.util.Optional;

/** Where connections that reach a listener came from. Called on an event loop: must not block. */
@FunctionalInterface
public interface Origins {
  /**
   * What is known of a connection.
   *
   * @param fd the accepted socket's
   * @return nothing if the connection was not redirected by the kernel; the engine then closes it
   */
  Optional<ConnectionOrigin> claim(int fd, InetSocketAddress remote, InetSocketAddress local);
}
