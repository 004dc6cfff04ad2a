package dev.drawbridge.l7.relay;

import java.util.function.Consumer;

/** Where connections of one namespace come in. */
public interface Entrance {
  /** Whose connection has come in. */
  void enters(int caller);

  /**
   * Who came in owes time: what else he has in the backlog waits there until the debt is paid.
   * Called on the connection's loop.
   *
   * @param paid runs what it is given, on that loop, once the debt is paid
   */
  void owes(int caller, Consumer<Runnable> paid);
}
