package dev.drawbridge.l7.relay;

import dev.drawbridge.l7.Asked;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.Verdict;
import io.netty.buffer.ByteBuf;

/**
 * The beginning of a client connection: judges it, and waits for the bytes that say what it speaks.
 * Then the engine for that takes its place, and reads those bytes again.
 */
final class Opening extends FirstBytes {
  Opening(Opened opened) {
    super(opened);
  }

  /** Judges it for the first time. */
  void begin() {
    opened.measure(this);
    if (closing()) {
      return;
    }
    Conversation names = Engines.names(opened);
    if (names != null) {
      giveWay(names);
      handOver();
      return;
    }
    Verdict verdict = opened.judge(opened.policy());
    switch (verdict.decision()) {
      case ENGINE -> expectInputWithin(opened.limits().detectTimeout());
      case DENY -> turnAway(verdict, Ending.RESET);
      // The policy has changed since the kernel sent it here: nothing in it needs reading.
      case ALLOW -> carry(verdict);
    }
  }

  @Override
  protected void look(ByteBuf all) {
    Engine engine = Engines.of(all, opened);
    if (engine != null) {
      giveWay(engine);
    }
  }

  private void giveWay(Engine engine) {
    giveWay(engine.open(opened));
    handOver();
  }

  @Override
  protected void carry(Verdict verdict) {
    carry(verdict, opened::judge);
  }

  /**
   * Carries the whole connection without reading it.
   *
   * @param judging by a policy that has it read
   */
  private void carry(Verdict verdict, Judging judging) {
    Exchange exchange = Exchange.begun(new Asked.Tunnel(0));
    exchange.judged(verdict);
    Tunnel tunnel = new Tunnel(opened, exchange, judging);
    giveWay(tunnel);
    tunnel.open();
    handOver();
  }

  @Override
  protected void ended() {
    if (held() == null) {
      close();
    } else {
      giveWay(Engines.last());
    }
  }

  @Override
  protected void late() {
    if (held() != null) {
      // It has begun: how long the rest may take is its reader's affair.
      giveWay(Engines.last());
      opened.channel().pipeline().fireChannelReadComplete();
      return;
    }
    Verdict verdict = silent();
    if (verdict.decision() == Decision.ALLOW) {
      carry(verdict, later -> opened.judgeUnreadable(later, Reason.CLIENT_SILENT));
      return;
    }
    Records.connection(opened, verdict, Ending.TIMED_OUT);
    close();
  }

  @Override
  protected long reads() {
    return 0;
  }
}
