package dev.drawbridge.l7.relay;

import dev.drawbridge.l7.share.Pace;
import dev.drawbridge.policy.Ending;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import org.jspecify.annotations.Nullable;

/**
 * The engine's connection to the callee for one client connection, whatever is spoken on it: how it
 * begins, when it is read, and how it ends.
 */
public abstract class CalleeEnd extends ChannelInboundHandlerAdapter implements Dial.Leg {
  protected final Opened opened;
  private final Outbox outbox;
  private @Nullable EpollSocketChannel channel;
  private @Nullable Pace pace;
  private boolean connected;
  private boolean closed;
  private boolean outputEnds;
  private boolean outputEnded;
  private boolean inputEnded;
  private boolean goesFirst;
  private boolean lasting;

  /**
   * An end that is not open yet.
   *
   * @param outbox for what goes to the callee
   */
  protected CalleeEnd(Opened opened, Outbox outbox) {
    this.opened = opened;
    this.outbox = outbox;
  }

  // What an end has to say.

  /** There is a connection: its first words may be sent. */
  protected abstract void begun();

  /**
   * There is none.
   *
   * @param how as the record says it: refused, too late, or never tried
   * @param sentence for whoever asked
   */
  protected abstract void failed(Ending how, String sentence);

  /** Its turn to be read has come again. */
  protected abstract void goOn();

  /**
   * The callee has said all it will say.
   *
   * @param broken by a reset, or by a failure of ours
   */
  protected abstract void ended(boolean broken);

  /** It is let go of: gives back what it keeps. */
  protected abstract void closes();

  /** Bytes of memory that it takes, those on their way to the callee included. */
  protected abstract long holds();

  // Beginning.

  /** Takes the connection that stands already, or begins to connect; may fail at once. */
  public final void open() {
    if (!opened.ahead().giveTo(this)) {
      new Dial(this, opened).begin();
    }
  }

  @Override
  public final boolean attach(EpollSocketChannel made) {
    if (closed) {
      return false;
    }
    channel = made;
    Pace measured = opened.onward(made);
    measured.serves(this::goOn);
    made.pipeline().addFirst("pace", measured);
    pace = measured;
    return true;
  }

  @Override
  public final void connected(EpollSocketChannel to) {
    if (!closed) {
      connected = true;
      outbox.attach(to);
      begun();
    }
  }

  @Override
  public final void fail(Dial.Failure failure) {
    if (!closed) {
      failed(failure.how(), failure.sentence());
    }
  }

  /** Whether there is a connection. */
  public final boolean isOpen() {
    return connected && !closed;
  }

  protected final boolean isClosed() {
    return closed;
  }

  /** It has lasted until the loop looked: its peer is looked after from now on. */
  public final void lasts() {
    EpollSocketChannel to = channel;
    if (to != null && isOpen() && !lasting) {
      lasting = true;
      SocketOptions.lasting(to.config());
    }
  }

  // Output.

  /** Whether it can take more of the client's. */
  public final boolean takes() {
    return isOpen() && outbox.writable();
  }

  public final void flush() {
    if (connected) {
      outbox.flush();
    }
  }

  /** The client says no more: so does this end, after what is still to be sent. */
  public final void endOutput() {
    outputEnds = true;
    endOutputIfDue();
  }

  /** The same, if it was said before there was a connection. */
  protected final void endOutputIfDue() {
    if (outputEnds && connected && !outputEnded) {
      outputEnded = true;
      outbox.end();
    }
  }

  // Input.

  /** Whether the client's end can take more. */
  protected final void read(boolean wanted) {
    Pace of = pace;
    if (connected && of != null) {
      of.read(wanted);
    }
  }

  /** Pays for the time that was taken; whether the rest has to wait for its turn. */
  public final boolean lap() {
    Pace of = pace;
    return of != null && of.lap();
  }

  /** Whether it may be read now. */
  public final boolean reading() {
    Pace of = pace;
    return isOpen() && of != null && !of.waits();
  }

  // End.

  @Override
  public final void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event == ChannelInputShutdownEvent.INSTANCE) {
      end(false);
    }
  }

  @Override
  public final void channelInactive(ChannelHandlerContext context) {
    end(true);
  }

  @Override
  public final void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    end(true);
  }

  private void end(boolean broken) {
    if (isOpen()) {
      inputEnded = true;
      ended(broken);
    }
  }

  public final boolean inputEnded() {
    return inputEnded;
  }

  /** The callee has said that it closes the connection once it has sent what it sends. */
  protected final void goesFirst() {
    goesFirst = true;
  }

  /** Lets go of the connection: gently, or with a reset. */
  public final void close(boolean reset) {
    if (closed) {
      return;
    }
    closed = true;
    closes();
    EpollSocketChannel to = channel;
    if (to == null) {
      outbox.discard();
    } else if (reset || !connected) {
      outbox.discard();
      if (to.isOpen() && connected) {
        to.config().setSoLinger(0);
      }
      ChannelFuture _ = to.close();
    } else {
      outbox.flush();
      if (goesFirst && !inputEnded && outbox.pending() == 0 && to.isActive()) {
        part(to);
      } else {
        outbox.close();
      }
    }
  }

  /** The callee goes first, for which the channel waits a little. */
  private void part(EpollSocketChannel from) {
    read(true);
    from.config().setAllowHalfClosure(false);
    opened.loop().partings.await(this, from, opened.source(), opened.loop().nowNanos);
  }
}
