package dev.drawbridge.l7;

/**
 * The engine's two listening sockets in one network namespace.
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
   * From now on what is sent onward from the namespace may be changed on its way. Connections that
   * came through the sockets so far end; later ones are refused where nobody judges what arrives.
   */
  void mayBeRewritten();

  @Override
  void close();
}
