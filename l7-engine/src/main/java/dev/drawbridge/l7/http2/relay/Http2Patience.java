package dev.drawbridge.l7.http2.relay;

import dev.drawbridge.l7.EngineLimits;
import dev.drawbridge.l7.http2.ErrorCode;
import java.time.Duration;

/** How long a client that speaks HTTP/2 is waited for, by what it has shown of itself. */
final class Http2Patience {
  private final Http2Streams streams;
  private final EngineLimits limits;
  private final long begunNanos = System.nanoTime();
  private long partialSince = Long.MAX_VALUE;
  private int refusals;
  private boolean allowedBefore;

  Http2Patience(Http2Streams streams) {
    this.streams = streams;
    this.limits = streams.relay.limits;
  }

  /** All that came at once has been read. */
  void read(long nowNanos) {
    boolean within = streams.withinFrame();
    if (!within || streams.withinData()) {
      partialSince = Long.MAX_VALUE;
    }
    if (within && partialSince == Long.MAX_VALUE) {
      partialSince = nowNanos;
    }
  }

  /** A request was judged; whether too many in a row were refused. */
  boolean judged(boolean allowed) {
    allowedBefore |= allowed;
    refusals = allowed ? 0 : refusals + 1;
    return refusals >= limits.refusals();
  }

  /** Whether something was allowed, and what was asked last too. */
  boolean trusted() {
    return allowedBefore && refusals == 0;
  }

  /** The code with which its slowness ends the connection; {@link ErrorCode#NO_ERROR} for none. */
  int late(long nowNanos) {
    if (partialSince != Long.MAX_VALUE) {
      Duration patience = streams.withinData() ? limits.bodyTimeout() : limits.headTimeout();
      if (nowNanos - partialSince > patience.toNanos()) {
        return ErrorCode.ENHANCE_YOUR_CALM;
      }
    }
    return streams.waitsForSettings() && nowNanos - begunNanos > limits.headTimeout().toNanos()
        ? ErrorCode.SETTINGS_TIMEOUT
        : ErrorCode.NO_ERROR;
  }

  /** Whether nothing was asked for longer than it may be. */
  boolean idle(long nowNanos) {
    Duration idle = trusted() ? limits.idleTimeout() : limits.refusedIdleTimeout();
    return streams.idleFor(nowNanos) > idle.toNanos();
  }
}
