package dev.drawbridge.l7.relay;

import dev.drawbridge.l7.http2.Allowance;
import dev.drawbridge.l7.http2.Breach;
import dev.drawbridge.l7.http2.ErrorCode;
import dev.drawbridge.l7.http2.FieldList;
import dev.drawbridge.l7.http2.Settings;
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
import io.netty.util.collection.IntObjectHashMap;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One client connection that speaks HTTP/2: its streams, and how it ends. What a request means is
 * {@link Http2Requests}' affair.
 */
final class Http2Client extends Http2Leg implements Conversation {
  /** A stream's own objects, without fields and bodies. */
  private static final int STREAM_BYTES = 1024;

  private static final int PREFACE_BYTES = 24;

  /** The last stream of a GOAWAY that only announces another. RFC 9113 section 6.8. */
  static final int ANY_STREAM = Integer.MAX_VALUE;

  private enum Phase {
    OPEN,
    /** GOAWAY is sent, or the client has ended its input: what is open goes on. */
    DRAINING,
    /** The last frame is on its way, the connection ends. */
    LINGER,
    CLOSED
  }

  final SocketChannel channel;
  final Http2Failures failures;
  private final Http2Requests requests;
  private final IntObjectHashMap<Http2Stream> streams = new IntObjectHashMap<>(16);
  private final Allowance resets;
  private final Allowance faults;
  private @Nullable Http2Callee callee;
  private Phase phase = Phase.OPEN;
  private int prefaceLeft = PREFACE_BYTES;
  private int lastStream;

  /** The highest number that the engine itself has answered. */
  private int lastOwn;

  private int announcedLast = ANY_STREAM;
  private boolean announced;
  private boolean inputEnded;
  private boolean clientLeaves;
  private boolean recorded;

  /** The engine ends it, not the client. */
  private boolean aborted;

  /** The time, as of the last tick: exact enough for deadlines. */
  long nowNanos = System.nanoTime();

  private final long begunNanos = nowNanos;
  private long partialSince = Long.MAX_VALUE;
  private long idleSince = nowNanos;
  private long lingerUntil = Long.MAX_VALUE;
  private long touched;
  private int refusals;
  private boolean allowedBefore;
  private int place;

  Http2Client(Opened opened) {
    super(opened, true);
    this.channel = opened.channel();
    this.requests = new Http2Requests(this);
    this.failures = new Http2Failures(this, requests);
    this.resets = new Allowance(limits.resetBurst(), limits.resetRate());
    this.faults = new Allowance(limits.faultBurst(), limits.faultRate());
    out.attach(channel);
    this.touched = opened.loop().nowNanos;
    opened.pace().serves(this::goOn);
  }

  // Input.

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf in = (ByteBuf) message;
    if (prefaceLeft > 0) {
      int step = Math.min(prefaceLeft, in.readableBytes());
      in.skipBytes(step);
      prefaceLeft -= step;
      if (prefaceLeft == 0) {
        introduce(Settings.MAX_CONCURRENT_STREAMS, limits.streams());
      }
    }
    touched = opened.loop().nowNanos;
    super.channelRead(context, in);
    opened.measure(this);
  }

  /** Its turn to be read has come again. */
  private void goOn() {
    readLater();
    readAll();
    opened.measure(this);
  }

  /** What was judged last, for how long the connection may be idle and how often it may ask. */
  void judged(boolean allowed) {
    allowedBefore |= allowed;
    refusals = allowed ? 0 : refusals + 1;
    if (refusals >= relay.limits.refusals()) {
      drain(ErrorCode.ENHANCE_YOUR_CALM, lastStream);
    }
  }

  @Override
  void readAll() {
    boolean within = withinFrame();
    if (!within || withinData()) {
      partialSince = Long.MAX_VALUE;
    }
    if (within && partialSince == Long.MAX_VALUE) {
      partialSince = nowNanos;
    }
    flush();
    opened.remeasure(this);
  }

  /** Sends what both legs have to send. */
  void flush() {
    Http2Callee to = callee;
    if (to != null) {
      to.openStreams();
    }
    if (!waiting.isEmpty()) {
      pumpAll();
    }
    if (to != null) {
      if (!to.waiting.isEmpty()) {
        to.pumpAll();
      }
      to.out.flush();
    }
    finishIfDue();
    out.flush();
    Http2Callee from = callee;
    if (from != null) {
      from.read(out.writable());
      // It may have had something left to say.
      from.out.flush();
      out.flush();
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    if (out.writable()) {
      pumpAll();
      flush();
    } else {
      Http2Callee from = callee;
      if (from != null) {
        from.read(false);
      }
    }
    opened.remeasure(this);
  }

  // What a leg has to say.

  @Override
  boolean open() {
    return phase == Phase.OPEN || phase == Phase.DRAINING;
  }

  @Override
  boolean reading() {
    return open() && !opened.pace().waits();
  }

  @Override
  boolean lap() {
    return opened.pace().lap();
  }

  @Override
  @Nullable Http2Lane towards(int id) throws Breach {
    Http2Stream stream = streams.get(id);
    if (stream == null) {
      notIdle(id);
      return null;
    }
    return stream.response;
  }

  private void notIdle(int id) throws Breach {
    if ((id & 1) == 0 || id > lastStream) {
      throw protocol("a frame is on a stream that was never opened");
    }
  }

  @Override
  Iterable<Http2Lane> allTowards() {
    List<Http2Lane> lanes = new ArrayList<>();
    for (Http2Stream stream : streams.values()) {
      if (stream.response != null) {
        lanes.add(stream.response);
      }
    }
    return lanes;
  }

  @Nullable Http2Stream stream(int id) {
    return streams.get(id);
  }

  /** The open streams, to be left as they are. */
  Collection<Http2Stream> streams() {
    return streams.values();
  }

  List<Http2Stream> streamsOf(Http2Callee one) {
    List<Http2Stream> found = new ArrayList<>();
    for (Http2Stream stream : streams.values()) {
      if (stream.callee == one) {
        found.add(stream);
      }
    }
    return found;
  }

  /** Something was heard of the stream. */
  void heard(Http2Stream stream) {
    stream.touched = nowNanos;
  }

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
      there = new Http2Callee(this, opened);
      callee = there;
    }
    return there;
  }

  // Frames.

  @Override
  public void headers(int id, boolean end, FieldList fields) throws Breach {
    Http2Stream stream = streams.get(id);
    if (stream != null) {
      heard(stream);
      requests.trailers(stream, end, fields);
      return;
    }
    if ((id & 1) == 0) {
      throw protocol("a client's streams have odd numbers");
    }
    if (id <= lastStream) {
      switch (closed.way(id)) {
        case RESET -> {}
        case ENDED ->
            throw Breach.ofConnection(ErrorCode.STREAM_CLOSED, "a section is on a closed stream");
        case UNKNOWN -> throw protocol("the streams' numbers do not grow");
      }
      return;
    }
    lastStream = id;
    if (phase == Phase.DRAINING) {
      // It has been told, or will be, that this stream is not taken.
      closed.reset(id);
      return;
    }
    if (streams.size() >= limits.streams()) {
      closed.reset(id);
      out.reset(id, ErrorCode.REFUSED_STREAM);
      Http2Stream refused = new Http2Stream(this, id);
      refused.unjudged(Reason.LIMIT);
      refused.ends(Ending.LIMIT);
      requests.record(refused);
      chargeReset();
      return;
    }
    Http2Stream begun = new Http2Stream(this, id);
    begun.touched = nowNanos;
    begun.requestEnded = end;
    begun.headBytes = fields.bytes();
    streams.put(id, begun);
    requests.begin(begun, end, fields);
  }

  @Override
  public void data(int id, boolean end, ByteBuf in, int frame, int data, int length, int counted)
      throws Breach {
    counted(end, length, counted);
    Http2Stream stream = streams.get(id);
    if (stream == null) {
      notIdle(id);
      if (closed.way(id) == Http2Closed.Way.ENDED) {
        throw Breach.ofConnection(ErrorCode.STREAM_CLOSED, "a body is on a closed stream");
      }
      refill(counted);
      return;
    }
    heard(stream);
    if (stream.requestEnded) {
      refill(counted);
      throw Breach.ofStream(id, ErrorCode.STREAM_CLOSED, "the request has ended");
    }
    stream.requestEnded = end;
    Http2Lane lane = stream.request;
    if (lane == null || lane.finished) {
      refill(counted);
      return;
    }
    try {
      lane.take(end, in, frame, data, length, counted);
    } catch (Breach breach) {
      refill(counted);
      throw breach;
    }
    stream.held = false;
  }

  /** The callee has said that it takes no such stream: the client may ask again. */
  void notTaken(Http2Stream stream) throws Breach {
    stream.ends(Ending.UPSTREAM_REFUSED);
    resetStream(stream, ErrorCode.REFUSED_STREAM);
    chargeReset();
  }

  private void chargeReset() throws Breach {
    if (!resets.take(1)) {
      throw Breach.ofConnection(ErrorCode.ENHANCE_YOUR_CALM, "too many streams are reset");
    }
  }

  @Override
  public void reset(int id, int code) throws Breach {
    Http2Stream stream = streams.get(id);
    if (stream == null) {
      notIdle(id);
      charge(1);
      return;
    }
    stream.ends(Ending.CLIENT_GONE);
    Http2Callee to = stream.callee;
    if (to != null) {
      to.reset(stream, code);
    }
    remove(stream, true);
    closed.ended(id);
    chargeReset();
  }

  @Override
  public void goAway(int last, int code) {
    clientLeaves = true;
  }

  // Ends of streams.

  /** A lane has sent its end. */
  void laneFinished(Http2Stream stream, Http2Lane lane) {
    if (lane.equals(stream.response)) {
      if (!stream.own) {
        opened.pace().answered();
      }
      if (!stream.requestEnded && (stream.own || stream.calleeDone)) {
        out.reset(stream.id, ErrorCode.NO_ERROR);
        remove(stream, true);
        closed.reset(stream.id);
        return;
      }
    }
    Http2Lane request = stream.request;
    Http2Lane response = stream.response;
    if (response != null
        && response.finished
        && (request == null || request.finished)
        && stream.requestEnded) {
      remove(stream, false);
      closed.ended(stream.id);
    }
  }

  /** Resets a stream towards the client. */
  void resetStream(Http2Stream stream, int code) {
    if (open()) {
      out.reset(stream.id, code);
    }
    remove(stream, true);
    closed.reset(stream.id);
  }

  private void remove(Http2Stream stream, boolean early) {
    if (streams.remove(stream.id) == null) {
      return;
    }
    stream.drop();
    Http2Callee to = stream.callee;
    if (to != null) {
      to.closed(stream, early);
    }
    requests.record(stream);
    if (streams.isEmpty()) {
      idleSince = nowNanos;
    }
  }

  /** The engine has answered that stream itself. */
  void answeredOwn(int id) {
    lastOwn = Math.max(lastOwn, id);
  }

  @Override
  void broken(Breach breach) {
    if (breach.stream() == 0) {
      fail(breach);
      return;
    }
    int id = breach.stream();
    Http2Stream stream = streams.get(id);
    if (stream == null) {
      if (id <= lastStream) {
        out.reset(id, breach.code());
        closed.reset(id);
      } else {
        fail(breach);
        return;
      }
    } else {
      relay.malformed.increment();
      stream.deniedBy(Reason.HTTP_MALFORMED);
      stream.ends(Ending.RESET);
      Http2Callee to = stream.callee;
      if (to != null) {
        to.reset(stream, ErrorCode.CANCEL);
      }
      resetStream(stream, breach.code());
    }
    if (!faults.take(1)) {
      fail(Breach.ofConnection(ErrorCode.ENHANCE_YOUR_CALM, "too many streams are at fault"));
    }
  }

  /** Ends the connection for the client's fault. */
  private void fail(Breach breach) {
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
    Ending how =
        reason == Reason.LIMIT
            ? Ending.LIMIT
            : reason == Reason.HTTP_TIMEOUT ? Ending.TIMED_OUT : Ending.RESET;
    for (Http2Stream stream : List.copyOf(streams.values())) {
      stream.unjudged(reason);
      stream.ends(how);
      Http2Callee to = stream.callee;
      if (to != null) {
        to.reset(stream, ErrorCode.CANCEL);
      }
      remove(stream, true);
    }
    recordConnection(new Verdict(Decision.DENY, reason, 0, 0, false), how);
    out.goAway(lastStream, code);
    linger();
  }

  /** The one record of the connection itself; a connection that is refused twice was once. */
  private void recordConnection(Verdict verdict, Ending how) {
    if (!recorded) {
      recorded = true;
      Records.connection(opened, verdict, how);
    }
  }

  // Draining.

  /** Says that the end is near; nothing ends yet. */
  void announceEnd(int code) {
    if (!announced && phase == Phase.OPEN) {
      announced = true;
      out.goAway(ANY_STREAM, code);
    }
  }

  /** The highest number that anything may have been done for, if the callee took that many. */
  int lastDone(int calleesLast) {
    return Math.max(lastOwn, Math.min(calleesLast, lastStream));
  }

  /** Takes no stream any more; what is open goes on to its end. */
  void drain(int code, int last) {
    if (phase == Phase.OPEN) {
      phase = Phase.DRAINING;
      announcedLast = Math.min(announcedLast, last);
      out.goAway(announcedLast, code);
    }
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
      case ENGINE -> {
        for (Http2Stream stream : List.copyOf(streams.values())) {
          requests.judgeAgain(stream, policy);
        }
      }
      case DENY -> {
        if (streams.isEmpty()) {
          relay.lateDenied.increment();
          recordConnection(
              new Verdict(
                  Decision.DENY, Reason.LATE_DENY, verdict.generation(), verdict.rule(), false),
              Ending.RESET);
        }
        for (Http2Stream stream : List.copyOf(streams.values())) {
          requests.deniedLate(stream, verdict);
        }
        drain(ErrorCode.NO_ERROR, lastStream);
      }
    }
    flush();
  }

  // End.

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event != ChannelInputShutdownEvent.INSTANCE || inputEnded) {
      return;
    }
    inputEnded = true;
    if (phase == Phase.LINGER) {
      out.close();
      return;
    }
    if (!open()) {
      return;
    }
    phase = Phase.DRAINING;
    // Requests that are whole are answered; the others will never be.
    for (Http2Stream stream : List.copyOf(streams.values())) {
      if (!stream.requestEnded) {
        clientGone(stream);
      }
    }
    flush();
  }

  private void clientGone(Http2Stream stream) {
    stream.ends(aborted ? Ending.RESET : Ending.CLIENT_GONE);
    Http2Callee to = stream.callee;
    if (to != null) {
      to.reset(stream, ErrorCode.CANCEL);
    }
    remove(stream, true);
  }

  private void finishIfDue() {
    if (inputEnded && phase == Phase.DRAINING && out.writable()) {
      for (Http2Stream stream : List.copyOf(streams.values())) {
        Http2Lane response = stream.response;
        if (response != null && response.waitsForWindow()) {
          // Who says nothing more opens no window any more.
          clientGone(stream);
        }
      }
    }
    if (streams.isEmpty() && (phase == Phase.DRAINING || (phase == Phase.OPEN && clientLeaves))) {
      linger();
    }
  }

  /** Sends what there is to send, then the end; waits a little for the client to read it. */
  private void linger() {
    phase = Phase.LINGER;
    discardInput();
    leaveCallee();
    lingerUntil = System.nanoTime() + relay.limits.lingerTimeout().toNanos();
    if (inputEnded) {
      out.close();
    } else {
      out.end();
    }
  }

  private void leaveCallee() {
    Http2Callee to = callee;
    if (to != null) {
      callee = null;
      to.leave();
    }
  }

  @Override
  public void abort() {
    aborted = true;
    close();
  }

  /** Ends it at once, with a reset. */
  private void close() {
    if (channel.isOpen()) {
      channel.config().setSoLinger(0);
    }
    ChannelFuture _ = channel.close();
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    if (phase == Phase.CLOSED) {
      return;
    }
    phase = Phase.CLOSED;
    for (Http2Stream stream : List.copyOf(streams.values())) {
      clientGone(stream);
    }
    leaveCallee();
    discardInput();
    waiting.clear();
    out.discard();
    opened.left(this);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    close();
  }

  // Time.

  @Override
  public void tick(long now) {
    nowNanos = now;
    switch (phase) {
      case OPEN, DRAINING -> {
        if (late(now)) {
          return;
        }
        for (Http2Stream stream : List.copyOf(streams.values())) {
          requests.tick(stream, now);
        }
        Http2Callee to = callee;
        if (to != null) {
          to.tick(now);
        }
        flush();
      }
      case LINGER -> {
        if (now - lingerUntil > 0) {
          ChannelFuture _ = channel.close();
        }
      }
      case CLOSED -> {}
    }
  }

  private boolean late(long now) {
    if (partialSince != Long.MAX_VALUE) {
      long patience =
          (withinData() ? relay.limits.bodyTimeout() : relay.limits.headTimeout()).toNanos();
      if (now - partialSince > patience) {
        relay.malformed.increment();
        end(ErrorCode.ENHANCE_YOUR_CALM, Reason.HTTP_TIMEOUT);
        return true;
      }
    }
    if (waitsForSettings() && now - begunNanos > relay.limits.headTimeout().toNanos()) {
      relay.malformed.increment();
      end(ErrorCode.SETTINGS_TIMEOUT, Reason.HTTP_TIMEOUT);
      return true;
    }
    Duration idle =
        allowedBefore && refusals == 0
            ? relay.limits.idleTimeout()
            : relay.limits.refusedIdleTimeout();
    if (streams.isEmpty() && now - idleSince > idle.toNanos()) {
      drain(ErrorCode.NO_ERROR, lastStream);
      flush();
      return true;
    }
    return false;
  }

  @Override
  public boolean cameThrough(OnwardSource someSource) {
    return opened.source().equals(someSource);
  }

  // Room.

  @Override
  public long holds() {
    long all = super.holds() + requests.holds();
    Http2Callee to = callee;
    if (to != null) {
      all += to.holds();
    }
    for (Http2Stream stream : streams.values()) {
      all += STREAM_BYTES + stream.holds();
    }
    return all;
  }

  @Override
  public Opened opened() {
    return opened;
  }

  @Override
  public Standing standing() {
    return switch (phase) {
      case CLOSED -> Standing.GONE;
      case LINGER -> channel.isOpen() ? Standing.UNJUDGED : Standing.GONE;
      case OPEN, DRAINING -> {
        if (!allowedBefore || refusals > 0) {
          yield Standing.UNJUDGED;
        }
        yield streams.isEmpty() ? Standing.IDLE : Standing.BUSY;
      }
    };
  }

  @Override
  public long quietSince() {
    return touched;
  }

  @Override
  public void giveUp() {
    if (open()) {
      end(ErrorCode.ENHANCE_YOUR_CALM, Reason.LIMIT);
    }
    abort();
    out.discard();
  }

  @Override
  public int place() {
    return place;
  }

  @Override
  public void place(int index) {
    place = index;
  }
}
