package dev.drawbridge.l7.relay;

/** Reads one protocol whose messages are datagrams. {@link Engines} has it. */
@FunctionalInterface
public interface DatagramEngine {
  /** Begins with a namespace. */
  Datagrams open(DatagramSpace space);
}
