package dev.drawbridge.l7;

import java.net.InetSocketAddress;
import java.util.Arrays;

/**
 * What the kernel remembered about a connection before it turned it towards the engine.
 *
 * @param caller peer number of the container, host or world that connected
 * @param callee peer number of the container that it wanted
 * @param destination where it wanted to connect
 * @param arrival true when the connection was taken on arrival in the callee's namespace rather
 *     than at the caller's connect
 */
public record ConnectionOrigin(
    int caller, int callee, InetSocketAddress destination, boolean arrival) {
  private static final byte[] ENGINES_RESOLVER = {127, 0, 0, 11};

  /**
   * Whether it is for the resolver that the container engine runs inside each namespace, at
   * whatever port: its rules there translate port 53 to one of its own.
   */
  public boolean toEnginesResolver() {
    return Arrays.equals(destination.getAddress().getAddress(), ENGINES_RESOLVER);
  }
}
