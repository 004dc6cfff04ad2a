package dev.drawbridge.l7.relay;

import dev.drawbridge.l7.http1.RequestHead;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.Verdict;
import java.time.Instant;

/** One request and its answer. A connection has one at a time, and uses the object again. */
final class Exchange {
  private static final Verdict UNJUDGED = new Verdict(Decision.DENY, Reason.NOT_HTTP, 0, 0, false);

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

  /** A TLS connection rather than a request. */
  boolean tls;

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

  void begin(long nowNanos) {
    active = true;
    sent = false;
    requestDone = false;
    answerBegun = false;
    answerDone = false;
    last = false;
    bodiless = false;
    websocket = false;
    tls = false;
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
  }

  /** The head is there, readable or not. */
  void name(RequestHead head) {
    method = Recorded.method(head.method());
    path = Recorded.path(head.path());
    bodiless = head.isHead();
    minorVersion = head.minorVersion();
  }
}
