package dev.drawbridge.l7.relay;

import dev.drawbridge.l7.Asked;
import dev.drawbridge.l7.Stage;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.Verdict;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * A connection that is carried without being read any further: both directions, each to its own
 * end. Its record is written when it ends.
 */
public final class Tunnel extends PipedEnd {
  private final Exchange exchange;
  private final TunnelCallee callee;
  private Judging judging;
  private @Nullable TunnelGuard guard;

  /**
   * A tunnel that is not open yet.
   *
   * @param exchange begun, and allowed
   * @param judging by another policy that has it read
   */
  public Tunnel(Opened opened, Exchange exchange, Judging judging) {
    super(opened, exchange);
    this.exchange = exchange;
    this.judging = judging;
    this.callee = new TunnelCallee(this);
  }

  /**
   * A tunnel for what nobody reads, that is not open yet.
   *
   * @param about what its record is about
   * @param verdict that allows it
   */
  public static Tunnel unread(Opened opened, Asked about, Verdict verdict, Judging judging) {
    Exchange exchange = Exchange.begun(about);
    exchange.judged(verdict);
    return new Tunnel(opened, exchange, judging);
  }

  /** Dials; may fail at once. */
  public void open() {
    callee.open();
  }

  /** From now on the guard sees what the callee says. */
  public void guardedBy(TunnelGuard watching) {
    guard = watching;
  }

  /** From now on it is judged by that again. */
  public void judgedBy(Judging by) {
    judging = by;
  }

  // Input.

  @Override
  protected boolean take(ByteBuf in) {
    if (!callee.takes()) {
      return false;
    }
    exchange.requestBytes += in.readableBytes();
    opened.pace().moved(in.readableBytes());
    callee.outbox.data(in, in.readableBytes());
    return true;
  }

  @Override
  protected boolean wantsInput() {
    return held() == null && callee.takes();
  }

  @Override
  protected CalleeEnd callee() {
    return callee;
  }

  /** Bytes go by on their way to the client. */
  void answers(ByteBuf in) {
    TunnelGuard watching = guard;
    if (watching != null && watching.answers(in)) {
      guard = null;
    }
    exchange.responseBytes += in.readableBytes();
    opened.pace().moved(in.readableBytes());
    outbox.data(in, in.readableBytes());
  }

  // End.

  @Override
  protected void inputEnds() {
    if (callee.inputEnded()) {
      closeGently();
    } else {
      callee.endOutput();
    }
  }

  /** The callee has said all it will say. */
  void calleeEnded() {
    if (inputEnded()) {
      closeGently();
    } else {
      outbox.end();
    }
    flush();
  }

  /** Ends it: what the client gets last is that. What was carried has had its record. */
  public void refuse(ByteBuf lastWords) {
    records.exchange(Ending.RESET);
    outbox.add(lastWords);
    callee.close(true);
    closeGently();
    flush();
  }

  @Override
  protected boolean endsWithin() {
    records.exchange();
    return false;
  }

  @Override
  protected void leaveCallee(boolean reset) {
    callee.close(reset);
  }

  @Override
  protected boolean recordAll(Ending how) {
    return false;
  }

  @Override
  protected void forget() {}

  /** The record of what it carried until now, if something else is to be recorded after it. */
  public void record(Ending how) {
    records.exchange(how);
  }

  // Draining.

  @Override
  public void drain(Stage stage) {
    // Nobody knows where in it something ends.
  }

  // Policy.

  @Override
  public void judgeAgain(Policy policy) {
    if (over()) {
      return;
    }
    Verdict verdict = opened.judge(policy);
    if (verdict.decision() == Decision.ENGINE) {
      verdict = judging.again(policy);
    }
    if (verdict.decision() == Decision.ALLOW) {
      return;
    }
    opened.deniedLate();
    records.revoked(Opened.late(verdict));
    abort();
  }

  // Room.

  @Override
  protected long reads() {
    TunnelGuard watching = guard;
    return watching == null ? 0 : watching.holds();
  }

  @Override
  protected Standing shown() {
    return Standing.BUSY;
  }

  // Time.

  @Override
  protected void overdue() {
    TunnelGuard watching = guard;
    if (watching != null && callee.takes()) {
      watching.late();
    } else if (watching != null) {
      // The client is held back by the callee: that is not its slowness.
      expectInputWithin(opened.limits().detectTimeout());
    }
  }

  /** The callee's end of a {@link Tunnel}. */
  private static final class TunnelCallee extends PipedCallee {
    private final Tunnel client;

    TunnelCallee(Tunnel client) {
      super(client, Outbox.plain());
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

    @Override
    protected void closes() {}

    @Override
    protected long reads() {
      return 0;
    }
  }
}
