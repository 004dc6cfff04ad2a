package dev.drawbridge.l7.share;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;

/**
 * Stands first in the pipeline of each of a connection's two channels: measures what its events
 * cost, and stops reading while the share that pays for them is in debt. Also the only one that
 * turns reading on and off, because the leg has a say in it too.
 */
public final class Pace extends ChannelInboundHandlerAdapter implements Turns.Waiter {
  /** What an answer may have cost, its request and its connection included. */
  private static final long ANSWER_NANOS = 250_000;

  /** What it may cost to be woken for something that is passed on, and to pass on each piece. */
  private static final long WOKEN_NANOS = 40_000;

  private static final long PIECE_NANOS = 2_000;

  private final Turns turns;
  private final Turns.Account account;
  private final Channel channel;
  private Runnable leg = () -> {};
  private boolean wanted = true;
  private boolean waiting;
  private long spent;
  private boolean running;

  public Pace(Turns turns, Turns.Account account, Channel channel) {
    this.turns = turns;
    this.account = account;
    this.channel = channel;
  }

  /** Who goes on with what it put aside when it was told to wait. */
  public void serves(Runnable goesOn) {
    leg = goesOn;
  }

  /** Whether the leg wants its channel read. */
  public void read(boolean wants) {
    wanted = wants;
    apply();
  }

  private void apply() {
    boolean on = wanted && !waiting;
    if (channel.config().isAutoRead() != on) {
      channel.config().setAutoRead(on);
    }
  }

  /** Whether whatever can be put aside has to be. */
  public boolean waits() {
    return waiting;
  }

  /** Pays for what was done since it was last asked, in the middle of an event; whether to stop. */
  public boolean lap() {
    if (running) {
      pay(System.nanoTime());
    }
    return waiting;
  }

  /** A callee's whole answer has gone on. */
  public void answered() {
    account.worth(ANSWER_NANOS);
  }

  /** A part of a body or of a stream has gone on; its bytes are taken to cost a nanosecond each. */
  public void moved(long bytes) {
    if (bytes > 0) {
      account.worth(PIECE_NANOS + bytes + (turns.moved ? 0 : WOKEN_NANOS));
      turns.moved = true;
    }
  }

  /** What follows is paid for here; false if it is anyway. */
  public boolean enter() {
    if (running) {
      return false;
    }
    begin();
    return true;
  }

  /** The end of what was entered. */
  public void exit() {
    pay(System.nanoTime());
    end();
  }

  private void pay(long now) {
    long nanos = now - turns.paidNanos;
    turns.paidNanos = now;
    spent += nanos;
    if (turns.spend(account, now, nanos) && !waiting && channel.isActive()) {
      waiting = true;
      apply();
      turns.await(account, this);
    }
  }

  /** Has something else go on when the share has paid its debt; called on the loop. */
  public void await(Runnable other) {
    turns.await(
        account,
        new Turns.Waiter() {
          @Override
          public void goOn() {
            other.run();
          }

          @Override
          public void fail(Throwable cause) {
            other.run();
          }
        });
  }

  private void begin() {
    if (!running) {
      running = true;
      turns.moved = false;
      turns.paidNanos = turns.began();
    }
  }

  private void end() {
    running = false;
    turns.cost(account, spent);
    spent = 0;
  }

  @Override
  public void goOn() {
    waiting = false;
    if (!channel.isActive()) {
      return;
    }
    begin();
    leg.run();
    exit();
    apply();
  }

  @Override
  public void fail(Throwable cause) {
    channel.pipeline().fireExceptionCaught(cause);
  }

  /** Something was done for the connection before its leg was there. */
  public void owe(long nanos) {
    begin();
    turns.paidNanos -= nanos;
    exit();
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    begin();
    context.fireChannelRead(message);
    pay(System.nanoTime());
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    // It may come in the middle of a read.
    boolean within = running;
    begin();
    context.fireChannelInactive();
    pay(System.nanoTime());
    if (!within) {
      end();
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    begin();
    context.fireChannelReadComplete();
    exit();
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    // It may come in the middle of a read.
    boolean within = running;
    begin();
    context.fireChannelWritabilityChanged();
    pay(System.nanoTime());
    if (!within) {
      end();
    }
  }
}
