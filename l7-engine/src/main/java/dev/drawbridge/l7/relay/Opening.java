package dev.drawbridge.l7.relay;

import dev.drawbridge.l7.Asked;
import dev.drawbridge.l7.ConnectionOrigin;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.Verdict;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The beginning of a client connection: claims its origin, admits it, judges it, and waits for the
 * bytes that say what it speaks. Then the engine for that takes its place, and reads those bytes
 * again.
 */
public final class Opening extends ChannelInboundHandlerAdapter implements Conversation {
  /** Channel, pipeline, buffers of the kernel's side of it; as measured, rounded up. */
  private static final long FIXED_BYTES = 2048;

  /** What a connection costs before it is heard of here: accept, channel, registration. */
  private static final long ACCEPT_NANOS = 30_000;

  static final Verdict LIMIT = new Verdict(Decision.DENY, Reason.LIMIT, 0, 0, false);

  private final Loop loop;
  private final Relay relay;
  private final EpollSocketChannel channel;
  private final OnwardSource source;
  private final Entrance entrance;
  private Opened opened;
  private boolean admitted;
  private boolean closing;
  private boolean replaced;
  private @Nullable ByteBuf held;
  private long deadline = Long.MAX_VALUE;
  private long touched;
  private int place;

  public Opening(Loop loop, EpollSocketChannel channel, OnwardSource source, Entrance entrance) {
    this.loop = loop;
    this.relay = loop.relay;
    this.channel = channel;
    this.source = source;
    this.entrance = entrance;
    this.opened = Opened.unclaimed(loop, channel, source);
    this.touched = loop.nowNanos;
  }

  @Override
  public void channelActive(ChannelHandlerContext context) {
    // Registered first and judged then: a policy that is published in between judges it again.
    loop.enter(this);
    long began = System.nanoTime();
    final int all = relay.admit();
    Optional<ConnectionOrigin> claimed =
        relay.origins.claim(
            channel.fd().intValue(), channel.remoteAddress(), channel.localAddress());
    if (claimed.isEmpty()) {
      relay.unclaimed.increment();
      turnAway(new Verdict(Decision.DENY, Reason.NO_ORIGIN, 0, 0, false));
      return;
    }
    ConnectionOrigin origin = claimed.get();
    entrance.enters(origin.caller());
    Share share = relay.ledger.enter(origin.caller(), channel.remoteAddress().getAddress());
    opened = Opened.of(loop, channel, source, origin, share);
    admitted = true;
    opened.pace().serves(this::goOn);
    channel.pipeline().addFirst("pace", opened.pace());
    opened.pace().owe(System.nanoTime() - began + ACCEPT_NANOS);
    if (opened.pace().waits()) {
      entrance.owes(origin.caller(), opened.pace()::await);
    }
    Share crowded = relay.ledger.beyondConnections(share, all);
    if (crowded != null && !loop.makeRoom(crowded, this)) {
      relay.limited.increment();
      turnAway(LIMIT);
      return;
    }
    opened.measure(this);
    if (closing) {
      return;
    }
    Verdict verdict = opened.judge(relay.policy());
    switch (verdict.decision()) {
      case ENGINE -> deadline = System.nanoTime() + relay.limits.detectTimeout().toNanos();
      case DENY -> turnAway(verdict);
      // The policy has changed since the kernel sent it here: nothing in it needs reading.
      case ALLOW -> carryUnread(verdict, opened::judge);
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf in = (ByteBuf) message;
    if (closing) {
      in.release();
      return;
    }
    held = HeldInput.append(held, in, relay.allocator);
    touched = loop.nowNanos;
    opened.pace().lap();
    if (!opened.pace().waits()) {
      recognize();
    }
    if (!replaced) {
      opened.measure(this);
    }
  }

  /** Its turn to be read has come again. */
  private void goOn() {
    if (!closing && !replaced) {
      recognize();
    }
    if (replaced) {
      channel.pipeline().fireChannelReadComplete();
    }
  }

  /** Looks at what has come so far. */
  private void recognize() {
    ByteBuf read = held;
    if (read != null) {
      Engine engine = Engines.of(read, opened);
      if (engine != null) {
        giveWay(engine);
      }
    }
  }

  private void giveWay(Engine engine) {
    replaced = true;
    ByteBuf read = held;
    held = null;
    opened.giveWay(this, engine.open(opened), read);
  }

  /**
   * Carries the whole connection without reading it.
   *
   * @param judging by a policy that has it read
   */
  private void carryUnread(Verdict verdict, Judging judging) {
    replaced = true;
    ByteBuf read = held;
    held = null;
    Exchange exchange = Exchange.begun(new Asked.Tunnel(0));
    exchange.judged(verdict);
    Tunnel tunnel = new Tunnel(opened, exchange, judging);
    opened.replace(this, tunnel);
    tunnel.open();
    if (read != null) {
      channel.pipeline().fireChannelRead(read);
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event != ChannelInputShutdownEvent.INSTANCE || closing) {
      return;
    }
    if (opened.pace().waits()) {
      // What has come may not have been looked at yet.
      recognize();
      if (replaced) {
        channel.pipeline().fireUserEventTriggered(event);
        return;
      }
      if (closing) {
        return;
      }
    }
    if (held == null) {
      close();
      return;
    }
    giveWay(Engines.last());
    channel.pipeline().fireUserEventTriggered(event);
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    closing = true;
    discard();
    if (admitted) {
      opened.left(this);
    } else {
      loop.leave(this);
      relay.release();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    abort();
  }

  private void turnAway(Verdict verdict) {
    Records.connection(
        opened, verdict, verdict.reason() == Reason.LIMIT ? Ending.LIMIT : Ending.RESET);
    abort();
  }

  private void close() {
    closing = true;
    discard();
    ChannelFuture _ = channel.close();
  }

  private void discard() {
    ByteBuf read = held;
    if (read != null) {
      held = null;
      read.release();
    }
  }

  @Override
  public long holds() {
    ByteBuf read = held;
    return FIXED_BYTES + (read == null ? 0 : read.capacity());
  }

  @Override
  public Opened opened() {
    return opened;
  }

  @Override
  public Standing standing() {
    return channel.isOpen() ? Standing.UNJUDGED : Standing.GONE;
  }

  @Override
  public long quietSince() {
    return touched;
  }

  @Override
  public void giveUp() {
    if (!closing) {
      turnAway(LIMIT);
    } else {
      abort();
    }
  }

  @Override
  public void abort() {
    if (channel.isOpen()) {
      channel.config().setSoLinger(0);
    }
    close();
  }

  @Override
  public void judgeAgain(Policy policy) {
    if (closing) {
      return;
    }
    Verdict verdict = opened.judge(policy);
    switch (verdict.decision()) {
      case ENGINE -> {}
      case ALLOW -> {
        carryUnread(verdict, opened::judge);
        channel.pipeline().fireChannelReadComplete();
      }
      case DENY -> {
        relay.lateDenied.increment();
        Records.connection(
            opened,
            new Verdict(
                Decision.DENY, Reason.LATE_DENY, verdict.generation(), verdict.rule(), false),
            Ending.RESET);
        close();
      }
    }
  }

  @Override
  public void tick(long nowNanos) {
    if (closing || deadline == Long.MAX_VALUE || nowNanos - deadline < 0) {
      return;
    }
    deadline = Long.MAX_VALUE;
    if (held != null) {
      // It has begun: how long the rest may take is its reader's affair.
      giveWay(Engines.last());
      channel.pipeline().fireChannelReadComplete();
      return;
    }
    Verdict verdict = opened.judgeUnreadable(relay.policy(), Reason.CLIENT_SILENT);
    if (verdict.decision() == Decision.ALLOW) {
      carryUnread(verdict, later -> opened.judgeUnreadable(later, Reason.CLIENT_SILENT));
      return;
    }
    Records.connection(opened, verdict, Ending.TIMED_OUT);
    close();
  }

  @Override
  public boolean cameThrough(OnwardSource someSource) {
    return source.equals(someSource);
  }

  @Override
  public int place() {
    return place;
  }

  @Override
  public void place(int index) {
    place = index;
  }
}
