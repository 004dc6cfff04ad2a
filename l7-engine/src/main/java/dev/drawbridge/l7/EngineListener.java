package dev.drawbridge.l7;

import java.io.IOException;
import java.util.List;

/**
 * The engine's two listening sockets in one network namespace, and those for datagrams.
 *
 * <p>Closing it closes the sockets and every connection that came through them.
 */
public interface EngineListener extends AutoCloseable {
  /** Port at 127.0.0.1, 0 if the namespace has no IPv4. */
  int port4();

  /** Port at ::1, 0 if the namespace has no IPv6. */
  int port6();

  /** Descriptor of the IPv4 socket for {@code sk_lookup}, -1 if there is none. */
  int fd4();

  /** Descriptor of the IPv6 socket for {@code sk_lookup}, -1 if there is none. */
  int fd6();

  /**
   * A socket that takes datagrams on loopback.
   *
   * @param slot which of its family, from 0
   * @param port where it listens
   */
  record DatagramSocket(int slot, boolean version6, int fd, int port) {}

  /**
   * Takes datagrams from now on, each socket those for one place at a time: opens the sockets,
   * which this closes. The same sockets when it is asked again.
   *
   * @param slots how many of each family
   * @param origins who says where they were sent
   * @throws IOException if none can be opened
   */
  List<DatagramSocket> datagrams(int slots, DatagramOrigins origins) throws IOException;

  /**
   * From now on what is sent onward from the namespace may be changed on its way. Connections that
   * came through the sockets so far end; later ones are refused where nobody judges what arrives.
   */
  void mayBeRewritten();

  @Override
  void close();
}
