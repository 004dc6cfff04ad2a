package dev.drawbridge.l7.http2.relay;

/** How far a client's connection is on its way to its end. */
enum Http2Phase {
  OPEN,
  /** GOAWAY is sent, or the client has ended its input: what is open goes on. */
  DRAINING,
  /** The last frame is on its way, the connection ends. */
  LINGER,
  CLOSED;

  /** Whether frames can still be sent. */
  boolean open() {
    return this == OPEN || this == DRAINING;
  }
}
