package dev.drawbridge.l7.relay;

import dev.drawbridge.l7.Asked;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.Verdict;
import java.time.Instant;

/** What a record is made of, while it lasts: something that was asked, and what became of it. */
public abstract class Exchange {
  static final Verdict UNJUDGED = new Verdict(Decision.DENY, Reason.INCOMPLETE, 0, 0, false);

  /** Between its first byte and its record. */
  public boolean active;

  public long requestBytes;
  public long responseBytes;
  long startNanos;
  Instant at = Instant.EPOCH;
  public String requestId = "";
  public Verdict verdict = UNJUDGED;
  Ending ending = Ending.COMPLETED;
  private Asked asked;

  protected Exchange(Asked asked) {
    this.asked = asked;
  }

  /** One that is what was said of it last. */
  private static final class Plain extends Exchange {
    Plain(Asked asked) {
      super(asked);
    }

    @Override
    protected void begins() {
      // Nothing more is known of it.
    }

    @Override
    protected Asked asked(Asked last) {
      return last;
    }
  }

  /** Begins now with what is known of it. */
  public static Exchange begun(Asked asked) {
    Exchange begun = new Plain(asked);
    begun.begin(System.nanoTime());
    return begun;
  }

  /** For an end whose requests have exchanges of their own: it leaves no record itself. */
  public static Exchange none() {
    return new Plain(new Asked.Connection());
  }

  public final void begin(long nowNanos) {
    active = true;
    requestBytes = 0;
    responseBytes = 0;
    startNanos = nowNanos;
    at = Instant.now();
    requestId = "";
    verdict = UNJUDGED;
    ending = Ending.COMPLETED;
    begins();
  }

  /** Forgets what is known of the one before. */
  protected abstract void begins();

  /** What it is, now that it is known. */
  public final void is(Asked something) {
    asked = something;
  }

  /** What the record is about. */
  final Asked asked() {
    return asked(asked);
  }

  /** What it is by now, and what was said of it last. */
  protected abstract Asked asked(Asked last);

  public final void judged(Verdict by) {
    verdict = by;
  }

  /** Bytes that went by until now. */
  public final void carried(long fromClient, long toClient) {
    requestBytes = fromClient;
    responseBytes = toClient;
  }

  /** Whether policy was asked. */
  public final boolean judged() {
    return verdict.generation() != 0;
  }

  /** How it ends; what it met first counts. */
  public final void ends(Ending how) {
    if (ending == Ending.COMPLETED) {
      ending = how;
    }
  }
}
