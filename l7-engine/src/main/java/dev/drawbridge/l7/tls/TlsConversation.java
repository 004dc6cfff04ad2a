package dev.drawbridge.l7.tls;

import dev.drawbridge.l7.relay.FirstBytes;
import dev.drawbridge.l7.relay.Opened;
import dev.drawbridge.l7.relay.Tunnel;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Verdict;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;

/**
 * The beginning of a TLS connection: waits for the client's hello, judges it, and is refused by an
 * alert or gives way to a tunnel.
 */
final class TlsConversation extends FirstBytes {
  private final HelloVerdict hello;

  TlsConversation(Opened opened) {
    super(opened);
    this.hello = new HelloVerdict(opened);
    expectInputWithin(opened.limits().detectTimeout());
  }

  @Override
  protected void look(ByteBuf all) {
    Verdict verdict = hello.judge(all);
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

  @Override
  protected void carry(Verdict verdict) {
    Tunnel tunnel = new Tunnel(opened, hello.carried(verdict), hello.judging());
    giveWay(tunnel);
    if (hello.serverName().isPresent()) {
      new HelloGuard(opened, tunnel, hello.serverName().get(), hello.size()).stand();
    }
    tunnel.open();
    handOver();
  }

  /** The alert makes the client fail at once, and say why. */
  private void refuse(Verdict verdict) {
    hello.record(verdict);
    readNoMore();
    ChannelFuture _ =
        opened.channel().writeAndFlush(hello.alert()).addListener(ChannelFutureListener.CLOSE);
  }

  @Override
  protected void ended() {
    close();
  }

  @Override
  protected void late() {
    decide(silent());
    opened.channel().pipeline().fireChannelReadComplete();
  }

  @Override
  protected long reads() {
    return hello.holds();
  }
}
