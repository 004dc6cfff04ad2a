package dev.drawbridge.l7.datagram;

import dev.drawbridge.l7.ConnectionOrigin;
import dev.drawbridge.l7.DatagramOrigins;
import dev.drawbridge.l7.relay.Loop;
import dev.drawbridge.l7.share.Pace;
import dev.drawbridge.l7.share.Share;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.DatagramPacket;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One listener for datagrams: claims where each was sent, and has its sender pay for the time that
 * it takes. While the sender owes time the listener is not read, and what is too much is lost in
 * its socket's buffer, which is in the namespace of whoever sent it.
 */
public final class DatagramArrival extends ChannelInboundHandlerAdapter {
  /** What a datagram costs before it is heard of here. */
  private static final long RECEIVE_NANOS = 5_000;

  private final Loop loop;
  private final Datagrams engine;
  private final DatagramOrigins origins;
  private final int slot;
  private final boolean version6;
  private @Nullable Share share;
  private @Nullable Pace pace;

  public DatagramArrival(
      Loop loop, Datagrams engine, DatagramOrigins origins, int slot, boolean version6) {
    this.loop = loop;
    this.engine = engine;
    this.origins = origins;
    this.slot = slot;
    this.version6 = version6;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    DatagramPacket packet = (DatagramPacket) message;
    try {
      Optional<ConnectionOrigin> origin = origins.sentTo(slot, version6);
      if (origin.isEmpty()) {
        loop.relay.unclaimed.increment();
        return;
      }
      pays(context, origin.get(), packet);
      engine.arrived(
          new Datagram(context.channel(), packet.sender(), origin.get(), packet.content()));
    } finally {
      packet.release();
    }
  }

  /** What was answered at once goes out at once, and its sender pays for that too. */
  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    engine.flush();
    context.flush();
  }

  private void pays(ChannelHandlerContext context, ConnectionOrigin origin, DatagramPacket packet) {
    Share before = share;
    if (before != null && before.peer == origin.caller()) {
      return;
    }
    leave(context);
    Share now = loop.relay.ledger.enter(origin.caller(), packet.sender().getAddress());
    Pace measured = new Pace(loop.turns, now.time(loop.index, loop.turns), context.channel());
    context.pipeline().addFirst("pace", measured);
    share = now;
    pace = measured;
    measured.owe(RECEIVE_NANOS);
  }

  private void leave(ChannelHandlerContext context) {
    Share before = share;
    Pace measured = pace;
    if (before == null || measured == null) {
      return;
    }
    loop.relay.ledger.leave(before);
    share = null;
    pace = null;
    if (context.channel().isOpen()) {
      context.pipeline().remove(measured);
      context.channel().config().setAutoRead(true);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    leave(context);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    // A port that is unreachable by now: whoever asked is gone. The listener stays.
  }
}
