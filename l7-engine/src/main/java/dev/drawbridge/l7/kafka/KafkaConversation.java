package dev.drawbridge.l7.kafka;

import dev.drawbridge.l7.Stage;
import dev.drawbridge.l7.kafka.frame.Collector;
import dev.drawbridge.l7.kafka.frame.KafkaLimits;
import dev.drawbridge.l7.kafka.frame.Message;
import dev.drawbridge.l7.kafka.frame.Request;
import dev.drawbridge.l7.kafka.judge.ApiJudge;
import dev.drawbridge.l7.kafka.judge.Judges;
import dev.drawbridge.l7.kafka.judge.Rights;
import dev.drawbridge.l7.kafka.judge.Ruling;
import dev.drawbridge.l7.kafka.judge.TopicNames;
import dev.drawbridge.l7.relay.CalleeEnd;
import dev.drawbridge.l7.relay.Exchange;
import dev.drawbridge.l7.relay.HeldInput;
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
import java.util.Objects;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.jspecify.annotations.Nullable;

/**
 * A client's connection in terms of Kafka: reads its requests one by one, has each judged, and lets
 * go on what may. What becomes of one is {@link Requests}', answers are {@link Answers}' affair.
 */
final class KafkaConversation extends PipedEnd {
  private final KafkaCallee callee;
  private final Collector frames;
  private final Answers answers;
  private final TopicNames names = new TopicNames();
  private final IdQuestions ids;
  private final KafkaRecords told;
  private final Requests requests;
  private final ProduceInPieces pieces;

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
    this.told = new KafkaRecords(opened);
    this.requests = new Requests(this, callee, answers, told);
    this.pieces = new ProduceInPieces(this, callee, answers, requests, told, names, ids);
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
    return pieces.reading() ? pieces.take(in) : frame(in);
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
      pieces.begin(version, length, frames.take(in));
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
      if (!requests.answerUnknown(api, version, view, frame)) {
        unreadable(frame, Reason.KAFKA_UNKNOWN, Message.correlation(frame));
      }
      return;
    }
    Request request;
    try {
      request = Message.request(api, version, view);
    } catch (Message.Unreadable _) {
      unreadable(frame, Reason.KAFKA_MALFORMED, Message.correlation(frame));
      return;
    }
    judge(request, frame);
  }

  /** What a policy says of this connection's requests. */
  Rights rights(Policy policy) {
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
    requests.follow(request, frame, rights, ruling);
  }

  /** A question of ours. */
  private void ask(Pending pending, ByteBuffer frame) {
    answers.expectOurs(pending);
    callee.send(requests.buffer(frame));
  }

  /** Something of what the client asked goes on, or has gone. */
  void hasBegun() {
    began = true;
  }

  /** Nothing more is read; what was asked is still answered. */
  void end() {
    ending = true;
    expectNothing();
    endIfAnswered();
  }

  private void endIfAnswered() {
    if (ending && !answers.waits()) {
      closeGently();
    }
  }

  // What cannot be judged.

  /** What comes is no frame, or one that is too large. */
  boolean unreadable(ByteBuf in, Reason reason) {
    Verdict verdict = opened.judgeUnreadable(opened.policy(), reason);
    if (verdict.decision() == Decision.ALLOW && !began && !answers.waits()) {
      carry(verdict, reason);
      return true;
    }
    opened.asked(false);
    told.end(verdict);
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
      told.of(pending, AskedKafka.UNREAD, verdict);
      answers.expect(pending);
      callee.send(frame);
      return;
    }
    told.end(verdict);
    frame.release();
    end();
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
    boolean within = pieces.reading() || answers.waits();
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
    pieces.discard();
    waiting = HeldInput.discarded(waiting);
  }

  /** A frame has begun and does not go on. */
  @Override
  protected void overdue() {
    if (!callee.ready() || ids.asking()) {
      // The client is held back by the broker: that is not its slowness.
      expectInputWithin(opened.limits().bodyTimeout());
      return;
    }
    told.end(opened.judgeUnreadable(opened.policy(), Reason.CLIENT_SILENT));
    abort(Ending.TIMED_OUT);
  }

  // Draining.

  @Override
  public void drain(Stage stage) {
    if (stage == Stage.FINISHING
        && !over()
        && !ending
        && !frames.begun()
        && !pieces.reading()
        && !ids.asking()) {
      end();
      flush();
    }
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
    return answers.waits() || pieces.reading() ? Standing.BUSY : Standing.IDLE;
  }

  @Override
  protected long reads() {
    ByteBuf frame = waiting;
    return frames.holds()
        + answers.holds()
        + names.holds()
        + ids.holds()
        + pieces.holds()
        + (frame == null ? 0 : frame.capacity());
  }
}
