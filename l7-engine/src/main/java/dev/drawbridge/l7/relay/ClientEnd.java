package dev.drawbridge.l7.relay;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A client's end of a connection, whatever it speaks: its place in the loop, its deadline, the
 * input that waits, and how it is closed at once.
 */
public abstract class ClientEnd extends ChannelInboundHandlerAdapter implements Conversation {
  protected final Opened opened;
  private @Nullable ByteBuf held;
  private long touched;
  private long deadline = Long.MAX_VALUE;
  private int place;

  protected ClientEnd(Opened opened) {
    this.opened = opened;
    this.touched = opened.loop().nowNanos;
  }

  // Input that waits.

  /** Puts input behind what waits already; takes it over. */
  protected final void hold(ByteBuf in) {
    held = HeldInput.append(held, in, opened.allocator());
  }

  /** What waits, to be left where it is. */
  protected final @Nullable ByteBuf held() {
    return held;
  }

  /** What waits, which is the caller's from now on. */
  protected final @Nullable ByteBuf takeHeld() {
    ByteBuf waiting = held;
    held = null;
    return waiting;
  }

  /** Gives back what waits. */
  protected final void discardHeld() {
    ByteBuf waiting = takeHeld();
    if (waiting != null) {
      waiting.release();
    }
  }

  /** Bytes of memory that wait. */
  protected final long heldBytes() {
    ByteBuf waiting = held;
    return waiting == null ? 0 : waiting.capacity();
  }

  // Time.

  /** Something was read. */
  protected final void touch() {
    touched = opened.loop().nowNanos;
  }

  /** Sets the deadline; for the one that there was. */
  public final void expectInputWithin(Duration patience) {
    deadline = System.nanoTime() + patience.toNanos();
  }

  /** There is no deadline any more. */
  public final void expectNothing() {
    deadline = Long.MAX_VALUE;
  }

  /** Whether there is a deadline. */
  public final boolean expectsInput() {
    return deadline != Long.MAX_VALUE;
  }

  /** The deadline is the loop's next look at it, for who has many of his own. */
  protected final void expectNextTick() {
    deadline = opened.loop().nowNanos;
  }

  /** The deadline has passed. */
  protected abstract void late();

  /** It has lasted until the loop looked; so has what is behind it. */
  protected abstract void lasts();

  @Override
  public final void tick(long nowNanos) {
    lasts();
    if (deadline != Long.MAX_VALUE && nowNanos - deadline >= 0) {
      deadline = Long.MAX_VALUE;
      late();
    }
  }

  @Override
  public final long quietSince() {
    return touched;
  }

  // End.

  /** Whatever closes the channel now does so with a reset. */
  protected final void resetAtClose() {
    if (opened.channel().isOpen()) {
      opened.channel().config().setSoLinger(0);
    }
  }

  protected final void closeChannel() {
    ChannelFuture _ = opened.channel().close();
  }

  // Place.

  @Override
  public final boolean cameThrough(OnwardSource source) {
    return opened.source().equals(source);
  }

  @Override
  public final Opened opened() {
    return opened;
  }

  @Override
  public final int place() {
    return place;
  }

  @Override
  public final void place(int index) {
    place = index;
  }
}
