package dev.drawbridge.l7.datagram;

/** Reads one protocol whose messages are datagrams. {@code Engines} has it. */
@FunctionalInterface
public interface DatagramEngine {
  /** Begins with a namespace. */
  Datagrams open(DatagramSpace space);
}
