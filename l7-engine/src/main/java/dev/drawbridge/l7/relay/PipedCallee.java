package dev.drawbridge.l7.relay;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;

/** The callee's end behind a {@link PipedEnd}: what either can take, the other is read for. */
public abstract class PipedCallee extends CalleeEnd {
  /** Channel, pipeline, end; as measured, rounded up. */
  private static final int FIXED_BYTES = 2048;

  /** On its way to the callee. */
  public final Outbox outbox;

  private final PipedEnd client;

  protected PipedCallee(PipedEnd client, Outbox outbox) {
    super(client.opened(), outbox);
    this.client = client;
    this.outbox = outbox;
  }

  // What an end has to say.

  /** Takes all of the input, which stays the caller's. */
  protected abstract void take(ByteBuf in);

  /** Bytes of memory that reading takes. */
  protected abstract long reads();

  // Beginning.

  @Override
  protected final void begun() {
    read(client.outbox.writable());
    client.resume();
    endOutputIfDue();
    client.flush();
  }

  // Both directions.

  @Override
  protected final void goOn() {
    client.resume();
    client.flush();
  }

  @Override
  public final void channelWritabilityChanged(ChannelHandlerContext context) {
    goOn();
  }

  @Override
  public final void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf in = (ByteBuf) message;
    try {
      if (!isClosed()) {
        take(in);
      }
    } finally {
      in.release();
    }
    if (!isClosed()) {
      read(client.outbox.writable());
    }
    opened.measure(client);
  }

  @Override
  public final void channelReadComplete(ChannelHandlerContext context) {
    goOn();
    opened.remeasure(client);
  }

  @Override
  protected final long holds() {
    return FIXED_BYTES + outbox.holds() + reads();
  }

  /** One that keeps nothing of what it reads: it is the client's end that reads it. */
  public abstract static class Plain extends PipedCallee {
    protected Plain(PipedEnd client) {
      super(client, Outbox.plain());
    }

    @Override
    protected final void closes() {}

    @Override
    protected final long reads() {
      return 0;
    }
  }
}
