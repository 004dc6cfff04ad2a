package dev.drawbridge.l7.relay;

import dev.drawbridge.policy.Ending;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.ReferenceCountUtil;
import org.jspecify.annotations.Nullable;

/**
 * The connection to a callee whom the kernel could not ask whether it listens: made as soon as the
 * client's is accepted, so that a refusal is one for the client too. Nothing is said on it, and
 * nothing of it is read, before what the client says is judged and somebody takes it. All methods
 * are called on the connection's loop.
 */
public final class DialledAhead extends ChannelInboundHandlerAdapter implements Dial.Leg {
  /** Who waits for it. */
  public interface Waiter {
    /** The callee has taken the connection. */
    void stands();

    /** It has not. */
    void failed(Dial.Failure failure);

    /**
     * It had, and has ended it though nothing was said.
     *
     * @param broken by a reset
     */
    void ended(boolean broken);
  }

  /** Channel and pipeline; as measured, rounded up. */
  private static final int FIXED_BYTES = 2048;

  private enum State {
    /** Not begun, taken, or over. */
    NONE,
    DIALLING,
    STANDS
  }

  private State state = State.NONE;
  private @Nullable Waiter waiter;
  private @Nullable EpollSocketChannel channel;

  /**
   * Something was said that nobody got: what comes after it must not be taken for its beginning.
   */
  private boolean lost;

  /** Begins; tells the waiter, perhaps at once. */
  public void begin(Opened opened, Waiter told) {
    state = State.DIALLING;
    lost = false;
    waiter = told;
    new Dial(this, opened).begin();
  }

  @Override
  public boolean attach(EpollSocketChannel made) {
    if (state != State.DIALLING) {
      return false;
    }
    channel = made;
    made.config().setAutoRead(false);
    return true;
  }

  @Override
  public void connected(EpollSocketChannel to) {
    Waiter told = waiter;
    if (state == State.DIALLING && told != null) {
      state = State.STANDS;
      told.stands();
    }
  }

  @Override
  public void fail(Dial.Failure failure) {
    Waiter told = waiter;
    if (state == State.DIALLING && told != null) {
      close();
      told.failed(failure);
    }
  }

  /**
   * Gives the connection to that end, as soon as it stands; false if there is none, and it has to
   * dial itself.
   */
  boolean giveTo(Dial.Leg taker) {
    if (state == State.DIALLING) {
      waiter = new Given(taker);
      return true;
    }
    EpollSocketChannel made = channel;
    if (state != State.STANDS || lost || made == null || !made.isActive() || !taker.attach(made)) {
      close();
      return false;
    }
    state = State.NONE;
    channel = null;
    made.pipeline().replace(this, null, taker);
    made.config().setAutoRead(true);
    taker.connected(made);
    return true;
  }

  /** Policy has had it carried before it stood. */
  private final class Given implements Waiter {
    private final Dial.Leg taker;

    Given(Dial.Leg taker) {
      this.taker = taker;
    }

    @Override
    public void stands() {
      if (!giveTo(taker)) {
        taker.fail(
            new Dial.Failure(Ending.UPSTREAM_REFUSED, "the callee has closed the connection"));
      }
    }

    @Override
    public void failed(Dial.Failure failure) {
      taker.fail(failure);
    }

    /** It is given away before. */
    @Override
    public void ended(boolean broken) {}
  }

  /** Lets go of it, if nobody has taken it. */
  public void close() {
    state = State.NONE;
    EpollSocketChannel made = channel;
    if (made != null) {
      channel = null;
      ChannelFuture _ = made.close();
    }
  }

  /** Bytes of memory that it takes. */
  long holds() {
    return state == State.NONE ? 0 : FIXED_BYTES;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    // Its end makes it be read: whoever was to have these words was not to have them unasked.
    ReferenceCountUtil.release(message);
    lost = true;
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event == ChannelInputShutdownEvent.INSTANCE) {
      end(false);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    end(true);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    end(true);
  }

  private void end(boolean broken) {
    Waiter told = waiter;
    if (state == State.STANDS && told != null) {
      close();
      told.ended(broken);
    }
  }
}
