package dev.drawbridge.l7;

import java.net.InetSocketAddress;
import java.util.Optional;

/** Where connections that reach a listener came from. Called on an event loop: must not block. */
@FunctionalInterface
public interface Origins {
  /**
   * Takes what is known of a connection; a second call with the same arguments finds nothing.
   *
   * @param netnsNumber the number given to {@link L7Engine#listen}
   * @return nothing if the connection was not redirected by the kernel; the engine then closes it
   */
  Optional<ConnectionOrigin> claim(
      int netnsNumber, InetSocketAddress remote, InetSocketAddress local);
}
