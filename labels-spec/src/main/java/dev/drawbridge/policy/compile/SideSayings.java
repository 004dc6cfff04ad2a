package dev.drawbridge.policy.compile;

import dev.drawbridge.policy.Direction;
import dev.drawbridge.policy.Mode;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.kernel.L4Verdict;
import dev.drawbridge.policy.read.Ask;
import dev.drawbridge.policy.read.ProtocolRules;
import dev.drawbridge.policy.read.Saying;
import org.jspecify.annotations.Nullable;

/**
 * What one side of a connection says to it, packed into a number so that judging allocates nothing.
 * A side is null where nobody has rules: the host, the world, address ranges.
 */
public final class SideSayings {
  private SideSayings() {}

  /** Whether it is a denial. */
  public static boolean denies(long saying) {
    return Saying.is(L4Verdict.DENY, saying);
  }

  /** Whether an engine is to judge. */
  public static boolean needsEngine(long saying) {
    return Saying.is(L4Verdict.ENGINE, saying);
  }

  /**
   * What counts of what a side says: in audit mode a denial is no more than the host makes of it.
   */
  public static long hostSayso(
      @Nullable Side side, long says, int peer, int protocol, int port, @Nullable Ask ask) {
    return side == null || side.mode != Mode.AUDIT || !denies(says)
        ? says
        : said(side, hostSpan(side, peer, protocol, port, ask), ask);
  }

  /** What the host's rules alone make of it; only asked in audit mode. */
  public static JudgedSpan hostSpan(
      @Nullable Side side, int peer, int protocol, int port, @Nullable Ask ask) {
    if (side == null || !side.guardedByHost()) {
      return JudgedSpan.OPEN;
    }
    PeerPolicy host = side.forPeer(peer).host();
    if (host == null) {
      return JudgedSpan.OPEN;
    }
    return ask != null && isGiven(side, ask)
        ? host.given(ask.protocol(), protocol, port, side.allows(ask.protocol(), true))
        : host.find(protocol, port);
  }

  /** What one side says, packed into a number so that judging allocates nothing. */
  public static long sayso(
      @Nullable Side side, int peer, int protocol, int port, @Nullable Ask ask) {
    return said(side, span(side, peer, protocol, port, ask), ask);
  }

  private static long said(@Nullable Side side, JudgedSpan span, @Nullable Ask ask) {
    if (side == null || !span.needsEngine()) {
      return Saying.of(span.verdict(), span.reason(), span.rule());
    }
    if (ask == null) {
      return Saying.of(L4Verdict.ENGINE, Reason.NEEDS_ENGINE, span.rule());
    }
    ProtocolRules rules = span.rules(ask.protocol());
    return rules == null
        ? Saying.deny(span.foreign(ask.protocol()), span.rule())
        : rules.judge(ask);
  }

  /** Whoever was given whom he asks needs no rule to reach it, on his own side. */
  private static boolean isGiven(Side side, @Nullable Ask ask) {
    return ask != null && ask.isGiven() && side.direction == Direction.EGRESS;
  }

  /** The rules of one side that are about this, with what was given. */
  public static JudgedSpan span(
      @Nullable Side side, int peer, int protocol, int port, @Nullable Ask ask) {
    if (side == null || !side.guarded() || ask == null || !isGiven(side, ask)) {
      return span(side, peer, protocol, port);
    }
    return side.forPeer(peer)
        .given(ask.protocol(), protocol, port, side.allows(ask.protocol(), false));
  }

  /** The rules of one side that are about this. */
  public static JudgedSpan span(@Nullable Side side, int peer, int protocol, int port) {
    if (side == null || !side.guarded()) {
      return JudgedSpan.OPEN;
    }
    return side.forPeer(peer).find(protocol, port);
  }
}
