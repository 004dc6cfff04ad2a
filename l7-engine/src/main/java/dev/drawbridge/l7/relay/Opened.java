package dev.drawbridge.l7.relay;

import dev.drawbridge.l7.ConnectionOrigin;
import dev.drawbridge.l7.EngineLimits;
import dev.drawbridge.l7.LearnedNames;
import dev.drawbridge.l7.share.Holding;
import dev.drawbridge.l7.share.Pace;
import dev.drawbridge.l7.share.Share;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Peers;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.Verdict;
import dev.drawbridge.policy.ask.Lack;
import dev.drawbridge.policy.read.Ask;
import dev.drawbridge.policy.read.Protocol;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.socket.SocketChannel;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/**
 * A client connection that was claimed, admitted and found to need reading: what all legs share.
 */
public record Opened(
    Loop loop,
    Relay relay,
    SocketChannel channel,
    OnwardSource source,
    ConnectionOrigin origin,
    Share share,
    Holding holding,
    Pace pace,
    DialledAhead ahead) {
  /** Protocol number of TCP. */
  private static final int TCP = 6;

  /** Who takes room that others need. */
  public static final Verdict LIMIT = new Verdict(Decision.DENY, Reason.LIMIT, 0, 0, false);

  /** What was allowed is not any more, by that verdict. */
  public static Verdict late(Verdict by) {
    return new Verdict(Decision.DENY, Reason.LATE_DENY, by.generation(), by.rule(), false);
  }

  /** The policy in force; whoever judges reads it once. */
  public Policy policy() {
    return relay.policy();
  }

  public EngineLimits limits() {
    return relay.limits;
  }

  public LearnedNames learned() {
    return relay.learned;
  }

  public ByteBufAllocator allocator() {
    return relay.allocator;
  }

  /** From now on that goes on when the connection's turn to be read has come again. */
  public void serves(Runnable goOn) {
    pace.serves(goOn);
  }

  /** Pays for the time that was taken; whether what is left has to wait for its turn. */
  public boolean lap() {
    boolean _ = pace.lap();
    return pace.waits();
  }

  /** Whether it waits for its turn. */
  public boolean waits() {
    return pace.waits();
  }

  /** Something was read and judged. */
  public void asked(boolean allowed) {
    relay.requests.increment();
    if (!allowed) {
      relay.denied.increment();
    }
  }

  /** What was allowed failed behind the engine. */
  public void calleeFailed() {
    relay.upstreamFailures.increment();
  }

  /** What was allowed once is not any more. */
  public void deniedLate() {
    relay.lateDenied.increment();
  }

  /** Puts a conversation where another was. */
  public void replace(Conversation from, Conversation to) {
    loop.replace(from, to);
    channel.pipeline().replace(from, "leg", to);
  }

  /** The channel is inactive: gives back the place in the loop and under the limits. Once. */
  public void left(Connection connection) {
    loop.leave(connection);
    ahead.close();
    holding.is(0);
    relay.release();
    relay.ledger.leave(share);
  }

  /** A connection that no share is known for yet. */
  public static Opened unclaimed(Loop loop, SocketChannel channel, OnwardSource source) {
    return of(
        loop,
        channel,
        source,
        new ConnectionOrigin(0, 0, channel.localAddress(), false),
        new Share(0, null, loop.index + 1));
  }

  public static Opened of(
      Loop loop, SocketChannel channel, OnwardSource source, ConnectionOrigin origin, Share share) {
    return new Opened(
        loop,
        loop.relay,
        channel,
        source,
        origin,
        share,
        new Holding(loop.relay.ledger, share),
        new Pace(loop.turns, share.time(loop.index, loop.turns), channel),
        new DialledAhead());
  }

  /** Measures what the connection holds; may end it, or others, if all hold too much. */
  public void measure(Connection connection) {
    if (remeasure(connection)) {
      loop.reclaim();
    }
  }

  /** Only measures; whether it has grown beyond what all together may hold. */
  public boolean remeasure(Connection connection) {
    boolean gone = connection.standing() == Connection.Standing.GONE;
    return holding.is(gone ? 0 : connection.holds() + ahead.holds());
  }

  /** A pace for the onward channel of the connection: the caller's share pays for it too. */
  Pace onward(Channel to) {
    return new Pace(loop.turns, share.time(loop.index, loop.turns), to);
  }

  /**
   * Who calls, by this policy: which address ranges have a number of their own may have changed
   * since the connection began.
   */
  int caller(Policy policy) {
    return policy.peerAgain(origin.caller(), channel.remoteAddress().getAddress());
  }

  /** Who is called, likewise. */
  int callee(Policy policy) {
    InetAddress address = origin.destination().getAddress();
    return policy.peerAgain(learned().again(origin.caller(), origin.callee(), address), address);
  }

  public int port() {
    return origin.destination().getPort();
  }

  /** Whether the connection is allowed, denied, or to be read. */
  public Verdict judge(Policy policy) {
    int callee = callee(policy);
    Verdict verdict = policy.l4(caller(policy), callee, TCP, port());
    if (verdict.decision() == Decision.ENGINE && source.rewritten() && !Peers.isEndpoint(callee)) {
      // The kernel refuses it at connect; it did not know yet when this one was on its way.
      return new Verdict(
          Decision.DENY, Reason.CALLER_REWRITES, verdict.generation(), verdict.rule(), false);
    }
    return verdict;
  }

  /** Whether rules about the connection's port speak of that protocol. */
  public boolean speaks(Protocol protocol) {
    Policy now = policy();
    return now.speaks(caller(now), callee(now), TCP, port()).contains(protocol);
  }

  /** The verdict on bytes that cannot be judged. */
  public Verdict judgeUnreadable(Policy policy, Reason reason) {
    return policy.undecodable(caller(policy), callee(policy), port(), reason);
  }

  /** The verdict on what was read. */
  public Verdict judge(Policy policy, Ask ask) {
    return policy.judge(caller(policy), callee(policy), port(), ask);
  }

  /** What a refusal for want of a rule says; null for any other reason. */
  public @Nullable Lack lack(Policy policy, Verdict verdict, Ask ask) {
    return verdict.reason() == Reason.NO_RULE
        ? Lack.of(policy, caller(policy), callee(policy), port(), ask)
        : null;
  }
}
