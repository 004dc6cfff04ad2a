package dev.drawbridge.l7.http1.relay;

import dev.drawbridge.l7.Stage;
import dev.drawbridge.l7.relay.Loop;
import dev.drawbridge.l7.relay.Opened;
import dev.drawbridge.l7.relay.PipedEnd;
import dev.drawbridge.l7.relay.Relay;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.Verdict;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * One client connection that speaks HTTP/1: what the next byte of its input is, and who takes it.
 * What the input means is {@link Http1Requests}' affair.
 */
final class Http1Client extends PipedEnd {
  /** What the next input byte is. */
  enum Phase {
    /** Of a head. */
    HEAD,
    /** Of a body that goes to the callee. */
    BODY,
    /** Of the next request: it waits until this one is answered. */
    ANSWER,
    /** Of a body that goes nowhere. */
    DRAIN,
    /** Not ours to read. */
    TUNNEL
  }

  final Loop loop;
  final Relay relay;
  final Http1Exchange exchange;
  final Http1Requests requests;

  Phase phase = Phase.HEAD;
  private @Nullable Http1Callee callee;
  private boolean lateDenied;

  /** What goes by in a WebSocket, from the client and from the callee. */
  private @Nullable WebSocketFrames asked;

  private @Nullable WebSocketFrames answered;

  Http1Client(Opened opened) {
    this(opened, new Http1Exchange());
  }

  private Http1Client(Opened opened, Http1Exchange exchange) {
    super(opened, exchange);
    this.exchange = exchange;
    this.loop = opened.loop();
    this.relay = opened.relay();
    this.requests = new Http1Requests(this);
  }

  // The callee.

  @Override
  protected @Nullable Http1Callee callee() {
    return callee;
  }

  Http1Callee newCallee() {
    Http1Callee made = new Http1Callee(this);
    callee = made;
    return made;
  }

  @Override
  protected void leaveCallee(boolean reset) {
    Http1Callee to = callee;
    if (to != null) {
      callee = null;
      to.close(reset);
    }
  }

  private boolean calleeTakes() {
    Http1Callee to = callee;
    return to != null && to.takes();
  }

  // What is spoken after an upgrade.

  /** The callee has switched protocols as the request asked. */
  void openTunnel() {
    phase = Phase.TUNNEL;
    if (WebSocketFrames.PROTOCOL.equals(exchange.upgrades)) {
      asked = new WebSocketFrames();
      answered = new WebSocketFrames();
    }
  }

  /** Bytes of a tunnel go by on their way to the client. */
  void answers(ByteBuf in) {
    exchange.responseBytes += in.readableBytes();
    opened.pace().moved(in.readableBytes());
    WebSocketFrames frames = answered;
    if (frames != null) {
      frames.pass(in, in.readableBytes());
    }
    outbox.data(in, in.readableBytes());
  }

  private void asks(ByteBuf in, Http1Callee to) {
    exchange.requestBytes += in.readableBytes();
    opened.pace().moved(in.readableBytes());
    WebSocketFrames frames = asked;
    if (frames != null) {
      frames.pass(in, in.readableBytes());
    }
    to.outbox.data(in, in.readableBytes());
  }

  /** Ends a tunnel that is not allowed any more; a WebSocket is told why, if it can be told. */
  private void revoke() {
    WebSocketFrames fromClient = asked;
    WebSocketFrames fromCallee = answered;
    Http1Callee to = callee;
    if (fromClient == null || fromCallee == null || to == null || !fromCallee.atEnd()) {
      abort();
      return;
    }
    outbox.add(WebSocketFrames.close(relay.allocator, false));
    boolean told = fromClient.atEnd();
    if (told) {
      to.send(WebSocketFrames.close(relay.allocator, true));
    }
    leaveCallee(!told);
    closeGently();
    flush();
  }

  // Input.

  @Override
  protected boolean take(ByteBuf in) {
    switch (phase) {
      case HEAD, DRAIN -> {
        if (!outbox.writable()) {
          return false;
        }
        requests.take(in);
      }
      case BODY -> {
        if (!calleeTakes()) {
          return false;
        }
        requests.take(in);
      }
      case TUNNEL -> {
        Http1Callee to = callee;
        if (to == null || !to.takes()) {
          return false;
        }
        asks(in, to);
      }
      case ANSWER -> {
        return false;
      }
    }
    return true;
  }

  @Override
  protected boolean wantsInput() {
    ByteBuf waiting = held();
    return switch (phase) {
      case HEAD, DRAIN -> outbox.writable();
      case BODY, TUNNEL -> waiting == null && calleeTakes();
      case ANSWER -> waiting == null || waiting.readableBytes() < relay.limits.heldBytes();
    };
  }

  /** Goes on with what was held, or gives way. */
  void proceed() {
    resume();
  }

  // End.

  @Override
  protected void inputEnds() {
    Http1Callee to = callee;
    switch (phase) {
      case HEAD, BODY, DRAIN -> {
        requests.cutShort();
        closeGently();
      }
      case ANSWER, TUNNEL -> {
        if (to == null || (phase == Phase.TUNNEL && to.inputEnded())) {
          closeGently();
        } else {
          to.endOutput();
        }
      }
    }
  }

  /** Whether no further request can come. */
  boolean saysNoMore() {
    return inputEnded() && held() == null;
  }

  @Override
  protected boolean endsWithin() {
    if (phase == Phase.TUNNEL) {
      records.exchange();
    }
    return exchange.sent && !exchange.requestDone;
  }

  @Override
  protected boolean recordAll(Ending how) {
    return false;
  }

  @Override
  protected void forget() {
    requests.discard();
  }

  // Draining.

  @Override
  public void drain(Stage stage) {
    if (over() || phase == Phase.TUNNEL) {
      return;
    }
    if (exchange.active && (stage == Stage.FINISHING || !exchange.answerBegun)) {
      // An answer whose head has gone could not say it any more: the next one does.
      exchange.last = true;
    } else if (stage == Stage.FINISHING && phase == Phase.HEAD && !exchange.active) {
      closeGently();
      flush();
    }
  }

  // Policy.

  @Override
  public void judgeAgain(Policy policy) {
    if (over()) {
      return;
    }
    Verdict verdict = opened.judge(policy);
    Decision decision = verdict.decision();
    boolean passes = decision != Decision.DENY;
    if (passes && phase == Phase.TUNNEL && decision == Decision.ENGINE) {
      verdict = requests.judgeTunnel(policy);
      passes = verdict.decision() == Decision.ALLOW;
    }
    if (passes || lateDenied) {
      return;
    }
    lateDenied = true;
    opened.deniedLate();
    Verdict late = Opened.late(verdict);
    if (phase == Phase.TUNNEL) {
      records.revoked(late);
      revoke();
    } else if (exchange.sent && exchange.active) {
      // What was allowed when it was asked is answered; nothing is asked after it.
      exchange.last = true;
    } else {
      records.revoked(late);
      closeGently();
      flush();
    }
  }

  // Room.

  @Override
  protected long reads() {
    return requests.holds();
  }

  @Override
  protected Standing shown() {
    return switch (phase) {
      case DRAIN -> Standing.UNJUDGED;
      case HEAD ->
          exchange.allowedBefore && exchange.refusals == 0 ? Standing.IDLE : Standing.UNJUDGED;
      case BODY, ANSWER, TUNNEL -> Standing.BUSY;
    };
  }

  // Time.

  @Override
  protected void overdue() {
    switch (phase) {
      case HEAD, BODY, DRAIN, ANSWER -> {
        if (phase == Phase.BODY && !calleeTakes()) {
          // The client is held back by the callee: that is not its slowness.
          expectInputWithin(relay.limits.bodyTimeout());
        } else {
          requests.late();
        }
      }
      case TUNNEL -> {}
    }
  }
}
