package dev.drawbridge.l7.relay;

import dev.drawbridge.l7.Asked;
import dev.drawbridge.l7.http1.AskedHttp1;
import dev.drawbridge.l7.http1.RequestHead;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.Verdict;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** One request and its answer. A connection has one at a time, and uses the object again. */
final class Exchange {
  private static final Verdict UNJUDGED =
      new Verdict(Decision.DENY, Reason.INCOMPLETE, 0, 0, false);

  /** Between the first byte of a request and its record. */
  boolean active;

  /** Judged and on its way to the callee. */
  boolean sent;

  boolean requestDone;
  boolean answerBegun;
  boolean answerDone;

  /** Requests refused since one was allowed. */
  int refusals;

  /** Whether anything was allowed on the connection. */
  boolean allowedBefore;

  /** No further request on the connection. */
  boolean last;

  /** The request is HEAD: its answer has no body. */
  boolean bodiless;

  boolean websocket;

  int minorVersion;
  int interimAnswers;
  int status;
  long requestBytes;
  long responseBytes;
  long startNanos;
  Instant at = Instant.EPOCH;
  String requestId = "";
  String method = "";
  String path = "";
  Verdict verdict = UNJUDGED;
  Ending ending = Ending.COMPLETED;

  /** What it is if it is no request of HTTP/1. */
  private @Nullable Asked other;

  void begin(long nowNanos) {
    active = true;
    sent = false;
    requestDone = false;
    answerBegun = false;
    answerDone = false;
    last = false;
    bodiless = false;
    websocket = false;
    minorVersion = 1;
    interimAnswers = 0;
    status = 0;
    requestBytes = 0;
    responseBytes = 0;
    startNanos = nowNanos;
    at = Instant.now();
    requestId = "";
    method = "";
    path = "";
    verdict = UNJUDGED;
    ending = Ending.COMPLETED;
    other = null;
  }

  /** It is no request of HTTP/1. */
  void is(Asked something) {
    other = something;
  }

  /** What the record is about. */
  Asked asked() {
    Asked something = other;
    return something == null ? new AskedHttp1(method, path, status) : something;
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

  /** The head is there, readable or not. */
  void name(RequestHead head) {
    method = Recorded.method(head.method());
    path = Recorded.path(head.path());
    bodiless = head.isHead();
    minorVersion = head.minorVersion();
  }
}
