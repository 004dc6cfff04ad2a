package dev.drawbridge.l7.relay;

import dev.drawbridge.l7.Asked;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.Verdict;
import java.time.Instant;

/** What a record is made of, while it lasts: something that was asked, and what became of it. */
public sealed class Exchange permits Http1Exchange {
  static final Verdict UNJUDGED = new Verdict(Decision.DENY, Reason.INCOMPLETE, 0, 0, false);

  /** Between its first byte and its record. */
  boolean active;

  long requestBytes;
  long responseBytes;
  long startNanos;
  Instant at = Instant.EPOCH;
  String requestId = "";
  Verdict verdict = UNJUDGED;
  Ending ending = Ending.COMPLETED;
  private Asked asked;

  Exchange(Asked asked) {
    this.asked = asked;
  }

  /** Begins now with what is known of it. */
  public static Exchange begun(Asked asked) {
    Exchange begun = new Exchange(asked);
    begun.begin(System.nanoTime());
    return begun;
  }

  /** For an end whose requests have exchanges of their own: it leaves no record itself. */
  public static Exchange none() {
    return new Exchange(new Asked.Connection());
  }

  void begin(long nowNanos) {
    active = true;
    requestBytes = 0;
    responseBytes = 0;
    startNanos = nowNanos;
    at = Instant.now();
    requestId = "";
    verdict = UNJUDGED;
    ending = Ending.COMPLETED;
  }

  /** What it is, now that it is known. */
  public void is(Asked something) {
    asked = something;
  }

  /** What the record is about. */
  Asked asked() {
    return asked;
  }

  public void judged(Verdict by) {
    verdict = by;
  }

  /** Bytes that went by until now. */
  public void carried(long fromClient, long toClient) {
    requestBytes = fromClient;
    responseBytes = toClient;
  }

  /** Whether policy was asked. */
  boolean judged() {
    return verdict.generation() != 0;
  }

  /** How it ends; what it met first counts. */
  void ends(Ending how) {
    if (ending == Ending.COMPLETED) {
      ending = how;
    }
  }
}
