package dev.drawbridge.l7;

/** What a refused client may read about a peer. Called on an event loop: must not block. */
@FunctionalInterface
public interface EndpointNames {
  /** A container's name, or {@code host} or {@code world}; empty if it is not known. */
  String nameOf(int peer);
}
