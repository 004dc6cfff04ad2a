package dev.drawbridge.l7.opening;

import dev.drawbridge.l7.ConnectionOrigin;
import dev.drawbridge.l7.relay.Entrance;
import dev.drawbridge.l7.relay.Loop;
import dev.drawbridge.l7.relay.OnwardSource;
import dev.drawbridge.l7.relay.Opened;
import dev.drawbridge.l7.relay.Records;
import dev.drawbridge.l7.relay.Relay;
import dev.drawbridge.l7.share.Share;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.Verdict;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.epoll.EpollSocketChannel;
import java.util.Optional;

/**
 * A connection that has just been accepted: claims its origin and admits it under the limits. Then
 * {@link Opening} takes its place.
 */
public final class Arrival extends ChannelInboundHandlerAdapter {
  /** What a connection costs before it is heard of here: accept, channel, registration. */
  private static final long ACCEPT_NANOS = 30_000;

  private final Loop loop;
  private final Relay relay;
  private final EpollSocketChannel channel;
  private final OnwardSource source;
  private final Entrance entrance;
  private boolean counted;

  public Arrival(Loop loop, EpollSocketChannel channel, OnwardSource source, Entrance entrance) {
    this.loop = loop;
    this.relay = loop.relay;
    this.channel = channel;
    this.source = source;
    this.entrance = entrance;
  }

  @Override
  public void channelActive(ChannelHandlerContext context) {
    long began = System.nanoTime();
    final int all = relay.admit();
    counted = true;
    Optional<ConnectionOrigin> claimed =
        relay.origins.claim(
            channel.fd().intValue(), channel.remoteAddress(), channel.localAddress());
    if (claimed.isEmpty()) {
      relay.unclaimed.increment();
      Records.connection(
          Opened.unclaimed(loop, channel, source),
          new Verdict(Decision.DENY, Reason.NO_ORIGIN, 0, 0, false),
          Ending.RESET);
      abort();
      return;
    }
    ConnectionOrigin origin = claimed.get();
    entrance.enters(origin.caller());
    Share share = relay.ledger.enter(origin.caller(), channel.remoteAddress().getAddress());
    Opened opened = Opened.of(loop, channel, source, origin, share);
    Opening opening = new Opening(opened);
    // Registered first and judged then: a policy that is published in between judges it again.
    loop.enter(opening);
    channel.pipeline().addFirst("pace", opened.pace());
    channel.pipeline().replace(this, "leg", opening);
    opened.pace().owe(System.nanoTime() - began + ACCEPT_NANOS);
    if (opened.pace().waits()) {
      entrance.owes(origin.caller(), opened.pace()::await);
    }
    Share crowded = relay.ledger.beyondConnections(share, all);
    if (crowded != null && !loop.makeRoom(crowded, opening)) {
      relay.limited.increment();
      opening.turnAway(Opened.LIMIT, Ending.LIMIT);
      return;
    }
    opening.begin();
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    if (counted) {
      relay.release();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    abort();
  }

  private void abort() {
    if (channel.isOpen()) {
      channel.config().setSoLinger(0);
    }
    ChannelFuture _ = channel.close();
  }
}
