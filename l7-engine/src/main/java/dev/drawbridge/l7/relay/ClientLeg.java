package dev.drawbridge.l7.relay;

import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.Verdict;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.SocketChannel;
import org.jspecify.annotations.Nullable;

/**
 * One client connection: takes input in, holds what has to wait, closes both legs in the way the
 * other end should see. What the input means is {@link Requests}' affair.
 */
final class ClientLeg extends ClientEnd {
  /** Channel, pipeline, leg; as measured, rounded up. */
  private static final int FIXED_BYTES = 2560;

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
    TUNNEL,
    /** Too late: the last answer is on its way, the connection ends. */
    LINGER,
    CLOSED
  }

  final Loop loop;
  final Relay relay;
  final SocketChannel channel;
  final Http1Output outbox = new Http1Output();
  final Http1Exchange exchange = new Http1Exchange();
  final Requests requests;
  final Records records;

  private final Pace pace;
  Phase phase = Phase.HEAD;
  @Nullable CalleeLeg callee;
  private @Nullable ByteBuf held;
  private boolean running;
  private boolean inputEnded;
  private boolean lateDenied;

  /** Carries on with what cannot be read; and what was read of it. */
  private @Nullable Tunnel successor;

  private @Nullable ByteBuf taken;

  /** What goes by in a WebSocket, from the client and from the callee. */
  private @Nullable WebSocketFrames asked;

  private @Nullable WebSocketFrames answered;

  ClientLeg(Opened opened) {
    super(opened);
    this.loop = opened.loop();
    this.relay = opened.relay();
    this.channel = opened.channel();
    this.records = new Records(opened, exchange);
    this.requests = new Requests(this);
    outbox.attach(channel);
    pace = opened.pace();
    pace.serves(this::goOn);
  }

  // Beginning.

  /** The callee has switched protocols as the request asked. */
  void openWebSocket() {
    phase = Phase.TUNNEL;
    asked = new WebSocketFrames();
    answered = new WebSocketFrames();
  }

  /** Bytes of a tunnel go by on their way to the client. */
  void answers(ByteBuf in) {
    WebSocketFrames frames = answered;
    if (frames != null) {
      frames.pass(in, in.readableBytes());
    }
  }

  /** Ends a tunnel that is not allowed any more; a WebSocket is told why, if it can be told. */
  private void revoke() {
    WebSocketFrames fromClient = asked;
    WebSocketFrames fromCallee = answered;
    CalleeLeg to = callee;
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

  /** Gives way to a tunnel, which gets what was taken and what comes. */
  void handOver(ByteBuf read, Tunnel to) {
    taken = read;
    successor = to;
  }

  private void giveWay(Tunnel to) {
    successor = null;
    phase = Phase.CLOSED;
    ByteBuf read = taken;
    ByteBuf rest = held;
    taken = null;
    held = null;
    if (read != null && rest != null) {
      read = HeldInput.append(read, rest, relay.allocator);
    }
    outbox.flush();
    opened.replace(this, to);
    to.open();
    if (read != null) {
      channel.pipeline().fireChannelRead(read);
    }
    if (inputEnded) {
      channel.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
    }
    channel.pipeline().fireChannelReadComplete();
  }

  CalleeLeg newCallee() {
    CalleeLeg leg = new CalleeLeg(this);
    callee = leg;
    return leg;
  }

  // Input.

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf in = (ByteBuf) message;
    touch();
    if (held != null || running) {
      hold(in);
    } else {
      run(in);
    }
    if (phase != Phase.CLOSED) {
      opened.measure(this);
    }
  }

  /** Its turn to be read has come again. */
  private void goOn() {
    resume();
    if (phase != Phase.CLOSED) {
      flush();
      opened.measure(this);
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    flush();
    opened.remeasure(this);
  }

  /** Goes on with what was held, after something that it waited for has happened. */
  void resume() {
    if (running || phase == Phase.CLOSED) {
      return;
    }
    ByteBuf in = held;
    if (in != null) {
      held = null;
      run(in);
    } else {
      afterInput();
    }
  }

  private void run(ByteBuf input) {
    ByteBuf in = input;
    running = true;
    boolean entered = pace.enter();
    try {
      while (in.isReadable()) {
        if (!step(in)) {
          hold(in);
          in = null;
          break;
        }
      }
    } finally {
      running = false;
      if (entered) {
        pace.exit();
      }
      if (in != null) {
        in.release();
      }
    }
    afterInput();
  }

  /** Takes some of the input; false if it has to wait. */
  private boolean step(ByteBuf in) {
    if (successor != null) {
      return false;
    }
    if (pace.lap() && phase != Phase.LINGER && phase != Phase.CLOSED) {
      return false;
    }
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
        CalleeLeg to = callee;
        if (to == null || !calleeTakes()) {
          return false;
        }
        exchange.requestBytes += in.readableBytes();
        pace.moved(in.readableBytes());
        WebSocketFrames frames = asked;
        if (frames != null) {
          frames.pass(in, in.readableBytes());
        }
        to.outbox.data(in, in.readableBytes());
      }
      case ANSWER -> {
        return false;
      }
      case LINGER, CLOSED -> in.skipBytes(in.readableBytes());
    }
    return true;
  }

  private boolean calleeTakes() {
    CalleeLeg to = callee;
    return to != null && to.ready() && to.outbox.writable();
  }

  private void hold(ByteBuf in) {
    if (phase == Phase.LINGER || phase == Phase.CLOSED) {
      in.release();
      return;
    }
    held = HeldInput.append(held, in, relay.allocator);
  }

  private void afterInput() {
    Tunnel next = successor;
    if (next != null) {
      giveWay(next);
      return;
    }
    if (inputEnded && held == null) {
      endInput();
    }
    if (phase != Phase.CLOSED) {
      pace.read(wantsInput());
    }
  }

  private boolean wantsInput() {
    ByteBuf waiting = held;
    return switch (phase) {
      case HEAD, DRAIN -> outbox.writable();
      case BODY, TUNNEL -> waiting == null && calleeTakes();
      case ANSWER -> waiting == null || waiting.readableBytes() < relay.limits.heldBytes();
      case LINGER -> true;
      case CLOSED -> false;
    };
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    CalleeLeg from = callee;
    if (from != null) {
      from.read(outbox.writable());
    }
    if (outbox.writable()) {
      resume();
      flush();
    }
    opened.remeasure(this);
  }

  /** Sends what both legs have to send. */
  void flush() {
    outbox.flush();
    CalleeLeg to = callee;
    if (to != null) {
      to.flush();
    }
  }

  // End.

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event == ChannelInputShutdownEvent.INSTANCE && !inputEnded) {
      inputEnded = true;
      if (held == null && !running) {
        endInput();
        flush();
      }
    }
  }

  /** The client has said all it will say; it may still listen. */
  private void endInput() {
    CalleeLeg to = callee;
    switch (phase) {
      case HEAD, BODY, DRAIN -> {
        requests.cutShort();
        if (phase != Phase.CLOSED && phase != Phase.LINGER) {
          closeGently();
        }
      }
      case ANSWER, TUNNEL -> {
        if (to == null || (phase == Phase.TUNNEL && to.inputEnded())) {
          closeGently();
        } else {
          to.endOutput();
        }
      }
      case LINGER -> outbox.close();
      case CLOSED -> {}
    }
  }

  boolean inputEnded() {
    return inputEnded;
  }

  /** Whether no further request can come. */
  boolean saysNoMore() {
    return inputEnded && held == null;
  }

  /** Sends what there is to send, then the end; waits a little for the client to read it. */
  void closeGently() {
    if (phase == Phase.LINGER || phase == Phase.CLOSED) {
      return;
    }
    if (phase == Phase.TUNNEL) {
      records.exchange();
    }
    phase = Phase.LINGER;
    discardInput();
    leaveCallee(exchange.sent && !exchange.requestDone);
    expectInputWithin(relay.limits.lingerTimeout());
    if (inputEnded) {
      outbox.close();
    } else {
      outbox.end();
      if (!running) {
        afterInput();
      }
    }
  }

  @Override
  public void abort() {
    abort(Ending.RESET);
  }

  /** The same; what has begun and has no record yet ended so. */
  void abort(Ending how) {
    records.exchange(how);
    if (channel.isOpen()) {
      channel.config().setSoLinger(0);
    }
    if (phase != Phase.CLOSED) {
      phase = Phase.LINGER;
    }
    discardInput();
    outbox.discard();
    leaveCallee(true);
    ChannelFuture _ = channel.close();
  }

  /** Lets go of the callee's connection, with a reset if it has not seen a whole request. */
  void leaveCallee(boolean reset) {
    CalleeLeg leg = callee;
    if (leg != null) {
      callee = null;
      leg.close(reset);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    if (phase == Phase.CLOSED) {
      return;
    }
    phase = Phase.CLOSED;
    requests.gone();
    leaveCallee(true);
    discardInput();
    outbox.discard();
    opened.left(this);
  }

  private void discardInput() {
    requests.discard();
    ByteBuf waiting = held;
    if (waiting != null) {
      held = null;
      waiting.release();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    // A reset by the client, a write after it, or a mistake of ours: in each case nothing more can
    // be said to the client, and the callee must not take a part for the whole.
    abort(Ending.CLIENT_GONE);
  }

  // Policy.

  @Override
  public void judgeAgain(Policy policy) {
    if (phase == Phase.LINGER || phase == Phase.CLOSED) {
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
    relay.lateDenied.increment();
    Verdict late =
        new Verdict(Decision.DENY, Reason.LATE_DENY, verdict.generation(), verdict.rule(), false);
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
  public long holds() {
    ByteBuf waiting = held;
    CalleeLeg to = callee;
    return FIXED_BYTES
        + outbox.holds()
        + requests.holds()
        + (waiting == null ? 0 : waiting.capacity())
        + (to == null ? 0 : to.holds());
  }

  @Override
  public Standing standing() {
    return switch (phase) {
      case CLOSED -> Standing.GONE;
      case LINGER, DRAIN -> channel.isOpen() ? Standing.UNJUDGED : Standing.GONE;
      case HEAD ->
          exchange.allowedBefore && exchange.refusals == 0 ? Standing.IDLE : Standing.UNJUDGED;
      case BODY, ANSWER, TUNNEL -> Standing.BUSY;
    };
  }

  @Override
  public void giveUp() {
    if (phase != Phase.LINGER && phase != Phase.CLOSED) {
      records.connection(Opening.LIMIT, Ending.LIMIT);
    }
    abort();
  }

  // Time.

  @Override
  protected void late() {
    switch (phase) {
      case HEAD, BODY, DRAIN, ANSWER -> {
        if (phase == Phase.BODY && !calleeTakes()) {
          // The client is held back by the callee: that is not its slowness.
          expectInputWithin(relay.limits.bodyTimeout());
        } else {
          requests.late();
        }
      }
      case LINGER -> {
        ChannelFuture _ = channel.close();
      }
      case TUNNEL -> {}
      case CLOSED -> {}
    }
    flush();
  }
}
