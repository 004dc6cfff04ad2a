package dev.drawbridge.l7;

import java.io.IOException;

/** Tells the kernel for whom an onward socket of the engine speaks. */
@FunctionalInterface
public interface OnwardSockets {
  /**
   * Called once for each onward socket, before its connect, on an event loop: must not block.
   *
   * @throws IOException if the kernel does not take it; the request is then refused
   */
  void speakFor(int fd, int caller, int callee, int port) throws IOException;
}
