package dev.drawbridge.l7.tls;

import dev.drawbridge.l7.relay.ClientEnd;
import dev.drawbridge.l7.relay.HeldInput;
import dev.drawbridge.l7.relay.Opened;
import dev.drawbridge.l7.relay.Records;
import dev.drawbridge.l7.relay.Tunnel;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.Verdict;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import org.jspecify.annotations.Nullable;

/**
 * The beginning of a TLS connection: waits for the client's hello, judges it, and is refused by an
 * alert or gives way to a tunnel.
 */
final class TlsConversation extends ClientEnd {
  /** Channel, pipeline, hello; as measured, rounded up. */
  private static final long FIXED_BYTES = 2048;

  private final HelloVerdict hello;
  private @Nullable ByteBuf held;
  private boolean closing;
  private boolean replaced;

  TlsConversation(Opened opened) {
    super(opened);
    this.hello = new HelloVerdict(opened);
    opened.serves(this::goOn);
    expectInputWithin(opened.limits().detectTimeout());
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf in = (ByteBuf) message;
    if (closing) {
      in.release();
      return;
    }
    held = HeldInput.append(held, in, opened.allocator());
    touch();
    boolean waits = opened.lap();
    if (!waits) {
      read();
    }
    if (!replaced) {
      opened.measure(this);
    }
  }

  /** Its turn to be read has come again. */
  private void goOn() {
    if (!closing && !replaced) {
      read();
    }
    if (replaced) {
      opened.channel().pipeline().fireChannelReadComplete();
    }
  }

  private void read() {
    ByteBuf all = held;
    Verdict verdict = all == null ? null : hello.judge(all);
    if (verdict != null) {
      decide(verdict);
    }
  }

  private void decide(Verdict verdict) {
    hello.count(verdict);
    if (verdict.decision() == Decision.ALLOW) {
      carry(verdict);
    } else {
      refuse(verdict);
    }
  }

  private void carry(Verdict verdict) {
    replaced = true;
    ByteBuf read = held;
    held = null;
    Tunnel tunnel = new Tunnel(opened, hello.carried(verdict), hello.judging());
    opened.replace(this, tunnel);
    if (hello.serverName().isPresent()) {
      new HelloGuard(opened, tunnel, hello.serverName().get(), hello.size()).stand();
    }
    tunnel.open();
    if (read != null) {
      opened.channel().pipeline().fireChannelRead(read);
    }
  }

  /** The alert makes the client fail at once, and say why. */
  private void refuse(Verdict verdict) {
    hello.record(verdict);
    closing = true;
    expectNothing();
    discard();
    ChannelFuture _ =
        opened.channel().writeAndFlush(hello.alert()).addListener(ChannelFutureListener.CLOSE);
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event != ChannelInputShutdownEvent.INSTANCE || closing) {
      return;
    }
    if (opened.waits()) {
      // What has come may not have been looked at yet.
      read();
      if (replaced) {
        opened.channel().pipeline().fireUserEventTriggered(event);
        return;
      }
    }
    if (!closing) {
      close();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    closing = true;
    discard();
    opened.left(this);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    abort();
  }

  private void close() {
    closing = true;
    discard();
    ChannelFuture _ = opened.channel().close();
  }

  private void discard() {
    ByteBuf read = held;
    if (read != null) {
      held = null;
      read.release();
    }
  }

  @Override
  public void abort() {
    if (opened.channel().isOpen()) {
      opened.channel().config().setSoLinger(0);
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
        // Nothing in it needs reading any more.
        carry(verdict);
        opened.channel().pipeline().fireChannelReadComplete();
      }
      case DENY -> {
        opened.deniedLate();
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
  protected void late() {
    if (!closing) {
      decide(opened.judgeUnreadable(opened.policy(), Reason.CLIENT_SILENT));
      opened.channel().pipeline().fireChannelReadComplete();
    }
  }

  @Override
  public long holds() {
    ByteBuf read = held;
    return FIXED_BYTES + hello.holds() + (read == null ? 0 : read.capacity());
  }

  @Override
  public Standing standing() {
    return closing && !opened.channel().isOpen() ? Standing.GONE : Standing.UNJUDGED;
  }

  @Override
  public void giveUp() {
    if (!closing) {
      Records.connection(
          opened, new Verdict(Decision.DENY, Reason.LIMIT, 0, 0, false), Ending.LIMIT);
    }
    abort();
  }
}
