package dev.drawbridge.l7.relay;

import io.netty.channel.ChannelInboundHandlerAdapter;
import java.time.Duration;

/** A client's end of a connection: its place in the loop, and its deadline. */
public abstract class ClientEnd extends ChannelInboundHandlerAdapter implements Conversation {
  protected final Opened opened;
  private long touched;
  private long deadline = Long.MAX_VALUE;
  private int place;

  protected ClientEnd(Opened opened) {
    this.opened = opened;
    this.touched = opened.loop().nowNanos;
  }

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

  /** The deadline has passed. */
  protected abstract void late();

  @Override
  public final void tick(long nowNanos) {
    if (deadline != Long.MAX_VALUE && nowNanos - deadline >= 0) {
      deadline = Long.MAX_VALUE;
      late();
    }
  }

  @Override
  public final boolean cameThrough(OnwardSource source) {
    return opened.source().equals(source);
  }

  @Override
  public final Opened opened() {
    return opened;
  }

  @Override
  public final long quietSince() {
    return touched;
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
