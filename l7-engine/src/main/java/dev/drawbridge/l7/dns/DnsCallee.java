package dev.drawbridge.l7.dns;

import dev.drawbridge.l7.relay.PipedCallee;
import dev.drawbridge.policy.Ending;
import io.netty.buffer.ByteBuf;

/** The resolver's end of a stream of questions. */
final class DnsCallee extends PipedCallee.Plain {
  private final DnsConversation client;
  private boolean dialled;

  DnsCallee(DnsConversation client) {
    super(client);
    this.client = client;
  }

  /** Begins with the first question that may be asked: who asks for nothing else reaches nobody. */
  void dial() {
    if (!dialled) {
      dialled = true;
      open();
    }
  }

  /** Whether it can take more of the client's. */
  boolean ready() {
    return !dialled || takes();
  }

  void send(byte[] message) {
    outbox.add(Frames.of(opened.allocator(), message));
  }

  void leave(boolean reset) {
    close(reset);
  }

  @Override
  protected void take(ByteBuf in) {
    client.answers(in);
  }

  @Override
  protected void failed(Ending how, String sentence) {
    client.calleeFailed(how);
  }

  @Override
  protected void ended(boolean broken) {
    client.calleeEnded();
  }
}
