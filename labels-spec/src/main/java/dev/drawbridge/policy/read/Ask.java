package dev.drawbridge.policy.read;

import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.Ports;
import java.util.List;

/**
 * What an engine read and asks policy about: a request, a server name. Each protocol has one of its
 * own; asked by {@link Policy#judge}.
 */
public interface Ask {
  /** The protocol whose rules judge it. */
  Protocol protocol();

  /** IANA's number of the transport that carried it. */
  default int transport() {
    return Ports.TCP;
  }

  /**
   * Whether the caller was given whom it asks: then no rule is needed to reach it, and those of
   * this protocol alone say what may be asked.
   */
  default boolean isGiven() {
    return false;
  }

  /** Actions that a sentence may name to allow it, the best first; some may be no sentence's. */
  List<String> actions();
}
