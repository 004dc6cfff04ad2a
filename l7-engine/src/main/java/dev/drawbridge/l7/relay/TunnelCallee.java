package dev.drawbridge.l7.relay;

import dev.drawbridge.policy.Ending;
import io.netty.buffer.ByteBuf;

/** The callee's end of a {@link Tunnel}. */
final class TunnelCallee extends PipedCallee.Plain {
  private final Tunnel client;

  TunnelCallee(Tunnel client) {
    super(client);
    this.client = client;
  }

  @Override
  protected void take(ByteBuf in) {
    client.answers(in);
  }

  @Override
  protected void failed(Ending how, String sentence) {
    opened.relay().upstreamFailures.increment();
    client.abort(how);
  }

  @Override
  protected void ended(boolean broken) {
    if (broken) {
      client.abort(Ending.UPSTREAM_BROKEN);
    } else {
      client.calleeEnded();
    }
  }
}
