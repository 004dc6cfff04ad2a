package dev.drawbridge.l7.kafka;

import dev.drawbridge.l7.kafka.frame.Collector;
import dev.drawbridge.l7.kafka.frame.KafkaLimits;
import dev.drawbridge.l7.kafka.frame.Message;
import dev.drawbridge.l7.kafka.judge.FetchJudge;
import dev.drawbridge.l7.kafka.judge.Rights;
import dev.drawbridge.l7.kafka.judge.Ruling;
import dev.drawbridge.l7.relay.Opened;
import dev.drawbridge.l7.relay.Outbox;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Verdict;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;

/**
 * What a client is answered, in the order in which it asked: the broker's answers as they come,
 * some of them changed, and ours in their places between them.
 */
final class Answers {
  /** Length and correlation id. */
  private static final int HEAD = Message.LENGTH + Integer.BYTES;

  /** What one request takes until it is answered, besides what is kept of it. */
  private static final long PENDING_BYTES = 512;

  private final Opened opened;
  private final Outbox outbox;

  /** What the client waits for. */
  private final ArrayDeque<Pending> due = new ArrayDeque<>();

  /** What the broker has been asked. */
  private final ArrayDeque<Pending> sent = new ArrayDeque<>();

  private final Collector frame;

  /** Bytes of the broker's answer that are still to come, and to go by, or to be dropped. */
  private long left;

  /** Of ours that wait for their turn. */
  private long waitingBytes;

  /** Of requests that are kept for their answers. */
  private long keptBytes;

  Answers(Opened opened, Outbox outbox) {
    this.opened = opened;
    this.outbox = outbox;
    this.frame = new Collector(opened.allocator());
  }

  /** A request has gone to the broker. */
  void expect(Pending pending) {
    keptBytes += pending.keeps();
    due.add(pending);
    sent.add(pending);
  }

  /** One of ours has. */
  void expectOurs(Pending pending) {
    sent.add(pending);
  }

  /** A request is answered here, when it is its turn. */
  void add(Pending pending) {
    ByteBuf answer = pending.answer;
    waitingBytes += answer == null ? 0 : answer.readableBytes();
    due.add(pending);
    drain();
  }

  /** Whether the client waits for something. */
  boolean waits() {
    return !due.isEmpty();
  }

  /** Whether so much waits that no more should be asked. */
  boolean crowded() {
    return due.size() >= KafkaLimits.UNANSWERED
        || sent.size() >= KafkaLimits.UNANSWERED
        || waitingBytes >= KafkaLimits.WAITING_ANSWERS;
  }

  private void drain() {
    for (Pending first = due.peek(); first != null; first = due.peek()) {
      ByteBuf answer = first.answer;
      if (answer == null) {
        return;
      }
      first.answer = null;
      waitingBytes -= answer.readableBytes();
      first.responseBytes = answer.readableBytes();
      outbox.add(answer);
      remove(first);
      first.ends(Ending.COMPLETED);
    }
  }

  private void remove(Pending first) {
    due.remove();
    keptBytes -= first.keeps();
  }

  /** Takes some of what the broker says; false: it is not what it was asked for, or too much. */
  boolean take(ByteBuf in) {
    if (left > 0) {
      pass(in);
      return true;
    }
    if (!frame.begun()) {
      frame.want(HEAD);
    }
    ByteBuf head = frame.look(in);
    if (head == null) {
      return true;
    }
    Pending pending = sent.peek();
    int length = head.getInt(head.readerIndex());
    int correlation = head.getInt(head.readerIndex() + Message.LENGTH);
    if (pending == null || pending.correlation != correlation || length < Integer.BYTES) {
      return false;
    }
    boolean read = !pending.dropped && (pending.amending != null || pending.ours != null);
    if (read) {
      return whole(pending, length, in);
    }
    ByteBuf taken = frame.take(in);
    // All of it, where it was dropped while it was put together.
    left = (long) Message.LENGTH + length - taken.readableBytes();
    if (pending.dropped) {
      taken.release();
    } else {
      pending.begun = true;
      pending.responseBytes += HEAD;
      // With room for the rest of it, and for what comes next: most answers are short.
      outbox.room(HEAD, Outbox.SMALL).writeBytes(taken, HEAD);
      taken.release();
    }
    if (left == 0) {
      done(pending);
    }
    return true;
  }

  private void pass(ByteBuf in) {
    Pending pending = Objects.requireNonNull(sent.peek());
    int size = (int) Math.min(left, in.readableBytes());
    left -= size;
    if (pending.dropped) {
      in.skipBytes(size);
    } else {
      pending.responseBytes += size;
      opened.pace().moved(size);
      outbox.data(in, size);
    }
    if (left == 0) {
      done(pending);
    }
  }

  /** The broker's answer has come. */
  private void done(Pending pending) {
    sent.remove();
    if (!pending.dropped) {
      // Whatever was due before it has been answered: the broker keeps the order.
      opened.pace().answered();
      remove(pending);
      pending.ends(Ending.COMPLETED);
      drain();
    }
  }

  /** An answer that is changed, or ours. */
  private boolean whole(Pending pending, int length, ByteBuf in) {
    if (length > KafkaLimits.ANSWER) {
      return false;
    }
    frame.want(Message.LENGTH + length);
    if (frame.look(in) == null) {
      return true;
    }
    ByteBuf answer = frame.take(in);
    try {
      return whole(pending, answer);
    } finally {
      answer.release();
    }
  }

  private boolean whole(Pending pending, ByteBuf answer) {
    ByteBuffer view =
        answer.nioBuffer(
            answer.readerIndex() + Message.LENGTH, answer.readableBytes() - Message.LENGTH);
    ApiKeys api = Objects.requireNonNull(pending.api);
    ApiMessage read = null;
    if (!Message.isUnsupportedVersion(api, view)) {
      try {
        read = Message.answer(api, pending.sent, view);
      } catch (Message.Unreadable _) {
        return false;
      }
    }
    sent.remove();
    if (pending.ours != null) {
      if (read == null) {
        return false;
      }
      pending.ours.accept(read);
      return true;
    }
    opened.pace().answered();
    Ruling.Amending amending = Objects.requireNonNull(pending.amending);
    if (read == null) {
      // In version 0, whatever was asked; the client asks again by what it says.
      pending.answer = answer.retainedDuplicate();
    } else {
      ByteBuffer out =
          Message.writeAnswer(api, pending.version, pending.correlation, amending.amend(read));
      pending.answer = opened.allocator().directBuffer(out.remaining()).writeBytes(out);
    }
    waitingBytes += pending.answer.readableBytes();
    drain();
    return true;
  }

  // Policy.

  /**
   * What waits for data that may not be read any more is answered at once.
   *
   * @return false if a part of such an answer has gone already: only the end can stop the rest
   */
  boolean judgeAgain(Supplier<Rights> now) {
    for (Pending pending : List.copyOf(due)) {
      FetchRequestData fetch = pending.fetch;
      if (fetch == null || pending.dropped) {
        continue;
      }
      Rights rights = now.get();
      FetchResponseData answer = FetchJudge.revoked(fetch, pending.version, rights);
      if (rights.refused().isEmpty()) {
        continue;
      }
      opened.deniedLate();
      Verdict verdict = Objects.requireNonNull(rights.verdict());
      pending.revoked(Opened.late(verdict));
      if (pending.begun) {
        return false;
      }
      pending.dropped = true;
      ByteBuffer out =
          Message.writeAnswer(ApiKeys.FETCH, pending.version, pending.correlation, answer);
      pending.answer = opened.allocator().directBuffer(out.remaining()).writeBytes(out);
      waitingBytes += pending.answer.readableBytes();
    }
    drain();
    return true;
  }

  /** All that has begun is denied now. */
  void revoked(Verdict verdict) {
    for (Pending pending : due) {
      pending.revoked(verdict);
    }
  }

  // End.

  /** The records of what is not answered; whether there was something. */
  boolean end(Ending how) {
    boolean some = !due.isEmpty();
    for (Pending pending : new ArrayList<>(due)) {
      pending.ends(how);
    }
    due.clear();
    sent.clear();
    waitingBytes = 0;
    keptBytes = 0;
    return some;
  }

  void discard() {
    frame.discard();
  }

  long holds() {
    return frame.holds() + waitingBytes + keptBytes + (due.size() + sent.size()) * PENDING_BYTES;
  }
}
