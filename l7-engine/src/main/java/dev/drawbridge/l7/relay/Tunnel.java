package dev.drawbridge.l7.relay;

import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.Verdict;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import org.jspecify.annotations.Nullable;

/**
 * A connection that is carried without being read any further: both directions, each to its own
 * end. Its record is written when it ends.
 */
public final class Tunnel extends ClientEnd {
  /** Channel, pipeline, end; as measured, rounded up. */
  private static final int FIXED_BYTES = 2560;

  private enum Phase {
    OPEN,
    /** What was said last is on its way, the connection ends. */
    LINGER,
    CLOSED
  }

  final Outbox outbox = new Outbox();
  private final Exchange exchange;
  private final Records records;
  private final Pace pace;
  private final TunnelCallee callee;
  private Judging judging;
  private Phase phase = Phase.OPEN;
  private @Nullable TunnelGuard guard;
  private @Nullable ByteBuf held;
  private boolean running;
  private boolean inputEnded;

  /**
   * A tunnel that is not open yet.
   *
   * @param exchange begun, and allowed
   * @param judging by another policy that has it read
   */
  public Tunnel(Opened opened, Exchange exchange, Judging judging) {
    super(opened);
    this.exchange = exchange;
    this.records = new Records(opened, exchange);
    this.judging = judging;
    this.callee = new TunnelCallee(this, opened);
    this.pace = opened.pace();
    outbox.attach(opened.channel());
    pace.serves(this::goOn);
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
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf in = (ByteBuf) message;
    touch();
    if (held != null || running) {
      hold(in);
    } else {
      run(in);
    }
    opened.measure(this);
  }

  /** Its turn to be read has come again. */
  private void goOn() {
    resume();
    flush();
    opened.measure(this);
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    flush();
    opened.remeasure(this);
  }

  /** Goes on with what was held, after something that it waited for has happened. */
  void resume() {
    if (running || phase == Phase.CLOSED) {
      return;
    }
    ByteBuf in = held;
    if (in != null) {
      held = null;
      run(in);
    } else {
      afterInput();
    }
  }

  private void run(ByteBuf input) {
    ByteBuf in = input;
    running = true;
    boolean entered = pace.enter();
    try {
      while (in.isReadable()) {
        if (!step(in)) {
          hold(in);
          in = null;
          break;
        }
      }
    } finally {
      running = false;
      if (entered) {
        pace.exit();
      }
      if (in != null) {
        in.release();
      }
    }
    afterInput();
  }

  /** Takes some of the input; false if it has to wait. */
  private boolean step(ByteBuf in) {
    if (phase != Phase.OPEN) {
      in.skipBytes(in.readableBytes());
      return true;
    }
    if (pace.lap() || !callee.takes()) {
      return false;
    }
    exchange.requestBytes += in.readableBytes();
    callee.outbox.data(in, in.readableBytes());
    return true;
  }

  private void hold(ByteBuf in) {
    if (phase == Phase.OPEN) {
      held = HeldInput.append(held, in, opened.allocator());
    } else {
      in.release();
    }
  }

  private void afterInput() {
    if (inputEnded && held == null) {
      endInput();
    }
    if (phase != Phase.CLOSED) {
      pace.read(phase == Phase.LINGER || (held == null && callee.takes()));
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    callee.read(outbox.writable());
    if (outbox.writable()) {
      resume();
      flush();
    }
    opened.remeasure(this);
  }

  /** Sends what both ends have to send. */
  void flush() {
    outbox.flush();
    callee.flush();
  }

  /** Bytes go by on their way to the client. */
  void answers(ByteBuf in) {
    TunnelGuard watching = guard;
    if (watching != null && watching.answers(in)) {
      guard = null;
    }
    exchange.responseBytes += in.readableBytes();
    outbox.data(in, in.readableBytes());
  }

  // End.

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event == ChannelInputShutdownEvent.INSTANCE && !inputEnded) {
      inputEnded = true;
      if (held == null && !running) {
        endInput();
        flush();
      }
    }
  }

  /** The client has said all it will say; it may still listen. */
  private void endInput() {
    switch (phase) {
      case OPEN -> {
        if (callee.inputEnded()) {
          closeGently();
        } else {
          callee.endOutput();
        }
      }
      case LINGER -> outbox.close();
      case CLOSED -> {}
    }
  }

  /** The callee has said all it will say. */
  void calleeEnded() {
    if (inputEnded) {
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

  /** Sends what there is to send, then the end; waits a little for the client to read it. */
  private void closeGently() {
    if (phase != Phase.OPEN) {
      return;
    }
    records.exchange();
    phase = Phase.LINGER;
    discardInput();
    callee.close(false);
    expectInputWithin(opened.limits().lingerTimeout());
    if (inputEnded) {
      outbox.close();
    } else {
      outbox.end();
      if (!running) {
        afterInput();
      }
    }
  }

  @Override
  public void abort() {
    abort(Ending.RESET);
  }

  /** The same; if it has no record yet, it ended so. */
  public void abort(Ending how) {
    records.exchange(how);
    if (opened.channel().isOpen()) {
      opened.channel().config().setSoLinger(0);
    }
    if (phase != Phase.CLOSED) {
      phase = Phase.LINGER;
    }
    discardInput();
    outbox.discard();
    callee.close(true);
    ChannelFuture _ = opened.channel().close();
  }

  /** The record of what it carried until now, if something else is to be recorded after it. */
  public void record(Ending how) {
    records.exchange(how);
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    if (phase == Phase.CLOSED) {
      return;
    }
    phase = Phase.CLOSED;
    records.exchange(Ending.CLIENT_GONE);
    callee.close(true);
    discardInput();
    outbox.discard();
    opened.left(this);
  }

  private void discardInput() {
    ByteBuf waiting = held;
    if (waiting != null) {
      held = null;
      waiting.release();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    // A reset by the client, or a write after it: the callee must not take a part for the whole.
    abort(Ending.CLIENT_GONE);
  }

  // Policy.

  @Override
  public void judgeAgain(Policy policy) {
    if (phase != Phase.OPEN) {
      return;
    }
    Verdict verdict = opened.judge(policy);
    if (verdict.decision() == Decision.ENGINE) {
      verdict = judging.again(policy);
    }
    if (verdict.decision() == Decision.ALLOW) {
      return;
    }
    opened.relay().lateDenied.increment();
    records.revoked(
        new Verdict(Decision.DENY, Reason.LATE_DENY, verdict.generation(), verdict.rule(), false));
    abort();
  }

  // Room.

  @Override
  public long holds() {
    ByteBuf waiting = held;
    TunnelGuard watching = guard;
    return FIXED_BYTES
        + outbox.holds()
        + callee.holds()
        + (waiting == null ? 0 : waiting.capacity())
        + (watching == null ? 0 : watching.holds());
  }

  @Override
  public Standing standing() {
    return switch (phase) {
      case OPEN -> Standing.BUSY;
      case LINGER -> opened.channel().isOpen() ? Standing.UNJUDGED : Standing.GONE;
      case CLOSED -> Standing.GONE;
    };
  }

  @Override
  public void giveUp() {
    abort(Ending.LIMIT);
  }

  // Time.

  @Override
  protected void late() {
    TunnelGuard watching = guard;
    switch (phase) {
      case OPEN -> {
        if (watching != null && callee.takes()) {
          watching.late();
        } else if (watching != null) {
          // The client is held back by the callee: that is not its slowness.
          expectInputWithin(opened.limits().detectTimeout());
        }
      }
      case LINGER -> {
        ChannelFuture _ = opened.channel().close();
      }
      case CLOSED -> {}
    }
    flush();
  }
}
