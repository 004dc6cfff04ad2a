package dev.drawbridge.policy;

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

  /** Actions that a sentence may name to allow it, the best first; some may be no sentence's. */
  List<String> actions();
}
