package dev.drawbridge.l7.http2.relay;

import dev.drawbridge.l7.http2.Breach;
import dev.drawbridge.l7.http2.ErrorCode;
import dev.drawbridge.l7.relay.Relay;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Reason;

/**
 * What becomes of a client's streams when the callee fails them. Nothing is asked twice, and
 * nothing that is cut short ends like something whole.
 */
final class Http2Failures {
  private final Http2Client client;
  private final Http2Requests requests;
  private final Relay relay;

  Http2Failures(Http2Client client) {
    this.client = client;
    this.requests = client.requests;
    this.relay = client.relay;
  }

  /** How what is refused for that reason ends. */
  static Ending ending(Reason reason) {
    return switch (reason) {
      case LIMIT -> Ending.LIMIT;
      case HTTP_TIMEOUT -> Ending.TIMED_OUT;
      default -> Ending.RESET;
    };
  }

  /** There is no connection: every request to it is answered so. */
  void failed(Http2Callee from, Ending how, String message) {
    client.forget(from);
    for (Http2Stream stream : client.streams.of(from)) {
      relay.upstreamFailures.increment();
      requests.failed(stream, how, message);
    }
    client.flush();
  }

  /** The callee's connection has ended. */
  void gone(Http2Callee from) {
    boolean current = client.goesTo(from);
    client.forget(from);
    for (Http2Stream stream : client.streams.of(from)) {
      lost(stream, ErrorCode.INTERNAL_ERROR);
    }
    if (current) {
      client.drain(ErrorCode.NO_ERROR, client.streams.lastDone(Http2Client.ANY_STREAM));
    }
    client.flush();
  }

  private void lost(Http2Stream stream, int code) {
    Http2Lane response = stream.response;
    if (response != null && response.ended) {
      done(stream);
      return;
    }
    relay.upstreamFailures.increment();
    if (stream.answerBegun) {
      stream.ends(Ending.UPSTREAM_BROKEN);
      client.streams.reset(stream, code);
    } else {
      requests.failed(
          stream, Ending.UPSTREAM_BROKEN, "the callee closed the connection without an answer");
    }
  }

  /** The callee has answered and wants no more of the request. */
  private void done(Http2Stream stream) {
    stream.calleeDone = true;
    Http2Lane request = stream.request;
    Http2Lane response = stream.response;
    if (request != null) {
      request.drop();
    }
    if (response != null && response.finished) {
      client.streams.laneFinished(stream, response);
    }
  }

  /** The callee reset a stream. */
  void reset(Http2Stream stream, int code) {
    Http2Lane response = stream.response;
    if (stream.own || (response != null && response.ended && code == ErrorCode.NO_ERROR)) {
      done(stream);
      return;
    }
    relay.upstreamFailures.increment();
    stream.ends(Ending.UPSTREAM_BROKEN);
    client.streams.reset(stream, code);
  }

  /** The callee broke the protocol on a stream. */
  void broke(Http2Stream stream, Breach breach) {
    stream.resetCallee(breach.code());
    relay.upstreamFailures.increment();
    if (stream.answerBegun) {
      stream.ends(Ending.UPSTREAM_BROKEN);
      client.streams.reset(stream, ErrorCode.INTERNAL_ERROR);
    } else {
      requests.failed(stream, Ending.UPSTREAM_BROKEN, "the callee's answer is not readable HTTP/2");
    }
  }

  /** The callee takes no stream beyond that one. */
  void goesAway(Http2Callee from, int last, int code) {
    for (Http2Stream stream : client.streams.of(from)) {
      if (stream.id > last && !stream.own) {
        // Not processed, says the callee; so the client may ask again, elsewhere or later.
        relay.upstreamFailures.increment();
        stream.ends(Ending.UPSTREAM_REFUSED);
        client.streams.reset(stream, ErrorCode.REFUSED_STREAM);
      }
    }
    if (!client.goesTo(from)) {
      return;
    }
    if (last == Http2Client.ANY_STREAM) {
      client.announceEnd(code);
    } else {
      client.drain(code, client.streams.lastDone(last));
    }
  }
}
