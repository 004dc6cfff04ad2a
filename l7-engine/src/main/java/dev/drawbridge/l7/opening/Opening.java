package dev.drawbridge.l7.opening;

import dev.drawbridge.l7.Asked;
import dev.drawbridge.l7.relay.Conversation;
import dev.drawbridge.l7.relay.Dial;
import dev.drawbridge.l7.relay.DialledAhead;
import dev.drawbridge.l7.relay.Engine;
import dev.drawbridge.l7.relay.FirstBytes;
import dev.drawbridge.l7.relay.Judging;
import dev.drawbridge.l7.relay.Opened;
import dev.drawbridge.l7.relay.Records;
import dev.drawbridge.l7.relay.Tunnel;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Peers;
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
      case ENGINE -> {
        if (Peers.isEndpoint(opened.origin().callee())) {
          // Whoever calls a container from a container was told by the kernel if nobody listens.
          expectInputWithin(opened.limits().detectTimeout());
        } else {
          dialAhead(verdict);
        }
      }
      case DENY -> turnAway(verdict, Ending.RESET);
      // The policy has changed since the kernel sent it here: nothing in it needs reading.
      case ALLOW -> carry(verdict);
    }
  }

  /**
   * Dials before a byte is read: whether a machine outside takes the connection only it can say. A
   * client is reset where it does not, and has no answer of ours that its server could not have
   * given.
   */
  private void dialAhead(Verdict verdict) {
    holdBack();
    boolean entered = opened.pace().enter();
    opened.ahead().begin(opened, new Outside(verdict));
    if (entered) {
      opened.pace().exit();
    }
  }

  /** Waits for what a machine outside makes of the connection. */
  private final class Outside implements DialledAhead.Waiter {
    private final Verdict verdict;

    Outside(Verdict verdict) {
      this.verdict = verdict;
    }

    @Override
    public void stands() {
      if (over()) {
        return;
      }
      readAgain();
      expectInputWithin(opened.limits().detectTimeout());
      lookAtWhatCame();
    }

    @Override
    public void failed(Dial.Failure failure) {
      opened.calleeFailed();
      if (!over()) {
        turnAway(verdict, failure.how());
      }
    }

    @Override
    public void ended(boolean broken) {
      if (over() || held() != null) {
        // Whoever has begun to ask dials anew.
        return;
      }
      Records.connection(opened, verdict, Ending.UPSTREAM_BROKEN);
      if (broken) {
        abort();
      } else {
        close();
      }
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
    Tunnel tunnel = Tunnel.unread(opened, new Asked.Tunnel(0), verdict, judging);
    giveWay(tunnel);
    tunnel.open();
    handOver();
  }

  @Override
  protected void ended() {
    if (held() == null) {
      close();
    } else if (!unspoken(Reason.INCOMPLETE, Ending.CLIENT_GONE)) {
      giveWay(Engines.last());
    }
  }

  @Override
  protected void late() {
    if (!unspoken(Reason.CLIENT_SILENT, Ending.TIMED_OUT)) {
      // It has begun: how long the rest may take is its reader's affair.
      giveWay(Engines.last());
    }
    opened.channel().pipeline().fireChannelReadComplete();
  }

  /**
   * Ends it, or carries it where every side only audits, if nothing has come that could be read. An
   * empty line is nothing.
   */
  private boolean unspoken(Reason reason, Ending how) {
    ByteBuf come = held();
    if (come != null && !Engines.nothingSaid(come)) {
      return false;
    }
    Verdict verdict = opened.judgeUnreadable(opened.policy(), reason);
    if (verdict.decision() == Decision.ALLOW) {
      carry(verdict, later -> opened.judgeUnreadable(later, reason));
    } else {
      Records.connection(opened, verdict, how);
      close();
    }
    return true;
  }

  @Override
  protected long reads() {
    return 0;
  }
}
