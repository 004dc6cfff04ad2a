package dev.drawbridge.l7.kafka;

import dev.drawbridge.l7.kafka.frame.Collector;
import dev.drawbridge.l7.kafka.frame.KafkaLimits;
import dev.drawbridge.l7.kafka.frame.Message;
import dev.drawbridge.l7.kafka.frame.Request;
import dev.drawbridge.l7.kafka.judge.ApiJudge;
import dev.drawbridge.l7.kafka.judge.ApiVersionsJudge;
import dev.drawbridge.l7.kafka.judge.Judges;
import dev.drawbridge.l7.kafka.judge.ProduceJudge;
import dev.drawbridge.l7.kafka.judge.Rights;
import dev.drawbridge.l7.kafka.judge.Ruling;
import dev.drawbridge.l7.kafka.judge.TopicNames;
import dev.drawbridge.l7.relay.CalleeEnd;
import dev.drawbridge.l7.relay.Exchange;
import dev.drawbridge.l7.relay.Opened;
import dev.drawbridge.l7.relay.PipedEnd;
import dev.drawbridge.l7.relay.Records;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.Verdict;
import dev.drawbridge.policy.kafka.KafkaAsk;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Objects;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * A client's connection in terms of Kafka: reads its requests one by one, has each judged, and lets
 * go on what may. Answers are {@link Answers}' affair.
 */
final class KafkaConversation extends PipedEnd implements BigProduce.Onward {
  private final KafkaCallee callee;
  private final Collector frames;
  private final Answers answers;
  private final TopicNames names = new TopicNames();
  private final IdQuestions ids;

  /** A request that is read in pieces. */
  private @Nullable BigProduce big;

  /** Judges the topics of that one as they come. */
  private @Nullable Rights bigRights;

  /** What was read of it before it was known to be one. */
  private @Nullable ByteBuf bigHead;

  /** The frame of a request that waits for names of its ids, and is read again then. */
  private @Nullable ByteBuf waiting;

  /** Nothing more is read: after what is still to be answered comes the end. */
  private boolean ending;

  private boolean began;

  KafkaConversation(Opened opened) {
    super(opened, Exchange.none());
    this.callee = new KafkaCallee(this);
    this.frames = new Collector(opened.allocator());
    this.answers = new Answers(opened, outbox);
    this.ids = new IdQuestions(names, this::ask, this::learnt);
  }

  void begin() {
    callee.dial();
    if (!Preparation.isDone()) {
      Preparation.then(() -> opened.loop().eventLoop().execute(this::goOnPrepared));
    }
  }

  private void goOnPrepared() {
    if (!over()) {
      resume();
      flush();
    }
  }

  // Input.

  @Override
  protected boolean take(ByteBuf in) {
    if (!Preparation.isDone() || ids.asking() || ending || !callee.ready() || answers.crowded()) {
      return false;
    }
    BigProduce reading = big;
    if (reading != null) {
      return piece(reading, in);
    }
    return frame(in);
  }

  private boolean frame(ByteBuf in) {
    if (!frames.begun()) {
      frames.want(Message.LENGTH + Message.FIXED_HEADER);
      expectInputWithin(opened.limits().headTimeout());
    }
    ByteBuf head = frames.look(in);
    if (head == null) {
      return true;
    }
    int start = head.readerIndex();
    int length = head.getInt(start);
    short key = head.getShort(start + Message.LENGTH);
    short version = head.getShort(start + Message.LENGTH + Short.BYTES);
    if (length < Message.FIXED_HEADER || length > KafkaLimits.FRAME) {
      return unreadable(in, Reason.KAFKA_MALFORMED);
    }
    boolean produce = key == ApiKeys.PRODUCE.id && Judges.understands(ApiKeys.PRODUCE, version);
    if (produce && length > KafkaLimits.WHOLE_PRODUCE) {
      beginBig(version, length, in);
      return true;
    }
    if (length > KafkaLimits.WHOLE) {
      return unreadable(in, Reason.LIMIT);
    }
    frames.want(Message.LENGTH + length);
    if (frames.look(in) == null) {
      return true;
    }
    expectNothing();
    ByteBuf frame = frames.take(in);
    ids.begin();
    whole(frame, key, version);
    return true;
  }

  @Override
  protected boolean wantsInput() {
    return held() == null
        && Preparation.isDone()
        && !ids.asking()
        && !ending
        && callee.ready()
        && !answers.crowded();
  }

  /** A whole request. */
  private void whole(ByteBuf frame, short key, short version) {
    int start = frame.readerIndex();
    ByteBuffer view =
        frame.nioBuffer(start + Message.LENGTH, frame.readableBytes() - Message.LENGTH);
    ApiKeys api = ApiKeys.hasId(key) ? ApiKeys.forId(key) : null;
    if (api == null || !Judges.understands(api, version)) {
      unknown(api, version, view, frame);
      return;
    }
    Request request;
    try {
      request = Message.request(api, version, view);
    } catch (Message.Unreadable _) {
      unreadable(frame, Reason.KAFKA_MALFORMED, correlation(frame));
      return;
    }
    judge(request, frame);
  }

  private static int correlation(ByteBuf frame) {
    return frame.getInt(frame.readerIndex() + Message.LENGTH + 2 * Short.BYTES);
  }

  /** A key or a version that nobody judges. */
  private void unknown(@Nullable ApiKeys api, short version, ByteBuffer view, ByteBuf frame) {
    if (api == ApiKeys.API_VERSIONS && version > api.latestVersion()) {
      answer(
          new Pending(correlation(frame), api, (short) 0),
          ApiVersionsJudge.unsupported(),
          frame.readableBytes());
      frame.release();
      return;
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
          record(pending, AskedKafka.of(request, rights(opened.policy())), verdict);
          answer(pending, refusal, frame.readableBytes());
          frame.release();
          return;
        }
      } catch (Message.Unreadable | RuntimeException _) {
        // Then it cannot be answered either.
      }
    }
    unreadable(frame, Reason.KAFKA_UNKNOWN, correlation(frame));
  }

  private Rights rights(Policy policy) {
    return new Rights(ask -> opened.judge(policy, ask), names);
  }

  private void judge(Request request, ByteBuf frame) {
    ApiJudge<ApiMessage> judge = Objects.requireNonNull(Judges.of(request.api()));
    if (!ids.known(judge, request)) {
      waiting = frame;
      return;
    }
    // One policy for all of the request.
    Rights rights = rights(opened.policy());
    Ruling ruling = judge.judge(request, request.data(), rights);
    follow(request, frame, rights, ruling);
  }

  private void follow(Request request, ByteBuf frame, Rights rights, Ruling ruling) {
    Pending pending = new Pending(request.correlation(), request.api(), request.version());
    pending.requestBytes = frame.readableBytes();
    pending.weight = request.weight();
    pending.sent = request.version();
    boolean allowed = !(ruling instanceof Ruling.Answered || ruling instanceof Ruling.Ended);
    opened.asked(allowed && rights.refused().isEmpty());
    record(pending, request, rights);
    switch (ruling) {
      case Ruling.Passed(var amending) -> {
        began = true;
        if (isUnanswered(request)) {
          pending.ends(Ending.COMPLETED);
        } else {
          pending.amending = amending;
          pending.fetch = request.data() instanceof FetchRequestData fetch ? fetch : null;
          answers.expect(pending);
        }
        callee.send(frame);
      }
      case Ruling.Changed(var data, var version, var amending) -> {
        began = true;
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
        end();
      }
      case Ruling.Answered(var answer) -> {
        answer(pending, answer, frame.readableBytes());
        frame.release();
      }
      case Ruling.Ended() -> {
        frame.release();
        pending.ends(Ending.COMPLETED);
        end();
      }
    }
  }

  /** One that nobody waits for an answer to. */
  private static boolean isUnanswered(Request request) {
    return request.data() instanceof ProduceRequestData data && data.acks() == 0;
  }

  private ByteBuf buffer(ByteBuffer bytes) {
    return opened.allocator().directBuffer(bytes.remaining()).writeBytes(bytes);
  }

  /** A question of ours. */
  private void ask(Pending pending, ByteBuffer frame) {
    answers.expectOurs(pending);
    callee.send(buffer(frame));
  }

  private void answer(Pending pending, ApiMessage answer, long requestBytes) {
    ApiKeys api = Objects.requireNonNull(pending.api);
    pending.requestBytes = requestBytes;
    pending.answer = buffer(Message.writeAnswer(api, pending.version, pending.correlation, answer));
    answers.add(pending);
  }

  /** Nothing more is read; what was asked is still answered. */
  private void end() {
    ending = true;
    expectNothing();
    endIfAnswered();
  }

  private void endIfAnswered() {
    if (ending && !answers.waits()) {
      closeGently();
    }
  }

  // Records.

  /** What names topics, or was refused, leaves one. */
  private void record(Pending pending, Request request, Rights rights) {
    Verdict verdict = rights.verdict();
    if (verdict == null) {
      return;
    }
    boolean told =
        verdict.decision() != Decision.ALLOW
            || verdict.audited()
            || !rights.allowed().isEmpty()
            || !rights.refused().isEmpty();
    if (told) {
      record(pending, AskedKafka.of(request, rights), verdict);
    }
  }

  private void record(Pending pending, AskedKafka about, Verdict verdict) {
    Exchange exchange = Exchange.begun(about);
    exchange.judged(verdict);
    pending.recorded(exchange, new Records(opened, exchange));
  }

  // What cannot be judged.

  /** What comes is no frame, or one that is too large. */
  private boolean unreadable(ByteBuf in, Reason reason) {
    Verdict verdict = opened.judgeUnreadable(opened.policy(), reason);
    if (verdict.decision() == Decision.ALLOW && !began && !answers.waits()) {
      carry(verdict, reason);
      return true;
    }
    opened.asked(false);
    recordEnd(verdict);
    frames.discard();
    in.skipBytes(in.readableBytes());
    end();
    return true;
  }

  /** Audit lets it pass: nobody reads it any more. */
  private void carry(Verdict verdict, Reason reason) {
    ByteBuf part = frames.takePart();
    ByteBuf read = part == null ? opened.allocator().directBuffer(0) : part;
    carryUnread(read, AskedKafka.UNREAD, verdict, reason);
    callee.leave(true);
  }

  /** A frame that cannot be read: audit lets it pass as it is. */
  private void unreadable(ByteBuf frame, Reason reason, int correlation) {
    Verdict verdict = opened.judgeUnreadable(opened.policy(), reason);
    opened.asked(verdict.decision() == Decision.ALLOW);
    if (verdict.decision() == Decision.ALLOW) {
      began = true;
      Pending pending = new Pending(correlation, null, (short) 0);
      pending.requestBytes = frame.readableBytes();
      record(pending, AskedKafka.UNREAD, verdict);
      answers.expect(pending);
      callee.send(frame);
      return;
    }
    recordEnd(verdict);
    frame.release();
    end();
  }

  private void recordEnd(Verdict verdict) {
    Exchange exchange = Exchange.begun(AskedKafka.UNREAD);
    exchange.judged(verdict);
    new Records(opened, exchange).exchange(Ending.COMPLETED);
  }

  /** The broker has said which topics some ids are. */
  private void learnt() {
    ByteBuf frame = waiting;
    waiting = null;
    if (frame != null) {
      int key = frame.readerIndex() + Message.LENGTH;
      whole(frame, frame.getShort(key), frame.getShort(key + Short.BYTES));
    }
  }

  // A request in pieces.

  private void beginBig(short version, int length, ByteBuf in) {
    ids.begin();
    if (version >= ProduceJudge.FIRST_WITH_IDS) {
      // While a part of it is on its way nothing can be asked: what follows would go into it.
      ids.all();
    }
    big = new BigProduce(version, length, this);
    bigHead = frames.take(in).skipBytes(Message.LENGTH);
  }

  private boolean piece(BigProduce reading, ByteBuf in) {
    ByteBuf head = bigHead;
    if (head == null) {
      return step(reading, in);
    }
    boolean goesOn = step(reading, head);
    if (!head.isReadable()) {
      bigHead = null;
      head.release();
    }
    return goesOn;
  }

  private boolean step(BigProduce reading, ByteBuf in) {
    bigRights = rights(opened.policy());
    expectInputWithin(opened.limits().bodyTimeout());
    return switch (reading.take(in)) {
      case MORE -> true;
      case UNKNOWN_ID -> false;
      case MALFORMED -> {
        big = null;
        boolean seen = reading.hasPassed();
        // Some of it was taken already: not even audit can let it go on as it came.
        began = true;
        boolean _ = unreadable(in, Reason.KAFKA_MALFORMED);
        if (seen) {
          abort(Ending.RESET);
        }
        yield true;
      }
      case WHOLE -> {
        big = null;
        expectNothing();
        finish(reading, in);
        yield true;
      }
    };
  }

  /** All has come: it is judged as one, by the policy of now. */
  private void finish(BigProduce reading, ByteBuf in) {
    Request request = reading.request();
    var data = (ProduceRequestData) request.data();
    Rights rights = rights(opened.policy());
    var answer = new ProduceResponseData();
    boolean refused = reading.isRefused();
    var faults = new ArrayList<@Nullable Errors>();
    for (TopicProduceData topic : data.topicData()) {
      Errors fault = ProduceJudge.fault(request.version(), topic, data.transactionalId(), rights);
      faults.add(fault);
      refused |= fault != null;
    }
    Pending pending = new Pending(request.correlation(), request.api(), request.version());
    pending.requestBytes = reading.total() + (long) Message.LENGTH;
    opened.asked(!refused);
    record(pending, request, rights);
    if (!refused) {
      began = true;
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
      end();
    } else {
      answer(pending, answer, pending.requestBytes);
      if (reading.hasPassed()) {
        // The broker waits for the rest of it, and must not get another frame in its place.
        end();
      }
    }
  }

  @Override
  public boolean mayWrite(@Nullable String name, @Nullable Uuid id, @Nullable String transaction) {
    Rights rights = Objects.requireNonNull(bigRights);
    String topic = id == null ? name : names.name(id);
    return topic != null
        && rights.may(
            new KafkaAsk(KafkaAsk.Right.PRODUCE, topic, transaction == null ? "" : transaction));
  }

  @Override
  public boolean knows(Uuid id) {
    return ids.known(id);
  }

  @Override
  public void pass(ByteBuf in, int length) {
    callee.pass(in, length);
  }

  @Override
  public void pass(ByteBuffer bytes) {
    callee.pass(bytes);
  }

  // The broker.

  /** Bytes of the broker's. */
  void answers(ByteBuf in) {
    while (in.isReadable() && !over()) {
      if (!answers.take(in)) {
        opened.calleeFailed();
        abort(Ending.UPSTREAM_BROKEN);
        return;
      }
    }
    endIfAnswered();
  }

  void calleeFailed(Ending how) {
    opened.calleeFailed();
    Exchange exchange = Exchange.begun(AskedKafka.UNREAD);
    exchange.judged(opened.judge(opened.policy(), KafkaAsk.of(KafkaAsk.Right.CONVERSE)));
    new Records(opened, exchange).exchange(how);
    abort(how);
  }

  /** The broker has said all it will say; who waits for an answer sees a reset. */
  void calleeEnded(boolean broken) {
    if (broken || answers.waits()) {
      abort(Ending.UPSTREAM_BROKEN);
    } else {
      closeGently();
    }
    flush();
  }

  @Override
  protected @Nullable CalleeEnd callee() {
    return callee;
  }

  @Override
  protected void leaveCallee(boolean reset) {
    callee.leave(reset);
  }

  // End.

  /** The client says no more: what was asked is still answered. */
  @Override
  protected void inputEnds() {
    if (answers.waits()) {
      end();
    } else {
      closeGently();
    }
  }

  @Override
  protected boolean endsWithin() {
    boolean within = big != null || answers.waits();
    boolean _ = recordAll(Ending.RESET);
    return within;
  }

  @Override
  protected boolean recordAll(Ending how) {
    return answers.end(how);
  }

  @Override
  protected void forget() {
    answers.discard();
    frames.discard();
    big = null;
    ByteBuf head = bigHead;
    ByteBuf frame = waiting;
    bigHead = null;
    waiting = null;
    if (head != null) {
      head.release();
    }
    if (frame != null) {
      frame.release();
    }
  }

  /** A frame has begun and does not go on. */
  @Override
  protected void overdue() {
    if (!callee.ready() || ids.asking()) {
      // The client is held back by the broker: that is not its slowness.
      expectInputWithin(opened.limits().bodyTimeout());
      return;
    }
    recordEnd(opened.judgeUnreadable(opened.policy(), Reason.CLIENT_SILENT));
    abort(Ending.TIMED_OUT);
  }

  // Policy.

  @Override
  public void judgeAgain(Policy policy) {
    if (over()) {
      return;
    }
    Verdict verdict = opened.judge(policy);
    if (verdict.decision() == Decision.DENY) {
      opened.deniedLate();
      Verdict late = Opened.late(verdict);
      answers.revoked(late);
      Records.connection(opened, late, Ending.RESET);
      abort();
      return;
    }
    if (!answers.judgeAgain(() -> rights(policy))) {
      abort();
    }
    endIfAnswered();
    flush();
  }

  // Room.

  @Override
  protected Standing shown() {
    if (!began) {
      return Standing.UNJUDGED;
    }
    return answers.waits() || big != null ? Standing.BUSY : Standing.IDLE;
  }

  @Override
  protected long reads() {
    BigProduce reading = big;
    ByteBuf frame = waiting;
    return frames.holds()
        + answers.holds()
        + names.holds()
        + ids.holds()
        + (reading == null ? 0 : reading.holds())
        + (frame == null ? 0 : frame.capacity());
  }
}
