package dev.drawbridge.l7.relay;

import io.netty.buffer.ByteBuf;

/** Watches the beginning of a tunnel on behalf of the protocol that opened it. */
public interface TunnelGuard {
  /** Looks at what the callee says; true once nothing has to be looked at any more. */
  boolean answers(ByteBuf in);

  /** What the client had begun has not come in time. */
  void late();

  /** Bytes of memory that wait here. */
  long holds();
}
