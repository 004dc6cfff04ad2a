package dev.drawbridge.l7.datagram;

/** What an engine of datagrams keeps of one namespace. All methods are called on its loop. */
public interface Datagrams {
  /** One has arrived; its bytes stay the caller's. */
  void arrived(Datagram datagram);

  /** All that came at once has arrived: what was put aside to go out together goes. */
  default void flush() {}

  /** The namespace is let go of: what is under way ends, with its records. */
  void close();
}
