package dev.drawbridge.api;

import java.net.InetSocketAddress;

/** Who opened a connection to the API. */
public sealed interface Caller {

  /**
   * By the Unix socket (SO_PEERCRED, unix(7)).
   *
   * @param pid in the agent's pid namespace when it connected; 0 if it is not to be seen there
   */
  record Local(int pid) implements Caller {}

  /** By TCP. */
  record Remote(InetSocketAddress address) implements Caller {}
}
