package dev.drawbridge.l7.relay;

import dev.drawbridge.l7.Stage;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.Verdict;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.ChannelInputShutdownEvent;

/**
 * A client's end that waits for the first bytes: looks at them as they come, sends nothing on, and
 * gives way to whoever reads them again.
 */
public abstract class FirstBytes extends ClientEnd {
  /** Channel, pipeline, buffers of the kernel's side of it; as measured, rounded up. */
  private static final long FIXED_BYTES = 2048;

  private boolean closing;
  private boolean replaced;

  /** What comes is not looked at yet, and neither is its end. */
  private boolean heldBack;

  private boolean endedMeanwhile;

  protected FirstBytes(Opened opened) {
    super(opened);
  }

  /** Looks at all that has come so far: gives way, refuses, or waits for more. */
  protected abstract void look(ByteBuf all);

  /** The client has said all it will say, and that was looked at. */
  protected abstract void ended();

  /** Policy does not have it read any more: carries it as it is. */
  protected abstract void carry(Verdict verdict);

  /** Bytes of memory that reading takes, besides what waits. */
  protected abstract long reads();

  @Override
  public final void handlerAdded(ChannelHandlerContext context) {
    opened.serves(this::goOn);
  }

  // Input.

  @Override
  public final void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf in = (ByteBuf) message;
    if (closing) {
      in.release();
      return;
    }
    hold(in);
    touch();
    if (!opened.lap() && !heldBack) {
      lookAgain();
    }
    if (!replaced) {
      opened.measure(this);
    }
  }

  @Override
  protected final void lasts() {}

  /** Its turn to be read has come again. */
  private void goOn() {
    if (!closing && !replaced && !heldBack) {
      lookAgain();
    }
    if (replaced) {
      opened.channel().pipeline().fireChannelReadComplete();
    }
  }

  private void lookAgain() {
    ByteBuf all = held();
    if (all != null) {
      look(all);
    }
  }

  @Override
  public final void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event != ChannelInputShutdownEvent.INSTANCE || closing) {
      return;
    }
    if (heldBack) {
      endedMeanwhile = true;
      if (held() == null) {
        close();
      }
      return;
    }
    end(event);
  }

  private void end(Object event) {
    if (opened.waits()) {
      // What has come may not have been looked at yet.
      lookAgain();
    }
    if (!replaced && !closing) {
      ended();
    }
    if (replaced) {
      opened.channel().pipeline().fireUserEventTriggered(event);
    }
  }

  /** From now on nothing is read, and what comes all the same is not looked at. */
  protected final void holdBack() {
    heldBack = true;
    opened.pace().read(false);
  }

  /** It is, from now on. */
  protected final void readAgain() {
    if (!heldBack) {
      return;
    }
    heldBack = false;
    opened.pace().read(true);
  }

  /** Looks at what has come while it was held back. */
  protected final void lookAtWhatCame() {
    goOn();
    if (endedMeanwhile && !closing && !replaced) {
      end(ChannelInputShutdownEvent.INSTANCE);
      opened.channel().pipeline().fireChannelReadComplete();
    } else if (endedMeanwhile && replaced) {
      opened.channel().pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
      opened.channel().pipeline().fireChannelReadComplete();
    }
  }

  // Giving way.

  /** Another takes this one's place; what was read is {@link #handOver}'s to give. */
  protected final void giveWay(Conversation to) {
    replaced = true;
    readAgain();
    opened.replace(this, to);
  }

  /** Whoever has taken the place gets what was read. */
  protected final void handOver() {
    ByteBuf read = takeHeld();
    if (read != null) {
      opened.channel().pipeline().fireChannelRead(read);
    }
  }

  // End.

  /** Takes no more input; what is being said to the client is. */
  protected final void readNoMore() {
    closing = true;
    expectNothing();
    discardHeld();
    opened.ahead().close();
  }

  protected final boolean closing() {
    return closing;
  }

  /** Whether it is none of this one's business any more. */
  protected final boolean over() {
    return closing || replaced;
  }

  protected final void close() {
    readNoMore();
    closeChannel();
  }

  /** Ends it by a verdict that a record tells. */
  public final void turnAway(Verdict verdict, Ending how) {
    Records.connection(opened, verdict, how);
    abort();
  }

  @Override
  public final void abort() {
    resetAtClose();
    close();
  }

  @Override
  public final void abort(Ending how) {
    if (!closing && held() != null) {
      Records.connection(opened, silent(), how);
    }
    abort();
  }

  @Override
  public final void drain(Stage stage) {
    // What has begun to speak is asked on by whoever reads it, and has a deadline until then.
    if (stage == Stage.FINISHING && !over() && !heldBack && held() == null) {
      close();
    }
  }

  @Override
  public final void giveUp() {
    if (closing) {
      abort();
    } else {
      turnAway(Opened.LIMIT, Ending.LIMIT);
    }
  }

  @Override
  public final void channelInactive(ChannelHandlerContext context) {
    readNoMore();
    opened.left(this);
  }

  @Override
  public final void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    abort();
  }

  // Policy.

  @Override
  public final void judgeAgain(Policy policy) {
    if (closing) {
      return;
    }
    Verdict verdict = opened.judge(policy);
    switch (verdict.decision()) {
      case ENGINE -> {}
      case ALLOW -> {
        carry(verdict);
        if (endedMeanwhile) {
          opened.channel().pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
        }
        opened.channel().pipeline().fireChannelReadComplete();
      }
      case DENY -> {
        opened.deniedLate();
        Records.connection(opened, Opened.late(verdict), Ending.RESET);
        close();
      }
    }
  }

  /** The verdict on a client that did not say enough in time. */
  protected final Verdict silent() {
    return opened.judgeUnreadable(opened.policy(), Reason.CLIENT_SILENT);
  }

  // Room.

  @Override
  public final long holds() {
    return FIXED_BYTES + heldBytes() + reads();
  }

  @Override
  public final Standing standing() {
    return opened.channel().isOpen() ? Standing.UNJUDGED : Standing.GONE;
  }
}
