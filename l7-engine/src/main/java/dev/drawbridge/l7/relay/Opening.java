package dev.drawbridge.l7.relay;

import dev.drawbridge.l7.ConnectionOrigin;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.Verdict;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The beginning of a client connection: claims its origin, admits it, judges it, and waits for the
 * bytes that say what it speaks. Then the leg for that takes its place, and reads those bytes
 * again.
 */
public final class Opening extends ChannelInboundHandlerAdapter implements Connection {
  /** Channel, pipeline, buffers of the kernel's side of it; as measured, rounded up. */
  private static final long FIXED_BYTES = 2048;

  /** What a connection costs before it is heard of here: accept, channel, registration. */
  private static final long ACCEPT_NANOS = 30_000;

  static final Verdict LIMIT = new Verdict(Decision.DENY, Reason.LIMIT, 0, 0, false);

  private final Loop loop;
  private final Relay relay;
  private final EpollSocketChannel channel;
  private final OnwardSource source;
  private Opened opened;
  private boolean admitted;
  private boolean closing;
  private boolean replaced;
  private @Nullable ByteBuf held;
  private @Nullable TlsOpening tls;
  private long deadline = Long.MAX_VALUE;
  private long touched;
  private int place;

  public Opening(Loop loop, EpollSocketChannel channel, OnwardSource source) {
    this.loop = loop;
    this.relay = loop.relay;
    this.channel = channel;
    this.source = source;
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
    Share share = relay.ledger.enter(origin.caller(), channel.remoteAddress().getAddress());
    opened = Opened.of(loop, channel, source, origin, share);
    admitted = true;
    opened.pace().serves(this::goOn);
    channel.pipeline().addFirst("pace", opened.pace());
    opened.pace().owe(System.nanoTime() - began + ACCEPT_NANOS);
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
      case ALLOW -> carryUnread(verdict, false);
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
    ByteBuf held = this.held;
    if (held == null) {
      return;
    }
    TlsOpening begun = tls;
    if (begun != null) {
      greeted(begun, held);
      return;
    }
    switch (FirstBytes.of(held)) {
      case MORE -> {}
      case HTTP2 -> giveWay(new Http2Client(opened));
      case TLS -> {
        TlsOpening greeting = new TlsOpening(opened);
        tls = greeting;
        greeted(greeting, held);
      }
      case HTTP1 -> giveWay(new ClientLeg(opened));
    }
  }

  /** More of a TLS hello is there. */
  private void greeted(TlsOpening greeting, ByteBuf read) {
    Verdict verdict = greeting.judge(read);
    if (verdict != null) {
      goOn(greeting, verdict);
    }
  }

  private void goOn(TlsOpening greeting, Verdict verdict) {
    greeting.count(verdict);
    if (verdict.decision() == Decision.ALLOW) {
      carryTls(greeting, verdict);
    } else {
      refuseTls(greeting, verdict);
    }
  }

  private void carryTls(TlsOpening greeting, Verdict verdict) {
    ClientLeg leg = new ClientLeg(opened);
    replaceBy(leg);
    leg.carryTls(verdict, greeting);
    readAgain();
  }

  /** The alert makes the client fail at once, and say why. */
  private void refuseTls(TlsOpening greeting, Verdict verdict) {
    greeting.record(verdict);
    closing = true;
    discard();
    ChannelFuture _ =
        channel.writeAndFlush(greeting.alert()).addListener(ChannelFutureListener.CLOSE);
  }

  private void carryUnread(Verdict verdict, boolean audited) {
    ClientLeg leg = new ClientLeg(opened);
    replaceBy(leg);
    leg.carry(verdict, audited);
    readAgain();
  }

  private <T extends ChannelHandler & Connection> void giveWay(T leg) {
    replaceBy(leg);
    readAgain();
  }

  private <T extends ChannelHandler & Connection> void replaceBy(T leg) {
    replaced = true;
    loop.replace(this, leg);
    channel.pipeline().replace(this, "leg", leg);
  }

  private void readAgain() {
    ByteBuf read = held;
    if (read != null) {
      held = null;
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
    if (held == null || tls != null) {
      close();
      return;
    }
    giveWay(new ClientLeg(opened));
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
    TlsOpening begun = tls;
    return FIXED_BYTES + (read == null ? 0 : read.capacity()) + (begun == null ? 0 : begun.holds());
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
        carryUnread(verdict, false);
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
    TlsOpening begun = tls;
    if (begun != null) {
      goOn(begun, opened.judgeUnreadable(relay.policy(), Reason.CLIENT_SILENT));
      channel.pipeline().fireChannelReadComplete();
      return;
    }
    if (held != null) {
      // It has begun: how long the rest may take is its reader's affair.
      giveWay(new ClientLeg(opened));
      channel.pipeline().fireChannelReadComplete();
      return;
    }
    Verdict verdict = opened.judgeUnreadable(relay.policy(), Reason.CLIENT_SILENT);
    if (verdict.decision() == Decision.ALLOW) {
      carryUnread(verdict, true);
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
