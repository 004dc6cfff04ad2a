package dev.drawbridge.l7.kafka;

import dev.drawbridge.l7.kafka.frame.Message;
import dev.drawbridge.l7.kafka.frame.Request;
import dev.drawbridge.l7.kafka.judge.ApiVersionsJudge;
import dev.drawbridge.l7.kafka.judge.Judges;
import dev.drawbridge.l7.kafka.judge.Rights;
import dev.drawbridge.l7.kafka.judge.Ruling;
import dev.drawbridge.l7.relay.Opened;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.Verdict;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.Objects;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * What becomes of a request that was judged: it goes on, as it came or changed, is answered here,
 * or is the last.
 */
final class Requests {
  private final KafkaConversation conversation;
  private final KafkaCallee callee;
  private final Answers answers;
  private final KafkaRecords told;
  private final Opened opened;

  Requests(KafkaConversation conversation, KafkaCallee callee, Answers answers, KafkaRecords told) {
    this.conversation = conversation;
    this.callee = callee;
    this.answers = answers;
    this.told = told;
    this.opened = conversation.opened();
  }

  /**
   * @param frame is released, here or by where it goes
   */
  void follow(Request request, ByteBuf frame, Rights rights, Ruling ruling) {
    Pending pending = new Pending(request.correlation(), request.api(), request.version());
    pending.requestBytes = frame.readableBytes();
    pending.weight = request.weight();
    pending.sent = request.version();
    boolean allowed = !(ruling instanceof Ruling.Answered || ruling instanceof Ruling.Ended);
    opened.asked(allowed && rights.refused().isEmpty());
    told.of(pending, request, rights);
    switch (ruling) {
      case Ruling.Passed(var amending) -> {
        conversation.hasBegun();
        if (isUnanswered(request)) {
          opened.pace().moved(frame.readableBytes());
          pending.ends(Ending.COMPLETED);
        } else {
          pending.amending = amending;
          pending.fetch = request.data() instanceof FetchRequestData fetch ? fetch : null;
          answers.expect(pending);
        }
        if (request.followed()) {
          // What goes on is what was read, and nothing besides.
          callee.send(
              buffer(
                  Message.write(
                      request.api(), request.version(), request.header(), request.data())));
          frame.release();
        } else {
          callee.send(frame);
        }
      }
      case Ruling.Changed(var data, var version, var amending) -> {
        conversation.hasBegun();
        pending.sent = version;
        pending.amending = amending;
        pending.fetch = data instanceof FetchRequestData fetch ? fetch : null;
        answers.expect(pending);
        callee.send(buffer(Message.write(request.api(), version, request.header(), data)));
        frame.release();
      }
      case Ruling.ChangedThenEnded(var data) -> {
        callee.send(
            buffer(Message.write(request.api(), request.version(), request.header(), data)));
        frame.release();
        pending.ends(Ending.COMPLETED);
        conversation.end();
      }
      case Ruling.Answered(var answer) -> {
        answer(pending, answer, frame.readableBytes());
        frame.release();
      }
      case Ruling.Ended() -> {
        frame.release();
        pending.ends(Ending.COMPLETED);
        conversation.end();
      }
    }
  }

  /**
   * Answers a key or a version that nobody judges, if that is possible.
   *
   * @param api null for a key that no broker has
   * @param frame is released if it is answered
   */
  boolean answerUnknown(@Nullable ApiKeys api, short version, ByteBuffer view, ByteBuf frame) {
    if (api == ApiKeys.API_VERSIONS && version > api.latestVersion()) {
      answer(
          new Pending(Message.correlation(frame), api, (short) 0),
          ApiVersionsJudge.unsupported(),
          frame.readableBytes());
      frame.release();
      return true;
    }
    if (api != null && Judges.of(api) == null && api.isVersionSupported(version)) {
      // Of the broker's own, or newer than what is judged: it was not offered to the client.
      try {
        Request request = Message.request(api, version, view);
        ApiMessage refusal =
            Message.failed(api, version, request.data(), Errors.UNSUPPORTED_VERSION);
        Verdict verdict = opened.judgeUnreadable(opened.policy(), Reason.KAFKA_UNKNOWN);
        if (verdict.decision() != Decision.ALLOW && refusal != null) {
          Pending pending = new Pending(request.correlation(), api, version);
          told.of(pending, AskedKafka.of(request, conversation.rights(opened.policy())), verdict);
          answer(pending, refusal, frame.readableBytes());
          frame.release();
          return true;
        }
      } catch (Message.Unreadable | RuntimeException _) {
        // Then it cannot be answered either.
      }
    }
    return false;
  }

  /** One that nobody waits for an answer to. */
  private static boolean isUnanswered(Request request) {
    return request.data() instanceof ProduceRequestData data && data.acks() == 0;
  }

  /** The same in a buffer that may be sent. */
  ByteBuf buffer(ByteBuffer bytes) {
    return opened.allocator().directBuffer(bytes.remaining()).writeBytes(bytes);
  }

  /** Answers in the broker's place, when it is its turn. */
  void answer(Pending pending, ApiMessage answer, long requestBytes) {
    ApiKeys api = Objects.requireNonNull(pending.api);
    pending.requestBytes = requestBytes;
    pending.answer = buffer(Message.writeAnswer(api, pending.version, pending.correlation, answer));
    answers.add(pending);
  }
}
