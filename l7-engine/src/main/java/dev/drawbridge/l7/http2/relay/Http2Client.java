package dev.drawbridge.l7.http2.relay;

import dev.drawbridge.l7.Stage;
import dev.drawbridge.l7.http2.Breach;
import dev.drawbridge.l7.http2.ErrorCode;
import dev.drawbridge.l7.relay.ClientEnd;
import dev.drawbridge.l7.relay.Opened;
import dev.drawbridge.l7.relay.Records;
import dev.drawbridge.l7.relay.Relay;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.Verdict;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import org.jspecify.annotations.Nullable;

/** One client connection that speaks HTTP/2: when it is read and written, and how it ends. */
final class Http2Client extends ClientEnd {
  /** The last stream of a GOAWAY that only announces another. RFC 9113 section 6.8. */
  static final int ANY_STREAM = Integer.MAX_VALUE;

  final Relay relay;
  final Http2Streams streams;
  final Http2Output out;
  final Http2Requests requests;
  final Http2Failures failures;
  private final Http2Patience patience;
  private @Nullable Http2Callee callee;
  private Http2Phase phase = Http2Phase.OPEN;
  private int announcedLast = ANY_STREAM;
  private boolean announced;
  private boolean inputEnded;
  private boolean clientLeaves;
  private boolean recorded;

  /** How it ends if it is closed: unless the engine closes it, the client does. */
  private Ending gone = Ending.CLIENT_GONE;

  Http2Client(Opened opened) {
    super(opened);
    this.relay = opened.relay();
    this.streams = new Http2Streams(this);
    this.out = streams.out;
    this.requests = new Http2Requests(this);
    this.failures = new Http2Failures(this);
    this.patience = new Http2Patience(streams);
    out.attach(opened.channel());
    opened.pace().serves(this::goOn);
    expectNextTick();
  }

  // Input.

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    touch();
    streams.read((ByteBuf) message);
    opened.measure(this);
  }

  /** Its turn to be read has come again. */
  private void goOn() {
    streams.readLater();
    readAll();
    opened.measure(this);
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    readAll();
  }

  private void readAll() {
    patience.read(opened.loop().nowNanos);
    flush();
    opened.remeasure(this);
  }

  /** What was judged last, for how long the connection may be idle and how often it may ask. */
  void judged(boolean allowed) {
    if (patience.judged(allowed)) {
      drain(ErrorCode.ENHANCE_YOUR_CALM, streams.last());
    }
  }

  // Output.

  /** Sends what both legs have to send. */
  void flush() {
    Http2Callee to = callee;
    if (to != null) {
      to.openStreams();
    }
    if (!streams.waiting.isEmpty()) {
      streams.pumpAll();
    }
    if (to != null) {
      to.pump();
    }
    finishIfDue();
    out.flush();
    Http2Callee from = callee;
    if (from != null) {
      from.readOn(out.writable());
      // It may have had something left to say.
      from.flush();
      out.flush();
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    if (out.writable()) {
      streams.pumpAll();
      flush();
    } else {
      Http2Callee from = callee;
      if (from != null) {
        from.readOn(false);
      }
    }
    opened.remeasure(this);
  }

  // Where requests go.

  /** Whether that is where requests go. */
  boolean goesTo(Http2Callee one) {
    return one.equals(callee);
  }

  /** The next request is to dial again. */
  void forget(Http2Callee one) {
    if (one.equals(callee)) {
      callee = null;
    }
  }

  /** Where requests go. */
  Http2Callee callee() {
    Http2Callee there = callee;
    if (there == null) {
      there = Http2Callee.of(this);
      callee = there;
    }
    return there;
  }

  private void leaveCallee() {
    Http2Callee to = callee;
    if (to != null) {
      callee = null;
      to.leave();
    }
  }

  /** Whether frames can still be sent. */
  boolean open() {
    return phase.open();
  }

  /** Whether no new stream is taken any more. */
  boolean draining() {
    return phase == Http2Phase.DRAINING;
  }

  /** The client has said that it will ask no more. */
  void leaves() {
    clientLeaves = true;
  }

  /** Says that the end is near; nothing ends yet. */
  void announceEnd(int code) {
    if (!announced && phase == Http2Phase.OPEN) {
      announced = true;
      out.goAway(ANY_STREAM, code);
    }
  }

  /** Takes no stream any more; what is open goes on to its end. */
  void drain(int code, int last) {
    if (phase == Http2Phase.OPEN) {
      phase = Http2Phase.DRAINING;
      announcedLast = Math.min(announcedLast, last);
      out.goAway(announcedLast, code);
    }
  }

  @Override
  public void drain(Stage stage) {
    // A GOAWAY is nothing's beginning: the settings go first.
    if (phase != Http2Phase.OPEN || !streams.introduced()) {
      return;
    }
    if (stage == Stage.FINISHING) {
      drain(ErrorCode.NO_ERROR, streams.last());
    } else {
      announceEnd(ErrorCode.NO_ERROR);
    }
    flush();
  }

  // Policy.

  @Override
  public void judgeAgain(Policy policy) {
    if (!open()) {
      return;
    }
    Verdict verdict = opened.judge(policy);
    switch (verdict.decision()) {
      case ALLOW -> {}
      case ENGINE -> streams.copy().forEach(stream -> requests.judgeAgain(stream, policy));
      case DENY -> {
        if (streams.none()) {
          opened.deniedLate();
          record(Opened.late(verdict), Ending.RESET);
        }
        streams.copy().forEach(stream -> requests.deniedLate(stream, verdict));
        drain(ErrorCode.NO_ERROR, streams.last());
      }
    }
    flush();
  }

  // End.

  /** Ends the connection for the client's fault. */
  void fail(Breach breach) {
    if (!open()) {
      return;
    }
    Reason reason =
        breach.code() == ErrorCode.ENHANCE_YOUR_CALM ? Reason.LIMIT : Reason.HTTP_MALFORMED;
    relay.malformed.increment();
    end(breach.code(), reason);
  }

  /** Ends all streams, and then the connection, which is what is refused. */
  private void end(int code, Reason reason) {
    Ending how = Http2Failures.ending(reason);
    for (Http2Stream stream : streams.copy()) {
      stream.unjudged(reason);
      streams.cut(stream, how);
    }
    record(new Verdict(Decision.DENY, reason, 0, 0, false), how);
    out.goAway(streams.last(), code);
    linger();
  }

  /** The one record of the connection itself; a connection that is refused twice was once. */
  private void record(Verdict verdict, Ending how) {
    if (!recorded) {
      recorded = true;
      Records.connection(opened, verdict, how);
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event != ChannelInputShutdownEvent.INSTANCE || inputEnded) {
      return;
    }
    inputEnded = true;
    if (phase == Http2Phase.LINGER) {
      out.close();
      return;
    }
    if (!open()) {
      return;
    }
    phase = Http2Phase.DRAINING;
    // Requests that are whole are answered; the others will never be.
    streams.cutAll(gone, stream -> !stream.requestEnded);
    flush();
  }

  private void finishIfDue() {
    if (inputEnded && phase == Http2Phase.DRAINING && out.writable()) {
      // Who says nothing more opens no window any more.
      streams.cutAll(gone, Http2Stream::waitsForWindow);
    }
    if (streams.none()
        && (phase == Http2Phase.DRAINING || (phase == Http2Phase.OPEN && clientLeaves))) {
      linger();
    }
  }

  /** Sends what there is to send, then the end; waits a little for the client to read it. */
  private void linger() {
    phase = Http2Phase.LINGER;
    streams.discardInput();
    leaveCallee();
    expectInputWithin(relay.limits.lingerTimeout());
    if (inputEnded) {
      out.close();
    } else {
      out.finish();
    }
  }

  @Override
  public void abort() {
    abort(Ending.RESET);
  }

  @Override
  public void abort(Ending how) {
    gone = how;
    close();
  }

  private void close() {
    resetAtClose();
    closeChannel();
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    if (phase == Http2Phase.CLOSED) {
      return;
    }
    phase = Http2Phase.CLOSED;
    streams.cutAll(gone, _ -> true);
    leaveCallee();
    streams.discardInput();
    streams.waiting.clear();
    out.discard();
    opened.left(this);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    close();
  }

  // Time.

  @Override
  protected void lasts() {
    Http2Callee to = callee;
    if (to != null) {
      to.lasts();
    }
  }

  @Override
  protected void late() {
    switch (phase) {
      case OPEN, DRAINING -> {
        expectNextTick();
        look(opened.loop().nowNanos);
      }
      case LINGER -> closeChannel();
      case CLOSED -> {}
    }
  }

  private void look(long now) {
    int slow = patience.late(now);
    if (slow != ErrorCode.NO_ERROR) {
      relay.malformed.increment();
      end(slow, Reason.HTTP_TIMEOUT);
      return;
    }
    if (patience.idle(now)) {
      drain(ErrorCode.NO_ERROR, streams.last());
    } else {
      streams.copy().forEach(stream -> requests.tick(stream, now));
      Http2Callee to = callee;
      if (to != null) {
        to.tick(now);
      }
    }
    flush();
  }

  // Room.

  @Override
  public long holds() {
    Http2Callee to = callee;
    return streams.holds()
        + streams.streamBytes()
        + requests.holds()
        + (to == null ? 0 : to.holds());
  }

  @Override
  public Standing standing() {
    return switch (phase) {
      case CLOSED -> Standing.GONE;
      case LINGER -> opened.channel().isOpen() ? Standing.UNJUDGED : Standing.GONE;
      case OPEN, DRAINING -> {
        if (!patience.trusted()) {
          yield Standing.UNJUDGED;
        }
        yield streams.none() ? Standing.IDLE : Standing.BUSY;
      }
    };
  }

  @Override
  public void giveUp() {
    if (open()) {
      end(ErrorCode.ENHANCE_YOUR_CALM, Reason.LIMIT);
    }
    abort();
    out.discard();
  }
}
