package dev.drawbridge.l7.http1.relay;

import dev.drawbridge.l7.Asked;
import dev.drawbridge.l7.http1.AskedHttp1;
import dev.drawbridge.l7.http1.RequestHead;
import dev.drawbridge.l7.relay.Exchange;
import dev.drawbridge.l7.relay.Recorded;
import java.util.List;

/** One request and its answer. A connection has one at a time, and uses the object again. */
final class Http1Exchange extends Exchange {
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

  /** The client has said so, and the callee was told: RFC 9112 section 9.6. */
  boolean closeAsked;

  /** The request is HEAD: its answer has no body. */
  boolean bodiless;

  /** What the request may become, in lower case. */
  List<String> upgrades = List.of();

  int minorVersion;
  int interimBytes;
  int status;
  String method = "";
  String path = "";

  Http1Exchange() {
    super(new AskedHttp1("", "", 0));
  }

  @Override
  protected void begins() {
    sent = false;
    requestDone = false;
    answerBegun = false;
    answerDone = false;
    last = false;
    closeAsked = false;
    bodiless = false;
    upgrades = List.of();
    minorVersion = 1;
    interimBytes = 0;
    status = 0;
    method = "";
    path = "";
  }

  @Override
  protected Asked asked(Asked last) {
    return new AskedHttp1(method, path, status);
  }

  /** Whether nothing on the connection has been judged before it. */
  boolean first() {
    return !allowedBefore && refusals == 0;
  }

  /** The head is there, readable or not. */
  void name(RequestHead head) {
    method = Recorded.method(head.method());
    path = Recorded.path(head.path());
    bodiless = head.isHead();
    minorVersion = head.minorVersion();
  }
}
