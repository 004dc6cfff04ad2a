package dev.drawbridge.l7.relay;

import dev.drawbridge.l7.AccessRecord;
import dev.drawbridge.l7.Asked;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Verdict;
import java.time.Instant;

/** Writes the records of one connection: one for each request, and one for its own refusal. */
public final class Records {
  private static final Asked CONNECTION = new Asked.Connection();

  private final Opened opened;
  private final Exchange exchange;

  public Records(Opened opened, Exchange exchange) {
    this.opened = opened;
    this.exchange = exchange;
  }

  /** The one record of the current request; nothing if it has been written. */
  public void exchange() {
    if (exchange.active) {
      exchange.active = false;
      opened
          .relay()
          .record(
              new AccessRecord(
                  exchange.requestId.isEmpty()
                      ? opened.relay().nextRequestId()
                      : exchange.requestId,
                  exchange.at,
                  System.nanoTime() - exchange.startNanos,
                  opened.origin().caller(),
                  opened.origin().callee(),
                  opened.channel().remoteAddress(),
                  opened.origin().destination(),
                  exchange.asked(),
                  exchange.requestBytes,
                  exchange.responseBytes,
                  exchange.verdict,
                  exchange.ending));
    }
  }

  /** The same, ended so; what it met before counts. */
  public void exchange(Ending how) {
    exchange.ends(how);
    exchange();
  }

  /**
   * The connection ends by this verdict, and with it what has begun: that keeps the verdict that
   * policy gave on it.
   */
  void connection(Verdict verdict, Ending how) {
    if (!exchange.active) {
      connection(opened, verdict, how);
      return;
    }
    if (!exchange.judged()) {
      exchange.verdict = verdict;
    }
    exchange(how);
  }

  /** What has begun is denied by another policy than the one that allowed it. */
  public void revoked(Verdict verdict) {
    if (exchange.active) {
      exchange.verdict = verdict;
      exchange(Ending.RESET);
    } else {
      connection(opened, verdict, Ending.RESET);
    }
  }

  /** The record of a connection on which nothing has begun. */
  public static void connection(Opened opened, Verdict verdict, Ending how) {
    opened
        .relay()
        .record(
            new AccessRecord(
                opened.relay().nextRequestId(),
                Instant.now(),
                0,
                opened.origin().caller(),
                opened.origin().callee(),
                opened.channel().remoteAddress(),
                opened.origin().destination(),
                CONNECTION,
                0,
                0,
                verdict,
                how));
  }
}
