package dev.drawbridge.l7.http1.relay;

import dev.drawbridge.l7.Asked;
import dev.drawbridge.l7.Stage;
import dev.drawbridge.l7.http.Refusal;
import dev.drawbridge.l7.http1.Fault;
import dev.drawbridge.l7.http1.Framing;
import dev.drawbridge.l7.http1.Head;
import dev.drawbridge.l7.http1.RequestHead;
import dev.drawbridge.l7.relay.Loop;
import dev.drawbridge.l7.relay.Outbox;
import dev.drawbridge.l7.relay.Relay;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.RuleInfo;
import dev.drawbridge.policy.Verdict;
import dev.drawbridge.policy.ask.Lack;
import dev.drawbridge.policy.http.GrpcContentType;
import dev.drawbridge.policy.http.Headers;
import dev.drawbridge.policy.http.HttpRequest;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * The requests of one connection, one after the other: read, judge, send on or refuse. The answer
 * to one ends before the next is looked at.
 */
final class Http1Requests {
  private final Http1Client leg;
  private final Http1Exchange exchange;
  private final Relay relay;
  private final Loop loop;
  private final RequestBody body;
  private final Http1Answers answers;
  private final KeptRequests kept = new KeptRequests();
  private @Nullable RequestHead head;

  Http1Requests(Http1Client leg) {
    this.leg = leg;
    this.exchange = leg.exchange;
    this.relay = leg.relay;
    this.loop = leg.loop;
    this.body = new RequestBody(loop);
    this.answers = new Http1Answers(leg);
  }

  /** Bytes of memory that the requests take. */
  long holds() {
    RequestHead reading = head;
    return kept.holds() + (reading == null ? 0 : reading.holds());
  }

  /** Takes some of the input in phases HEAD, BODY and DRAIN. */
  void take(ByteBuf in) {
    switch (leg.phase) {
      case HEAD -> readHead(in);
      case BODY -> readBody(in);
      case DRAIN -> drain(in);
      case ANSWER, TUNNEL -> throw new IllegalStateException(leg.phase.name());
    }
  }

  private void readHead(ByteBuf in) {
    RequestHead reading = head;
    if (reading == null) {
      reading = loop.borrowRequestHead();
      head = reading;
    }
    Head.Progress progress = reading.take(in);
    if (!exchange.active && (progress != Head.Progress.MORE || !reading.onlyEmptyLine())) {
      exchange.begin(System.nanoTime());
      leg.expectInputWithin(relay.limits.headTimeout());
    }
    switch (progress) {
      case MORE -> exchange.requestBytes = reading.size();
      case FAULT -> {
        exchange.requestBytes = reading.size();
        exchange.name(reading);
        unreadable(reading);
      }
      case DONE -> judge(reading);
    }
  }

  private void judge(RequestHead request) {
    relay.requests.increment();
    exchange.name(request);
    exchange.requestBytes = request.size();
    Policy policy = relay.policy();
    HttpRequest judged = request.request(leg.opened().port());
    exchange.verdict = leg.opened().judge(policy, judged);
    boolean allowed = exchange.verdict.decision() == Decision.ALLOW;
    exchange.allowedBefore |= allowed;
    exchange.refusals = allowed ? 0 : exchange.refusals + 1;
    exchange.closeAsked = request.closes() && request.upgrades().isEmpty();
    exchange.last =
        request.closes()
            || exchange.refusals >= relay.limits.refusals()
            || relay.stage() != Stage.SERVING;
    // Not this connection's any more, whatever ends it in between.
    head = null;
    if (!allowed) {
      deny(policy, request, leg.opened().lack(policy, exchange.verdict, judged));
    } else if (!carriesUnread(policy, request)) {
      forward(request, judged);
    }
    loop.giveBack(request);
  }

  /** Whether it is carried unread from here on: an upgrade that only audits let pass. */
  private boolean carriesUnread(Policy policy, RequestHead request) {
    if (!request.upgradesElsewhere() || !exchange.verdict.audited() || leg.callee() != null) {
      return false;
    }
    Verdict verdict = leg.opened().judgeUnreadable(policy, Reason.HTTP_UPGRADE);
    if (verdict.decision() != Decision.ALLOW) {
      return false;
    }
    leg.records.exchange();
    carry(request, verdict, Reason.HTTP_UPGRADE);
    return true;
  }

  private void forward(RequestHead request, HttpRequest judged) {
    Http1Callee before = leg.callee();
    Http1Callee callee = before == null ? leg.newCallee() : before;
    exchange.sent = true;
    exchange.upgrades = request.upgrades();
    kept.keep(request, judged);
    callee.send(
        loop.writer.request(
            request, relay.allocator, request.framing() == Framing.NONE ? 0 : Outbox.SMALL));
    beginBody(request, Http1Client.Phase.BODY, Long.MAX_VALUE);
    if (before == null) {
      // Last, because it may fail at once and end everything.
      callee.open();
    }
  }

  private void beginBody(RequestHead request, Http1Client.Phase phase, long bearable) {
    if (!body.begin(request, bearable)) {
      requestDone();
      return;
    }
    leg.phase = phase;
    leg.expectInputWithin(relay.limits.bodyTimeout());
  }

  private void readBody(ByteBuf in) {
    Http1Callee callee = leg.callee();
    if (callee == null) {
      throw new IllegalStateException("a body goes nowhere");
    }
    leg.expectInputWithin(relay.limits.bodyTimeout());
    int before = in.readableBytes();
    RequestBody.Step step = body.forward(in, callee.outbox, this::bearable);
    exchange.requestBytes += before - in.readableBytes();
    leg.opened().pace().moved(before - in.readableBytes());
    switch (step) {
      case MORE -> {}
      case END -> requestDone();
      case DENIED -> {
        relay.denied.increment();
        Verdict denied = exchange.verdict;
        refuse(
            403,
            denied.reason(),
            denied.reason().sentence(),
            relay.policy().rule(denied.rule()).orElse(null));
      }
      case FAULT, TOO_MUCH -> refuse(body.fault(), null);
    }
  }

  /** Whether the request may be sent on with these fields too. */
  private boolean bearable(Headers trailers) {
    exchange.verdict = leg.opened().judge(relay.policy(), kept.with(trailers));
    return exchange.verdict.decision() == Decision.ALLOW;
  }

  private void requestDone() {
    exchange.requestDone = true;
    if (!exchange.sent) {
      // Refused, and its body is out of the way.
      leg.phase = Http1Client.Phase.HEAD;
      leg.expectInputWithin(relay.limits.refusedIdleTimeout());
      return;
    }
    leg.phase = Http1Client.Phase.ANSWER;
    if (exchange.answerDone) {
      finish();
    } else if (exchange.answerBegun) {
      leg.expectNothing();
    } else {
      leg.expectInputWithin(relay.limits.answerTimeout());
    }
  }

  private void drain(ByteBuf in) {
    switch (body.drain(in)) {
      case MORE -> {}
      case END -> requestDone();
      case FAULT, DENIED, TOO_MUCH -> leg.closeGently();
    }
  }

  // Answers of the engine's own.

  private void deny(Policy policy, RequestHead request, @Nullable Lack lack) {
    relay.denied.increment();
    Verdict verdict = exchange.verdict;
    // Nothing will be said on it for as long as its client likes.
    leg.opened().ahead().close();
    boolean close = exchange.last || !RequestBody.drains(request, relay.limits.drainBytes());
    if (GrpcContentType.of(request) == GrpcContentType.NONE) {
      answers.deny(verdict.reason(), policy.rule(verdict.rule()).orElse(null), lack, close);
    } else {
      answers.denyCall(request, close);
    }
    leg.records.exchange();
    if (close || verdict.reason() == Reason.HTTP_UPGRADE) {
      leg.closeGently();
    } else {
      beginBody(request, Http1Client.Phase.DRAIN, relay.limits.drainBytes());
    }
  }

  /** What cannot be read is refused, or carried unread. */
  private void unreadable(RequestHead reading) {
    Fault fault = reading.fault();
    boolean foreign = exchange.first() && reading.foreign();
    Verdict verdict =
        leg.opened().judgeUnreadable(relay.policy(), foreign ? Reason.NOT_HTTP : fault.reason());
    if (verdict.decision() != Decision.ALLOW || leg.callee() != null) {
      refuse(fault, foreign ? verdict : null);
      return;
    }
    carry(reading, verdict, Reason.NOT_HTTP);
    discard();
  }

  private void carry(RequestHead read, Verdict verdict, Reason reason) {
    exchange.active = false;
    leg.carryUnread(read.copy(relay.allocator), new Asked.Tunnel(read.size()), verdict, reason);
  }

  /**
   * The request cannot be read in one way only.
   *
   * @param foreign on what is no HTTP: its client would take an answer of HTTP's for one of its own
   */
  private void refuse(Fault fault, @Nullable Verdict foreign) {
    relay.malformed.increment();
    if (foreign == null) {
      refuse(fault.status(), fault.reason(), fault.sentence());
    } else {
      exchange.verdict = foreign;
      leg.abort();
    }
  }

  /** Refuses what cannot be judged or carried, and ends the connection after the answer. */
  void refuse(int status, Reason reason, String message) {
    refuse(status, reason, message, null);
  }

  private void refuse(int status, Reason reason, String message, @Nullable RuleInfo rule) {
    Verdict judged = exchange.verdict;
    exchange.verdict =
        new Verdict(Decision.DENY, reason, judged.generation(), judged.rule(), judged.audited());
    end(status, reason.slug(), message, rule);
  }

  /** Ends the connection, after an answer of the engine's own if there is room for one. */
  private void end(int status, String reason, String message, @Nullable RuleInfo rule) {
    if (exchange.answerBegun) {
      leg.abort();
      return;
    }
    answers.refuse(status, reason, message, rule);
    leg.records.exchange();
    // The callee has seen a part at most: with a reset it cannot take it for the whole.
    leg.leaveCallee(true);
    leg.closeGently();
  }

  // What the callee's end reports.

  /** The whole answer is on its way to the client. */
  void answered() {
    leg.opened().pace().answered();
    exchange.answerDone = true;
    if (exchange.requestDone) {
      finish();
    } else {
      // The rest of the body still belongs to the callee, but no request follows it.
      exchange.last = true;
      leg.expectInputWithin(relay.limits.bodyTimeout());
    }
  }

  private void finish() {
    leg.records.exchange();
    if (exchange.last) {
      leg.closeGently();
    } else {
      leg.phase = Http1Client.Phase.HEAD;
      leg.expectInputWithin(relay.limits.idleTimeout());
    }
  }

  /** The callee failed before the first byte of an answer; policy had nothing against it. */
  void failed(Ending how, String message) {
    relay.upstreamFailures.increment();
    exchange.ends(how);
    end(Refusal.status(how), how.slug(), message, null);
  }

  /** The callee failed in the middle of an answer, or after others on the same connection. */
  void broken(boolean reset) {
    relay.upstreamFailures.increment();
    leg.records.exchange(Ending.UPSTREAM_BROKEN);
    if (reset) {
      leg.outbox.flush();
      leg.abort();
    } else {
      leg.closeGently();
    }
  }

  // Ends.

  /** The client's input has ended within a request. */
  void cutShort() {
    if (leg.phase == Http1Client.Phase.BODY && exchange.answerDone) {
      leg.records.exchange();
    } else {
      gone();
    }
  }

  /** The client's connection is gone. */
  void gone() {
    leg.records.exchange(Ending.CLIENT_GONE);
  }

  /** A deadline has passed. */
  void late() {
    if (leg.phase == Http1Client.Phase.ANSWER) {
      failed(Ending.UPSTREAM_TIMEOUT, "the callee did not answer in time");
    } else if (leg.phase == Http1Client.Phase.BODY && exchange.answerDone) {
      leg.records.exchange();
      leg.closeGently();
    } else if (exchange.active) {
      relay.malformed.increment();
      RequestHead reading = head;
      if (reading != null) {
        exchange.name(reading);
      }
      exchange.ends(Ending.TIMED_OUT);
      if (reading != null && reading.unlikeHttp() && exchange.first()) {
        stopped(reading);
      } else if (exchange.judged()) {
        end(408, Ending.TIMED_OUT.slug(), "the request did not arrive in time", null);
      } else {
        refuse(408, Reason.HTTP_TIMEOUT, "the request did not arrive in time");
      }
    } else {
      leg.closeGently();
    }
  }

  /** What has come and is no HTTP is reset, or carried as it is where every side only audits. */
  private void stopped(RequestHead reading) {
    Verdict verdict = leg.opened().judgeUnreadable(relay.policy(), Reason.NOT_HTTP);
    if (verdict.decision() != Decision.ALLOW) {
      exchange.verdict = verdict;
      leg.abort(Ending.TIMED_OUT);
      return;
    }
    carry(reading, verdict, Reason.NOT_HTTP);
    discard();
    leg.proceed();
  }

  /** Gives back what is not needed any more. */
  void discard() {
    RequestHead reading = head;
    if (reading != null) {
      head = null;
      loop.giveBack(reading);
    }
  }

  /** The verdict on an open tunnel by another policy. */
  Verdict judgeTunnel(Policy policy) {
    HttpRequest request = kept.tunnelled();
    return request == null
        ? new Verdict(Decision.DENY, Reason.LATE_DENY, policy.generation(), 0, false)
        : leg.opened().judge(policy, request);
  }
}
