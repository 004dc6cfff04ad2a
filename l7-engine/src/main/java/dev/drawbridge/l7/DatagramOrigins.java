package dev.drawbridge.l7;

import java.util.Optional;

/**
 * Where the datagrams that reach the listeners of one namespace were sent. Called on an event loop:
 * must not block.
 */
@FunctionalInterface
public interface DatagramOrigins {
  /**
   * For whom a listener stands now.
   *
   * @param slot which of the namespace's listeners of that family
   * @return nothing if nobody was redirected to it; what arrives there is then dropped
   */
  Optional<ConnectionOrigin> sentTo(int slot, boolean version6);
}
