package dev.drawbridge.l7.kafka;

import dev.drawbridge.l7.kafka.frame.Message;
import dev.drawbridge.l7.kafka.frame.Request;
import dev.drawbridge.l7.kafka.judge.ProduceJudge;
import dev.drawbridge.l7.kafka.judge.Rights;
import dev.drawbridge.l7.kafka.judge.TopicNames;
import dev.drawbridge.l7.relay.HeldInput;
import dev.drawbridge.l7.relay.Opened;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.kafka.KafkaAsk;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Objects;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/** The place of a {@link BigProduce} in its conversation: from its first bytes to its answer. */
final class ProduceInPieces implements BigProduce.Onward {
  private final KafkaConversation conversation;
  private final KafkaCallee callee;
  private final Answers answers;
  private final Requests requests;
  private final KafkaRecords told;
  private final TopicNames names;
  private final IdQuestions ids;
  private final Opened opened;

  /** The one that is being read. */
  private @Nullable BigProduce produce;

  /** Judges its topics as they come. */
  private @Nullable Rights rights;

  /** What was read of it before it was known to be one. */
  private @Nullable ByteBuf head;

  ProduceInPieces(
      KafkaConversation conversation,
      KafkaCallee callee,
      Answers answers,
      Requests requests,
      KafkaRecords told,
      TopicNames names,
      IdQuestions ids) {
    this.conversation = conversation;
    this.callee = callee;
    this.answers = answers;
    this.requests = requests;
    this.told = told;
    this.names = names;
    this.ids = ids;
    this.opened = conversation.opened();
  }

  /** Whether what comes belongs to one. */
  boolean reading() {
    return produce != null;
  }

  /**
   * One begins.
   *
   * @param length bytes of its frame, without the length in front
   * @param read its first bytes, from the length on; ours from now on
   */
  void begin(short version, int length, ByteBuf read) {
    ids.begin();
    if (version >= ProduceJudge.FIRST_WITH_IDS) {
      // While a part of it is on its way nothing can be asked: what follows would go into it.
      ids.all();
    }
    produce = new BigProduce(version, length, this);
    head = read.skipBytes(Message.LENGTH);
  }

  /** Takes what has come. False if it is to come again. */
  boolean take(ByteBuf in) {
    BigProduce reading = Objects.requireNonNull(produce);
    ByteBuf first = head;
    if (first == null) {
      return step(reading, in);
    }
    boolean goesOn = step(reading, first);
    if (!first.isReadable()) {
      head = null;
      first.release();
    }
    return goesOn;
  }

  private boolean step(BigProduce reading, ByteBuf in) {
    rights = conversation.rights(opened.policy());
    conversation.expectInputWithin(opened.limits().bodyTimeout());
    return switch (reading.take(in)) {
      case MORE -> true;
      case UNKNOWN_ID -> false;
      case MALFORMED -> {
        produce = null;
        boolean seen = reading.hasPassed();
        // Some of it was taken already: not even audit can let it go on as it came.
        conversation.hasBegun();
        boolean _ = conversation.unreadable(in, Reason.KAFKA_MALFORMED);
        if (seen) {
          conversation.abort(Ending.RESET);
        }
        yield true;
      }
      case WHOLE -> {
        produce = null;
        conversation.expectNothing();
        finish(reading, in);
        yield true;
      }
    };
  }

  /** All has come: it is judged as one, by the policy of now. */
  private void finish(BigProduce reading, ByteBuf in) {
    Request request = reading.request();
    var data = (ProduceRequestData) request.data();
    Rights now = conversation.rights(opened.policy());
    var answer = new ProduceResponseData();
    boolean refused = reading.isRefused();
    var faults = new ArrayList<@Nullable Errors>();
    for (TopicProduceData topic : data.topicData()) {
      Errors fault = ProduceJudge.fault(request.version(), topic, data.transactionalId(), now);
      faults.add(fault);
      refused |= fault != null;
    }
    Pending pending = new Pending(request.correlation(), request.api(), request.version());
    pending.requestBytes = reading.total() + (long) Message.LENGTH;
    opened.asked(!refused);
    told.of(pending, request, now);
    if (!refused) {
      conversation.hasBegun();
      if (data.acks() == 0) {
        pending.ends(Ending.COMPLETED);
      } else {
        answers.expect(pending);
      }
      reading.finish(in);
      return;
    }
    reading.drop(in);
    int i = 0;
    for (TopicProduceData topic : data.topicData()) {
      Errors fault = faults.get(i++);
      // What was allowed did not go on either: the client sends it again.
      answer
          .responses()
          .add(ProduceJudge.answer(topic, fault == null ? Errors.REQUEST_TIMED_OUT : fault));
    }
    if (data.acks() == 0) {
      pending.ends(Ending.COMPLETED);
      conversation.end();
    } else {
      requests.answer(pending, answer, pending.requestBytes);
      if (reading.hasPassed()) {
        // The broker waits for the rest of it, and must not get another frame in its place.
        conversation.end();
      }
    }
  }

  @Override
  public boolean mayWrite(@Nullable String name, @Nullable Uuid id, @Nullable String transaction) {
    Rights by = Objects.requireNonNull(rights);
    String topic = id == null ? name : names.name(id);
    return topic != null
        && by.may(
            new KafkaAsk(KafkaAsk.Right.PRODUCE, topic, transaction == null ? "" : transaction));
  }

  @Override
  public boolean knows(Uuid id) {
    return ids.known(id);
  }

  @Override
  public void pass(ByteBuf in, int length) {
    opened.pace().moved(length);
    callee.pass(in, length);
  }

  @Override
  public void pass(ByteBuffer bytes) {
    callee.pass(bytes);
  }

  /** Bytes that are kept of it. */
  long holds() {
    BigProduce reading = produce;
    return reading == null ? 0 : reading.holds();
  }

  void discard() {
    produce = null;
    head = HeldInput.discarded(head);
  }
}
