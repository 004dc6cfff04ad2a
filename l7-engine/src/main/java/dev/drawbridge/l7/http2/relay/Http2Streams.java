package dev.drawbridge.l7.http2.relay;

import dev.drawbridge.l7.http2.Allowance;
import dev.drawbridge.l7.http2.Breach;
import dev.drawbridge.l7.http2.ErrorCode;
import dev.drawbridge.l7.http2.FieldList;
import dev.drawbridge.l7.http2.Settings;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Reason;
import io.netty.buffer.ByteBuf;
import io.netty.util.collection.IntObjectHashMap;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The streams of one client connection: what its frames begin, go on with and end. What a request
 * means is {@link Http2Requests}' affair.
 */
final class Http2Streams extends Http2Leg {
  /** A stream's own objects, without fields and bodies. */
  private static final int STREAM_BYTES = 1024;

  private static final int PREFACE_BYTES = 24;

  private final Http2Client client;
  private final IntObjectHashMap<Http2Stream> open = new IntObjectHashMap<>(16);
  private final Allowance resets;
  private final Allowance faults;
  private int prefaceLeft = PREFACE_BYTES;
  private int lastStream;

  /** The highest number that the engine itself has answered. */
  private int lastOwn;

  private long idleSince = System.nanoTime();

  Http2Streams(Http2Client client) {
    super(client.opened(), true);
    this.client = client;
    this.resets = new Allowance(limits.resetBurst(), limits.resetRate());
    this.faults = new Allowance(limits.faultBurst(), limits.faultRate());
  }

  /** Takes what the client says, the preface first; takes it over. */
  void read(ByteBuf in) {
    if (prefaceLeft > 0) {
      int step = Math.min(prefaceLeft, in.readableBytes());
      in.skipBytes(step);
      prefaceLeft -= step;
      if (prefaceLeft == 0) {
        introduce(Settings.MAX_CONCURRENT_STREAMS, limits.streams());
      }
    }
    take(in);
  }

  /** Whether the client's preface was read, and answered. */
  boolean introduced() {
    return prefaceLeft == 0;
  }

  // What a leg has to say.

  @Override
  boolean open() {
    return client.open();
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
    Http2Stream stream = open.get(id);
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
    for (Http2Stream stream : open.values()) {
      if (stream.response != null) {
        lanes.add(stream.response);
      }
    }
    return lanes;
  }

  // The streams.

  @Nullable Http2Stream get(int id) {
    return open.get(id);
  }

  /** The open streams, to be left as they are. */
  Collection<Http2Stream> all() {
    return open.values();
  }

  /** The open streams, whatever becomes of them meanwhile. */
  List<Http2Stream> copy() {
    return List.copyOf(open.values());
  }

  List<Http2Stream> of(Http2Callee one) {
    List<Http2Stream> found = new ArrayList<>();
    for (Http2Stream stream : open.values()) {
      if (stream.callee == one) {
        found.add(stream);
      }
    }
    return found;
  }

  boolean none() {
    return open.isEmpty();
  }

  /** How long there has been no stream. */
  long idleFor(long nowNanos) {
    return open.isEmpty() ? nowNanos - idleSince : 0;
  }

  /** The highest number that the client has used. */
  int last() {
    return lastStream;
  }

  /** The highest number that anything may have been done for, if the callee took that many. */
  int lastDone(int calleesLast) {
    return Math.max(lastOwn, Math.min(calleesLast, lastStream));
  }

  /** The engine has answered that stream itself. */
  void answeredOwn(int id) {
    lastOwn = Math.max(lastOwn, id);
  }

  /** Something was heard of the stream. */
  void heard(Http2Stream stream) {
    stream.touched = opened.loop().nowNanos;
  }

  /** Bytes of memory that the open streams take. */
  long streamBytes() {
    long all = 0;
    for (Http2Stream stream : open.values()) {
      all += STREAM_BYTES + stream.holds();
    }
    return all;
  }

  // Frames.

  @Override
  public void headers(int id, boolean end, FieldList fields) throws Breach {
    Http2Stream stream = open.get(id);
    if (stream != null) {
      heard(stream);
      client.requests.trailers(stream, end, fields);
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
    if (client.draining()) {
      // It has been told, or will be, that this stream is not taken.
      closed.reset(id);
      return;
    }
    if (open.size() >= limits.streams()) {
      closed.reset(id);
      out.reset(id, ErrorCode.REFUSED_STREAM);
      Http2Stream refused = new Http2Stream(this, id);
      refused.unjudged(Reason.LIMIT);
      refused.ends(Ending.LIMIT);
      client.requests.record(refused);
      chargeReset();
      return;
    }
    Http2Stream begun = new Http2Stream(this, id);
    heard(begun);
    begun.requestEnded = end;
    begun.headBytes = fields.bytes();
    open.put(id, begun);
    client.requests.begin(begun, end, fields);
  }

  @Override
  public void data(int id, boolean end, ByteBuf in, int frame, int data, int length, int counted)
      throws Breach {
    counted(end, length, counted);
    Http2Stream stream = open.get(id);
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
    reset(stream, ErrorCode.REFUSED_STREAM);
    chargeReset();
  }

  private void chargeReset() throws Breach {
    if (!resets.take(1)) {
      throw Breach.ofConnection(ErrorCode.ENHANCE_YOUR_CALM, "too many streams are reset");
    }
  }

  @Override
  public void reset(int id, int code) throws Breach {
    Http2Stream stream = open.get(id);
    if (stream == null) {
      notIdle(id);
      charge(1);
      return;
    }
    stream.ends(Ending.CLIENT_GONE);
    stream.resetCallee(code);
    remove(stream, true);
    closed.ended(id);
    chargeReset();
  }

  @Override
  public void goAway(int last, int code) {
    client.leaves();
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
  void reset(Http2Stream stream, int code) {
    if (open()) {
      out.reset(stream.id, code);
    }
    remove(stream, true);
    closed.reset(stream.id);
  }

  /** Ends a stream of which the client hears no more. */
  void cut(Http2Stream stream, Ending how) {
    stream.ends(how);
    stream.resetCallee(ErrorCode.CANCEL);
    remove(stream, true);
  }

  /** The same for all of a kind. */
  void cutAll(Ending how, Predicate<Http2Stream> kind) {
    for (Http2Stream stream : copy()) {
      if (kind.test(stream)) {
        cut(stream, how);
      }
    }
  }

  private void remove(Http2Stream stream, boolean early) {
    if (open.remove(stream.id) == null) {
      return;
    }
    stream.drop();
    Http2Callee to = stream.callee;
    if (to != null) {
      to.streamClosed(stream, early);
    }
    client.requests.record(stream);
    if (open.isEmpty()) {
      idleSince = opened.loop().nowNanos;
    }
  }

  @Override
  void broken(Breach breach) {
    if (breach.stream() == 0) {
      client.fail(breach);
      return;
    }
    int id = breach.stream();
    Http2Stream stream = open.get(id);
    if (stream != null) {
      relay.malformed.increment();
      stream.deniedBy(Reason.HTTP_MALFORMED);
      stream.ends(Ending.RESET);
      stream.resetCallee(ErrorCode.CANCEL);
      reset(stream, breach.code());
    } else if (id <= lastStream) {
      out.reset(id, breach.code());
      closed.reset(id);
    } else {
      client.fail(breach);
      return;
    }
    if (!faults.take(1)) {
      client.fail(
          Breach.ofConnection(ErrorCode.ENHANCE_YOUR_CALM, "too many streams are at fault"));
    }
  }
}
