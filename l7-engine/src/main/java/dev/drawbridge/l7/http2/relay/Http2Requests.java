package dev.drawbridge.l7.http2.relay;

import dev.drawbridge.l7.AccessRecord;
import dev.drawbridge.l7.http.Refusal;
import dev.drawbridge.l7.http1.Fault;
import dev.drawbridge.l7.http2.AnswerFields;
import dev.drawbridge.l7.http2.Breach;
import dev.drawbridge.l7.http2.ErrorCode;
import dev.drawbridge.l7.http2.Field;
import dev.drawbridge.l7.http2.FieldList;
import dev.drawbridge.l7.http2.RequestFields;
import dev.drawbridge.l7.http2.RequestFields.Grpc;
import dev.drawbridge.l7.relay.Opened;
import dev.drawbridge.l7.relay.Recorded;
import dev.drawbridge.l7.relay.Relay;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.RuleInfo;
import dev.drawbridge.policy.Verdict;
import dev.drawbridge.policy.ask.Lack;
import dev.drawbridge.policy.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** The requests of one HTTP/2 connection: read, judge, send on or refuse, record. */
final class Http2Requests {
  /** How long a head waits for the first of its body. */
  private static final long HOLD_NANOS = 500_000_000L;

  private final Http2Client client;
  private final Relay relay;
  private final Opened opened;
  private final RequestFields reading = new RequestFields();
  private final Http2Target target;

  Http2Requests(Http2Client client) {
    this.client = client;
    this.relay = client.relay;
    this.opened = client.opened();
    this.target = new Http2Target(opened.loop(), opened.port());
  }

  /** Bytes of memory that are remembered between requests. */
  long holds() {
    return target.remembers();
  }

  // Requests.

  /** Takes a request's section. */
  void begin(Http2Stream stream, boolean end, FieldList fields) throws Breach {
    try {
      read(stream, end, fields);
    } finally {
      reading.clear();
      target.done();
    }
  }

  private void read(Http2Stream stream, boolean end, FieldList fields) throws Breach {
    String wrong = reading.read(fields, end);
    stream.method = Recorded.method(reading.methodText());
    stream.path = Recorded.path(reading.pathText());
    if (fields.tooLarge()) {
      refuse(stream, Fault.HEAD_LENGTH);
      return;
    }
    if (wrong != null) {
      throw Breach.ofStream(stream.id, ErrorCode.PROTOCOL_ERROR, wrong);
    }
    stream.head = reading.method().is("HEAD");
    stream.grpc = reading.grpc();
    if (stream.grpc != Grpc.NO) {
      Field type = reading.contentType();
      stream.grpcType = Http2Refusal.answerType(stream.grpc, type == null ? "" : type.text());
    }
    Fault fault = reading.connect() ? Fault.CONNECT : reading.secure() ? Fault.SCHEME : null;
    if (fault == null) {
      fault = target.read(reading);
    }
    if (fault == null && stream.grpc == Grpc.YES && !reading.grpcPath()) {
      fault = Fault.TARGET;
    }
    if (fault != null) {
      refuse(stream, fault);
      return;
    }
    relay.requests.increment();
    stream.method = Recorded.method(target.method());
    stream.path = Recorded.path(target.path());
    FieldList kept = fields.copy();
    HttpRequest judged = target.request(kept);
    Policy policy = relay.policy();
    stream.verdict = opened.judge(policy, judged);
    boolean allowed = stream.verdict.decision() == Decision.ALLOW;
    client.judged(allowed);
    if (!allowed) {
      deny(stream, policy, opened.lack(policy, stream.verdict, judged));
      return;
    }
    stream.judged = judged;
    stream.heldHead = kept.holds() + target.holds();
    forward(stream, end, kept);
  }

  private void forward(Http2Stream stream, boolean end, FieldList fields) throws Breach {
    Http2Callee to = client.callee();
    if (stream.id > to.lastTaken()) {
      client.streams.notTaken(stream);
      return;
    }
    Http2Lane request = new Http2Lane(stream, client.streams, to.replies);
    request.ended = end;
    request.expected = end ? -1 : reading.contentLength();
    Http2Lane response = new Http2Lane(stream, to.replies, client.streams);
    if (stream.grpc == Grpc.YES) {
      response.watchMessages();
    }
    stream.callee = to;
    stream.request = request;
    stream.response = response;
    stream.fields = fields;
    stream.held = request.expected >= 0 && !reading.expects();
    to.offer(stream);
    to.openStreams();
  }

  /** Takes a section that comes after a request's. */
  void trailers(Http2Stream stream, boolean end, FieldList fields) throws Breach {
    if (stream.requestEnded) {
      throw Breach.ofStream(stream.id, ErrorCode.STREAM_CLOSED, "the request has ended");
    }
    String wrong =
        end ? AnswerFields.trailerFault(fields, true) : "a section is neither first nor last";
    if (wrong != null) {
      throw Breach.ofStream(stream.id, ErrorCode.PROTOCOL_ERROR, wrong);
    }
    stream.requestEnded = true;
    stream.headBytes += fields.bytes();
    if (!bearable(stream, fields)) {
      return;
    }
    Http2Lane lane = stream.request;
    if (lane != null && !lane.finished) {
      lane.end(fields);
      stream.held = false;
    }
  }

  /** Whether the request may go on with these fields too: some servers add them to the head. */
  private boolean bearable(Http2Stream stream, FieldList trailers) {
    HttpRequest judged = stream.judged;
    if (judged == null || stream.own || trailers.count() == 0) {
      return true;
    }
    Verdict verdict = opened.judge(relay.policy(), judged.and(trailers.copy()));
    stream.verdict = verdict;
    if (verdict.decision() == Decision.ALLOW) {
      return true;
    }
    relay.denied.increment();
    withdraw(stream, verdict.reason());
    return false;
  }

  // Refusals.

  private void deny(Http2Stream stream, Policy policy, @Nullable Lack lack) {
    relay.denied.increment();
    // Nothing will be said on it for as long as its client likes.
    opened.ahead().close();
    Verdict verdict = stream.verdict;
    answer(
        stream,
        403,
        "denied",
        verdict.reason().slug(),
        Refusal.message(verdict.reason(), lack),
        policy.rule(verdict.rule()).orElse(null),
        lack);
  }

  private void refuse(Http2Stream stream, Fault fault) {
    relay.malformed.increment();
    client.judged(false);
    stream.deniedBy(fault.reason());
    answer(
        stream,
        fault.status(),
        fault.reason() == Reason.HTTP_TOO_LARGE ? "too-large" : "malformed",
        fault.reason().slug(),
        fault.sentence(),
        null,
        null);
  }

  /** The callee failed before it answered. */
  void failed(Http2Stream stream, Ending how, String message) {
    if (stream.own) {
      return;
    }
    stream.ends(how);
    answer(stream, Refusal.status(how), "unavailable", how.slug(), message, null, null);
  }

  private void answer(
      Http2Stream stream,
      int status,
      String error,
      String reason,
      String message,
      @Nullable RuleInfo rule,
      @Nullable Lack lack) {
    client.streams.answeredOwn(stream.id);
    stream.own = true;
    stream.answerBegun = true;
    stream.requestId = relay.nextRequestId();
    if (stream.request != null) {
      stream.request.drop();
    }
    if (stream.response != null) {
      stream.response.drop();
    }
    Http2Lane response = new Http2Lane(stream, null, client.streams);
    stream.response = response;
    if (stream.grpc != Grpc.NO) {
      stream.status = 200;
      stream.grpcStatus = Http2Refusal.grpcStatus(status);
      FieldList fields = Http2Refusal.trailersOnly(stream, status, grpcMessage(status, message));
      stream.answerHeadBytes = fields.bytes();
      client.out.ownSection(stream.id, true, fields);
      response.finished = true;
      client.streams.laneFinished(stream, response);
      return;
    }
    stream.status = status;
    Refusal refusal =
        new Refusal(
            status,
            error,
            reason,
            message,
            rule,
            lack,
            relay.names.nameOf(opened.origin().caller()),
            relay.names.nameOf(opened.origin().callee()),
            stream.requestId);
    byte[] body = refusal.body().getBytes(StandardCharsets.UTF_8);
    FieldList fields = Http2Refusal.head(refusal, body.length);
    stream.answerHeadBytes = fields.bytes();
    client.out.ownSection(stream.id, stream.head, fields);
    if (stream.head) {
      response.finished = true;
      client.streams.laneFinished(stream, response);
    } else {
      response.own(body);
    }
  }

  /** A denial says nothing of the policy: whoever calls by gRPC may be anybody's library. */
  private static String grpcMessage(int status, String message) {
    return status == 403 ? "denied" : message;
  }

  // Policy.

  /** Judges an open stream by another policy. */
  void judgeAgain(Http2Stream stream, Policy policy) {
    var judged = stream.judged;
    if (judged == null || stream.own) {
      return;
    }
    Verdict verdict = opened.judge(policy, judged);
    if (verdict.decision() != Decision.ALLOW) {
      deniedLate(stream, verdict);
    }
  }

  /** What was allowed is not any more. */
  void deniedLate(Http2Stream stream, Verdict verdict) {
    if (stream.own) {
      return;
    }
    opened.deniedLate();
    stream.verdict = Opened.late(verdict);
    withdraw(stream, Reason.LATE_DENY);
  }

  /** Takes back what was sent on. */
  private void withdraw(Http2Stream stream, Reason reason) {
    stream.resetCallee(ErrorCode.CANCEL);
    Http2Lane response = stream.response;
    if (!stream.answerBegun) {
      answer(stream, 403, "denied", reason.slug(), reason.sentence(), null, null);
    } else if (response != null && !response.ended && response.betweenMessages()) {
      stream.own = true;
      stream.requestId = relay.nextRequestId();
      stream.grpcStatus = Http2Refusal.grpcStatus(403);
      FieldList fields = Http2Refusal.trailers(stream, 403, grpcMessage(403, ""));
      client.out.ownSection(stream.id, true, fields);
      if (stream.request != null) {
        stream.request.drop();
      }
      response.drop();
      client.streams.laneFinished(stream, response);
    } else {
      stream.ends(Ending.RESET);
      client.streams.reset(stream, ErrorCode.CANCEL);
    }
  }

  // Time.

  void tick(Http2Stream stream, long now) {
    long quiet = now - stream.touched;
    Http2Lane request = stream.request;
    if (stream.held && quiet > HOLD_NANOS) {
      // It takes its time; whoever waits for the head may have it.
      stream.held = false;
    }
    if (quiet > relay.limits.idleTimeout().toNanos()) {
      end(stream);
    } else if (stream.own) {
      if (quiet > relay.limits.bodyTimeout().toNanos()) {
        end(stream);
      }
    } else if (stream.answerBegun || stream.patient() || request == null) {
      // It lasts as long as the two of them like.
    } else if (!stream.requestEnded) {
      if (request.empty() && beyond(quiet, relay.limits.bodyTimeout())) {
        relay.malformed.increment();
        late(stream, Ending.TIMED_OUT, "timeout", "the request did not arrive in time");
      }
    } else if (beyond(quiet, relay.limits.answerTimeout())) {
      relay.upstreamFailures.increment();
      late(stream, Ending.UPSTREAM_TIMEOUT, "unavailable", "the callee did not answer in time");
    }
  }

  private static boolean beyond(long nanos, Duration limit) {
    return nanos > limit.toNanos();
  }

  private void late(Http2Stream stream, Ending how, String error, String message) {
    stream.resetCallee(ErrorCode.CANCEL);
    stream.ends(how);
    answer(stream, Refusal.status(how), error, how.slug(), message, null, null);
  }

  private void end(Http2Stream stream) {
    stream.resetCallee(ErrorCode.CANCEL);
    stream.ends(Ending.TIMED_OUT);
    client.streams.reset(stream, ErrorCode.CANCEL);
  }

  // Records.

  /** The one record of a stream that is over. */
  void record(Http2Stream stream) {
    Http2Lane request = stream.request;
    Http2Lane response = stream.response;
    relay.record(
        new AccessRecord(
            stream.requestId.isEmpty() ? relay.nextRequestId() : stream.requestId,
            stream.at,
            System.nanoTime() - stream.startNanos,
            opened.origin().caller(),
            opened.origin().callee(),
            opened.channel().remoteAddress(),
            opened.origin().destination(),
            stream.asked(),
            stream.headBytes + (request == null ? 0 : request.seen),
            stream.answerHeadBytes + (response == null ? 0 : response.sent),
            stream.verdict,
            stream.ending));
  }
}
