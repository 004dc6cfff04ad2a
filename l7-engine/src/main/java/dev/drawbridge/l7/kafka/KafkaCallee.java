package dev.drawbridge.l7.kafka;

import dev.drawbridge.l7.relay.PipedCallee;
import dev.drawbridge.policy.Ending;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;

/** The broker's end of a Kafka connection. */
final class KafkaCallee extends PipedCallee.Plain {
  private final KafkaConversation client;

  KafkaCallee(KafkaConversation client) {
    super(client);
    this.client = client;
  }

  void dial() {
    open();
  }

  /** Whether it can take more of the client's. */
  boolean ready() {
    return takes();
  }

  boolean hasEnded() {
    return inputEnded();
  }

  /** Whole frames. */
  void send(ByteBuf frame) {
    outbox.add(frame);
  }

  /** Bytes of a frame, moved out of the input. */
  void pass(ByteBuf in, int length) {
    outbox.data(in, length);
  }

  void pass(ByteBuffer bytes) {
    outbox.add(opened.allocator().directBuffer(bytes.remaining()).writeBytes(bytes));
  }

  /** The client says no more. */
  void sayNoMore() {
    endOutput();
  }

  void leave(boolean reset) {
    close(reset);
  }

  long held() {
    return holds();
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
    client.calleeEnded(broken);
  }
}
