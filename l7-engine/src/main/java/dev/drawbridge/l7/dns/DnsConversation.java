package dev.drawbridge.l7.dns;

import dev.drawbridge.l7.LearnedNames;
import dev.drawbridge.l7.Stage;
import dev.drawbridge.l7.relay.CalleeEnd;
import dev.drawbridge.l7.relay.Exchange;
import dev.drawbridge.l7.relay.Opened;
import dev.drawbridge.l7.relay.PipedEnd;
import dev.drawbridge.l7.relay.Records;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.Ports;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.Verdict;
import io.netty.buffer.ByteBuf;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.Rcode;

/** A stream of questions: each is judged by itself, and answered in the order of the answers. */
final class DnsConversation extends PipedEnd {
  /** RFC 7766 section 6.2.3 asks for no more than a few seconds. */
  private static final Duration IDLE = Duration.ofSeconds(30);

  private static final int LARGEST = 0xffff;

  /** A question that waits for its answer. */
  private record Waiting(
      Query query, AskedDns about, Exchange exchange, Records records, int bytes) {
    void ends(Ending how) {
      records.exchange(how);
    }
  }

  private final DnsCallee callee;
  private final Frames frames = new Frames();
  private final Frames answers = new Frames();
  private final Map<Integer, Waiting> waiting = new HashMap<>();
  private int number;

  /** Answers that the kernel is being told of. */
  private int learning;

  private boolean began;
  private boolean ending;

  DnsConversation(Opened opened) {
    super(opened, Exchange.none());
    this.callee = new DnsCallee(this);
    expectInputWithin(opened.limits().detectTimeout());
  }

  // Input.

  @Override
  protected boolean take(ByteBuf in) {
    if (!wants()) {
      return false;
    }
    byte[] message = frames.take(in);
    if (message == null) {
      if (frames.announced() > DnsLimits.QUESTION) {
        refuseAll(in);
      } else if (waiting.isEmpty()) {
        expectInputWithin(opened.limits().headTimeout());
      }
      return true;
    }
    asked(message);
    expect();
    return true;
  }

  private boolean wants() {
    return !ending
        && callee.ready()
        && waiting.size() + learning < DnsLimits.WAITING_ON_STREAM
        && outbox.writable();
  }

  @Override
  protected boolean wantsInput() {
    return held() == null && wants();
  }

  /** What is longer than any question is not read to its end. */
  private void refuseAll(ByteBuf in) {
    frames.discard();
    in.skipBytes(in.readableBytes());
    recordUnread(AskedDns.UNREAD);
    end();
  }

  private void recordUnread(AskedDns about) {
    opened.asked(false);
    Exchange exchange = Exchange.begun(about);
    exchange.judged(
        new Verdict(Decision.DENY, Reason.DNS_MALFORMED, opened.policy().generation(), 0, false));
    new Records(opened, exchange).exchange(Ending.COMPLETED);
  }

  private void asked(byte[] message) {
    Query query;
    try {
      query = Query.read(message);
    } catch (Unreadable e) {
      if (e.rcode() < 0) {
        recordUnread(AskedDns.UNREAD);
        end();
      } else {
        recordUnread(AskedDns.UNREAD.answered(e.rcode()));
        say(Query.answer(message, e.rcode()));
      }
      return;
    }
    Verdict verdict =
        NameJudge.judge(opened.policy(), opened.origin(), query, List.of(), Ports.TCP);
    boolean allowed = verdict.decision() != Decision.DENY;
    opened.asked(allowed);
    AskedDns about = query.about();
    Exchange exchange = Exchange.begun(about);
    exchange.judged(verdict);
    Waiting asked =
        new Waiting(query, about, exchange, new Records(opened, exchange), message.length);
    if (!allowed) {
      refuse(asked);
      return;
    }
    began = true;
    // By a number that is free: the stream is ours alone, so that nobody else can answer on it.
    do {
      number = number + 1 & 0xffff;
    } while (waiting.containsKey(number));
    waiting.put(number, asked);
    callee.dial();
    callee.send(query.wire(number));
  }

  private void refuse(Waiting asked) {
    answer(asked, NameJudge.refusal(opened.learned()), Ending.COMPLETED);
  }

  private void answer(Waiting asked, int rcode, Ending how) {
    byte[] answer = asked.query.answer(rcode);
    asked.exchange.is(asked.about.answered(rcode));
    asked.exchange.carried(asked.bytes, answer.length);
    say(answer);
    asked.ends(how);
  }

  private void say(byte[] message) {
    outbox.add(Frames.of(opened.allocator(), message));
  }

  private void expect() {
    if (over()) {
      return;
    }
    expectInputWithin(waiting.isEmpty() ? IDLE : DnsLimits.ANSWER);
  }

  // The resolver.

  /** Bytes of the resolver's. */
  void answers(ByteBuf in) {
    while (in.isReadable() && !over()) {
      byte[] message = answers.take(in);
      if (message != null && !answered(message)) {
        opened.calleeFailed();
        abort(Ending.UPSTREAM_BROKEN);
        return;
      }
    }
    expect();
    endIfAnswered();
    flush();
  }

  private boolean answered(byte[] message) {
    Waiting asked = waiting.remove(Answer.id(message));
    if (asked == null) {
      return false;
    }
    Answer answer;
    try {
      answer = Answer.read(message, asked.query, LARGEST);
    } catch (Unreadable _) {
      answer(asked, Rcode.SERVFAIL, Ending.UPSTREAM_BROKEN);
      return true;
    }
    Verdict now =
        NameJudge.judge(opened.policy(), opened.origin(), asked.query, answer.leadsTo(), Ports.TCP);
    if (now.decision() == Decision.DENY) {
      asked.exchange.judged(now);
      refuse(asked);
      return true;
    }
    if (now.audited()) {
      // A name on the way may be what is forbidden.
      asked.exchange.judged(now);
    }
    if (answer.addresses().isEmpty()) {
      pass(asked, answer);
      return true;
    }
    learning++;
    opened
        .learned()
        .learned(
            opened.origin().caller(),
            opened.origin().destination(),
            answer.names(),
            answer.addresses(),
            outcome -> {
              if (opened.loop().eventLoop().inEventLoop()) {
                learned(asked, answer, outcome);
              } else {
                opened
                    .loop()
                    .eventLoop()
                    .execute(() -> {
                      learned(asked, answer, outcome);
                      expect();
                      endIfAnswered();
                      flush();
                    });
              }
            });
    return true;
  }

  private void learned(Waiting asked, Answer answer, LearnedNames.Outcome outcome) {
    learning--;
    if (over()) {
      asked.ends(Ending.CLIENT_GONE);
      return;
    }
    switch (outcome) {
      case KNOWN -> pass(asked, answer);
      case REBINDS -> {
        asked.exchange.judged(NameJudge.rebinding(asked.exchange.verdict, false));
        refuse(asked);
      }
      case REBINDS_IN_AUDIT -> {
        asked.exchange.judged(NameJudge.rebinding(asked.exchange.verdict, true));
        pass(asked, answer);
      }
      case FAILED -> answer(asked, Rcode.SERVFAIL, Ending.LIMIT);
    }
  }

  private void pass(Waiting asked, Answer answer) {
    byte[] bytes = answer.wire(asked.query.id());
    asked.exchange.is(answer.about());
    asked.exchange.carried(asked.bytes, bytes.length);
    say(bytes);
    asked.ends(Ending.COMPLETED);
  }

  void calleeFailed(Ending how) {
    opened.calleeFailed();
    for (Waiting asked : List.copyOf(waiting.values())) {
      answer(asked, Rcode.SERVFAIL, how);
    }
    waiting.clear();
    end();
    flush();
  }

  /** The resolver has said all it will say. */
  void calleeEnded() {
    if (waiting.isEmpty()) {
      end();
    } else {
      abort(Ending.UPSTREAM_BROKEN);
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

  private void end() {
    ending = true;
    endIfAnswered();
  }

  private void endIfAnswered() {
    if (ending && waiting.isEmpty() && learning == 0) {
      closeGently();
    }
  }

  /** The client says no more: what was asked is still answered. */
  @Override
  protected void inputEnds() {
    end();
  }

  @Override
  protected boolean endsWithin() {
    return recordAll(Ending.RESET);
  }

  @Override
  protected boolean recordAll(Ending how) {
    boolean some = !waiting.isEmpty();
    waiting.values().forEach(asked -> asked.ends(how));
    waiting.clear();
    return some;
  }

  @Override
  protected void forget() {
    frames.discard();
    answers.discard();
  }

  @Override
  protected void overdue() {
    if (!waiting.isEmpty()) {
      opened.calleeFailed();
      abort(Ending.UPSTREAM_TIMEOUT);
    } else if (frames.begun()) {
      recordUnread(AskedDns.UNREAD);
      abort(Ending.TIMED_OUT);
    } else {
      closeGently();
    }
  }

  // Draining.

  @Override
  public void drain(Stage stage) {
    if (stage == Stage.FINISHING && !over() && !ending && !frames.begun()) {
      end();
      flush();
    }
  }

  // Policy.

  /** Each answer is judged again when it comes; the connection itself by layer 4. */
  @Override
  public void judgeAgain(Policy policy) {
    if (over() || NameJudge.isGiven(opened.origin())) {
      return;
    }
    Verdict verdict = opened.judge(policy);
    if (verdict.decision() == Decision.DENY) {
      opened.deniedLate();
      Records.connection(opened, Opened.late(verdict), Ending.RESET);
      abort();
    }
  }

  // Room.

  @Override
  protected Standing shown() {
    if (!began) {
      return Standing.UNJUDGED;
    }
    return waiting.isEmpty() ? Standing.IDLE : Standing.BUSY;
  }

  @Override
  protected long reads() {
    return frames.holds() + answers.holds() + 1024L * waiting.size();
  }
}
