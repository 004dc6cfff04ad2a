package dev.drawbridge.l7.share;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.ReferenceCountUtil;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Connections to callees that are over, and that the callee has said it closes: it goes first, as
 * it would if nobody stood between. Whoever goes first keeps the connection's port in TIME_WAIT for
 * a minute (RFC 9293 section 3.6.1), and a caller has but 28,232 of them for one port of a callee.
 * Belongs to one loop.
 */
public final class Partings {
  /** How long a callee has that has said it closes. */
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** Of one loop. Beyond, the oldest is closed from this side: its port waits, nothing else. */
  static final int MOST = 256;

  /** In the order in which they came, which is that of their deadlines. */
  private final LinkedHashSet<Parting> waiting = new LinkedHashSet<>();

  private final class Parting extends ChannelInboundHandlerAdapter {
    private final Channel channel;
    private final Object source;
    private final long deadline;

    Parting(Channel channel, Object source, long deadline) {
      this.channel = channel;
      this.source = source;
      this.deadline = deadline;
    }

    void close() {
      waiting.remove(this);
      ChannelFuture _ = channel.close();
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      // It answers nothing.
      ReferenceCountUtil.release(message);
      close();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      if (event == ChannelInputShutdownEvent.INSTANCE) {
        close();
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      waiting.remove(this);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      close();
    }
  }

  /**
   * Waits for the callee's end, and closes then, or after a second.
   *
   * @param leg the handler of the channel, which hears of it no more
   * @param source what {@link #abortAll} knows it by
   */
  public void await(ChannelHandler leg, Channel channel, Object source, long nowNanos) {
    if (waiting.size() >= MOST) {
      waiting.getFirst().close();
    }
    Parting parting = new Parting(channel, source, nowNanos + PATIENCE_NANOS);
    waiting.add(parting);
    channel.pipeline().replace(leg, null, parting);
  }

  /** Looks at the deadlines. */
  public void tick(long nowNanos) {
    while (!waiting.isEmpty() && nowNanos - waiting.getFirst().deadline >= 0) {
      waiting.getFirst().close();
    }
  }

  /** Lets go of what is known by that: its namespace is to end. */
  public void abortAll(Object source) {
    for (Parting parting : List.copyOf(waiting)) {
      if (parting.source.equals(source)) {
        parting.close();
      }
    }
  }

  /** Lets go of all. */
  public void close() {
    List.copyOf(waiting).forEach(Parting::close);
  }
}
