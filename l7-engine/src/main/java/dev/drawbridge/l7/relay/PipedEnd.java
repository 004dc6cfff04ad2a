package dev.drawbridge.l7.relay;

import dev.drawbridge.l7.Asked;
import dev.drawbridge.l7.share.Pace;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.Verdict;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import org.jspecify.annotations.Nullable;

/**
 * A client's end with a callee's end behind it, where bytes go on in the order in which they came:
 * takes input in steps, holds what has to wait, closes both ends in the way the other should see.
 */
public abstract class PipedEnd extends ClientEnd {
  /** Channel, pipeline, end; as measured, rounded up. */
  private static final int FIXED_BYTES = 2560;

  private enum Life {
    OPEN,
    /** What was said last is on its way, the connection ends. */
    LINGER,
    CLOSED
  }

  /** On its way to the client. */
  public final Outbox outbox = Outbox.plain();

  public final Records records;
  private final Pace pace;
  private Life life = Life.OPEN;
  private boolean running;
  private boolean inputEnded;

  /** Carries on with what cannot be read; and what was read of it. */
  private @Nullable Tunnel successor;

  private @Nullable ByteBuf taken;

  /**
   * An end for a connection that another has opened.
   *
   * @param exchange what its records are made of
   */
  protected PipedEnd(Opened opened, Exchange exchange) {
    super(opened);
    this.records = new Records(opened, exchange);
    this.pace = opened.pace();
    outbox.attach(opened.channel());
  }

  // What an end has to say.

  /** Takes some of the input; false if it has to wait. */
  protected abstract boolean take(ByteBuf in);

  /** Whether more input should be read now. */
  protected abstract boolean wantsInput();

  /** The client has said all it will say, and that was taken; it may still listen. */
  protected abstract void inputEnds();

  /** Where it goes on to; null if nowhere. */
  protected abstract @Nullable CalleeEnd callee();

  /** Lets go of that, with a reset if it must not take a part for the whole. */
  protected abstract void leaveCallee(boolean reset);

  /** The end begins: writes the record that is due; whether the callee has seen a part only. */
  protected abstract boolean endsWithin();

  /**
   * Writes the records of several that are under way; whether there were some. Whoever has one at a
   * time leaves it to {@link #records}.
   */
  protected abstract boolean recordAll(Ending how);

  /** Gives back what it keeps of its input, the bytes that wait apart. */
  protected abstract void forget();

  /** The deadline has passed while it is open. */
  protected abstract void overdue();

  /** What it has shown of itself while it is open. */
  protected abstract Standing shown();

  /** Bytes of memory that it takes, besides what waits in either direction. */
  protected abstract long reads();

  @Override
  public final void handlerAdded(ChannelHandlerContext context) {
    pace.serves(this::goOn);
  }

  /** Whether it ends, or has ended. */
  protected final boolean over() {
    return life != Life.OPEN;
  }

  // Input.

  @Override
  public final void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf in = (ByteBuf) message;
    touch();
    if (held() != null || running) {
      keep(in);
    } else {
      run(in);
    }
    if (life != Life.CLOSED) {
      opened.measure(this);
    }
  }

  /** Its turn to be read has come again. */
  private void goOn() {
    resume();
    if (life != Life.CLOSED) {
      flush();
      opened.measure(this);
    }
  }

  @Override
  public final void channelReadComplete(ChannelHandlerContext context) {
    flush();
    opened.remeasure(this);
  }

  /** Goes on with what was held, after something that it waited for has happened. */
  protected final void resume() {
    if (running || life == Life.CLOSED) {
      return;
    }
    ByteBuf in = takeHeld();
    if (in != null) {
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
          keep(in);
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

  private boolean step(ByteBuf in) {
    if (successor != null) {
      return false;
    }
    boolean waits = pace.lap();
    if (over()) {
      in.skipBytes(in.readableBytes());
      return true;
    }
    return !waits && take(in);
  }

  private void keep(ByteBuf in) {
    if (over()) {
      in.release();
    } else {
      hold(in);
    }
  }

  private void afterInput() {
    Tunnel next = successor;
    if (next != null) {
      giveWay(next);
      return;
    }
    if (inputEnded && held() == null) {
      endInput();
    }
    if (life != Life.CLOSED) {
      pace.read(over() || wantsInput());
    }
  }

  @Override
  public final void channelWritabilityChanged(ChannelHandlerContext context) {
    CalleeEnd from = callee();
    if (from != null) {
      from.read(outbox.writable());
    }
    if (outbox.writable()) {
      resume();
      flush();
    }
    opened.remeasure(this);
  }

  /** Sends what both ends have to send. */
  public final void flush() {
    outbox.flush();
    CalleeEnd to = callee();
    if (to != null) {
      to.flush();
    }
  }

  // Giving way.

  /** Gives way to a tunnel, which gets what was taken and what comes. */
  protected final void handOver(ByteBuf read, Tunnel to) {
    taken = read;
    successor = to;
  }

  /**
   * Gives way to a tunnel for what cannot be read, where every side that asks for the engine only
   * audits: a trial must not break what it looks at.
   *
   * @param read what was taken of it
   * @param about what the record of the tunnel is about
   * @param reason why it cannot be read
   */
  public final void carryUnread(ByteBuf read, Asked about, Verdict verdict, Reason reason) {
    handOver(
        read,
        Tunnel.unread(opened, about, verdict, later -> opened.judgeUnreadable(later, reason)));
  }

  private void giveWay(Tunnel to) {
    successor = null;
    life = Life.CLOSED;
    ByteBuf read = taken;
    ByteBuf rest = takeHeld();
    taken = null;
    if (read != null && rest != null) {
      read = HeldInput.append(read, rest, opened.allocator());
    }
    outbox.flush();
    opened.replace(this, to);
    to.open();
    if (read != null) {
      opened.channel().pipeline().fireChannelRead(read);
    }
    if (inputEnded) {
      opened.channel().pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
    }
    opened.channel().pipeline().fireChannelReadComplete();
  }

  // End.

  @Override
  public final void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event == ChannelInputShutdownEvent.INSTANCE && !inputEnded) {
      inputEnded = true;
      if (held() == null && !running) {
        endInput();
        flush();
      }
    }
  }

  private void endInput() {
    switch (life) {
      case OPEN -> inputEnds();
      case LINGER -> outbox.close();
      case CLOSED -> {}
    }
  }

  public final boolean inputEnded() {
    return inputEnded;
  }

  /** Sends what there is to send, then the end; waits a little for the client to read it. */
  public final void closeGently() {
    if (over()) {
      return;
    }
    boolean within = endsWithin();
    life = Life.LINGER;
    discardInput();
    leaveCallee(within);
    expectInputWithin(opened.limits().lingerTimeout());
    if (inputEnded) {
      outbox.close();
    } else {
      outbox.finish();
      if (!running) {
        afterInput();
      }
    }
  }

  @Override
  public final void abort() {
    abort(Ending.RESET);
  }

  /** The same; what has begun and has no record yet ended so. */
  @Override
  public final void abort(Ending how) {
    boolean _ = recordAll(how);
    records.exchange(how);
    resetAtClose();
    if (life != Life.CLOSED) {
      life = Life.LINGER;
    }
    discardInput();
    outbox.discard();
    leaveCallee(true);
    closeChannel();
  }

  @Override
  public final void channelInactive(ChannelHandlerContext context) {
    if (life == Life.CLOSED) {
      return;
    }
    life = Life.CLOSED;
    boolean _ = recordAll(Ending.CLIENT_GONE);
    records.exchange(Ending.CLIENT_GONE);
    leaveCallee(true);
    discardInput();
    outbox.discard();
    opened.left(this);
  }

  private void discardInput() {
    forget();
    discardHeld();
  }

  @Override
  public final void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    // A reset by the client, a write after it, or a mistake of ours: in each case nothing more can
    // be said to the client, and the callee must not take a part for the whole.
    abort(Ending.CLIENT_GONE);
  }

  // Room.

  @Override
  public final long holds() {
    CalleeEnd to = callee();
    return FIXED_BYTES + outbox.holds() + heldBytes() + reads() + (to == null ? 0 : to.holds());
  }

  @Override
  public final Standing standing() {
    return switch (life) {
      case OPEN -> shown();
      case LINGER -> opened.channel().isOpen() ? Standing.UNJUDGED : Standing.GONE;
      case CLOSED -> Standing.GONE;
    };
  }

  @Override
  public final void giveUp() {
    if (!over() && !recordAll(Ending.LIMIT)) {
      records.connection(Opened.LIMIT, Ending.LIMIT);
    }
    abort();
  }

  // Time.

  @Override
  protected final void lasts() {
    CalleeEnd to = callee();
    if (to != null) {
      to.lasts();
    }
  }

  @Override
  protected final void late() {
    switch (life) {
      case OPEN -> overdue();
      case LINGER -> closeChannel();
      case CLOSED -> {}
    }
    flush();
  }
}
