package dev.drawbridge.l7;

/**
 * Takes one record for each request, tunnel and refused connection. Called on an event loop: must
 * neither block nor throw.
 */
@FunctionalInterface
public interface AccessLog {
  void record(AccessRecord access);
}
