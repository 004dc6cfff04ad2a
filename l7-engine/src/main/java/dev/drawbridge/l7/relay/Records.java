package dev.drawbridge.l7.relay;

import dev.drawbridge.l7.AccessRecord;
import dev.drawbridge.policy.Verdict;
import java.time.Instant;

/** Writes the records of one connection: one for each request, and one for its own refusal. */
final class Records {
  private final Opened opened;
  private final Exchange exchange;

  Records(Opened opened, Exchange exchange) {
    this.opened = opened;
    this.exchange = exchange;
  }

  /** The one record of the current request; nothing if it has been written. */
  void exchange() {
    if (exchange.active) {
      exchange.active = false;
      write(exchange.at, System.nanoTime() - exchange.startNanos, exchange.verdict, exchange);
    }
  }

  /** What has begun is refused by this verdict, by more than an end. */
  void refusal(Verdict verdict) {
    exchange.verdict = verdict;
    exchange();
  }

  /** The connection ends by this verdict, and with it a request that has begun. */
  void connection(Verdict verdict) {
    if (exchange.active) {
      exchange.verdict = verdict;
      exchange.status = 0;
      exchange();
    } else {
      write(Instant.now(), 0, verdict, new Exchange());
    }
  }

  private void write(Instant at, long durationNanos, Verdict verdict, Exchange of) {
    opened
        .relay()
        .record(
            new AccessRecord(
                of.requestId.isEmpty() ? opened.relay().nextRequestId() : of.requestId,
                at,
                durationNanos,
                opened.origin().caller(),
                opened.origin().callee(),
                opened.channel().remoteAddress(),
                opened.origin().destination(),
                of.tls ? "tls" : "http",
                of.method,
                of.path,
                of.status,
                of.requestBytes,
                of.responseBytes,
                verdict.decision(),
                verdict.reason(),
                verdict.rule(),
                verdict.generation(),
                verdict.audited()));
  }
}
