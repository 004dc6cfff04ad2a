package dev.drawbridge.l7.kafka;

import dev.drawbridge.l7.kafka.frame.KafkaLimits;
import dev.drawbridge.l7.relay.Conversation;
import dev.drawbridge.l7.relay.Engine;
import dev.drawbridge.l7.relay.Opened;
import dev.drawbridge.policy.kafka.KafkaProtocol;
import dev.drawbridge.policy.read.Protocol;
import io.netty.buffer.ByteBuf;
import java.util.function.BooleanSupplier;

/**
 * Kafka, which has no first bytes of its own: where rules of a port speak of it, and the first byte
 * can only be the length of a request. No other protocol that is read here begins so.
 */
public final class KafkaEngine implements Engine {
  /** Of the longest request. */
  private static final int MOST_FIRST = KafkaLimits.FRAME >>> 24;

  @Override
  public Protocol protocol() {
    return KafkaProtocol.KAFKA;
  }

  @Override
  public Guess guess(ByteBuf first, BooleanSupplier ruled) {
    byte octet = first.getByte(first.readerIndex());
    return octet >= 0 && octet <= MOST_FIRST && ruled.getAsBoolean() ? Guess.YES : Guess.NO;
  }

  @Override
  public Conversation open(Opened opened) {
    KafkaConversation conversation = new KafkaConversation(opened);
    conversation.begin();
    return conversation;
  }
}
