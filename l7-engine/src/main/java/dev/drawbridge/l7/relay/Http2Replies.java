package dev.drawbridge.l7.relay;

import dev.drawbridge.l7.http2.AnswerFields;
import dev.drawbridge.l7.http2.Breach;
import dev.drawbridge.l7.http2.ErrorCode;
import dev.drawbridge.l7.http2.FieldList;
import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the callee's frames say to the streams of one client connection. */
final class Http2Replies extends Http2Leg {
  private final Http2Client client;
  private final AnswerFields answer = new AnswerFields();
  private @Nullable Http2Callee callee;

  Http2Replies(Http2Client client) {
    super(client.opened(), false);
    this.client = client;
  }

  /** Whose they are; said once. */
  void of(Http2Callee end) {
    callee = end;
  }

  private Http2Callee callee() {
    Http2Callee end = callee;
    if (end == null) {
      throw new IllegalStateException("nobody's frames");
    }
    return end;
  }

  // What a leg has to say.

  @Override
  boolean open() {
    return callee().isOpen();
  }

  @Override
  boolean reading() {
    return callee().reading() && client.out.writable();
  }

  @Override
  boolean lap() {
    return callee().lap();
  }

  @Override
  @Nullable Http2Lane towards(int id) throws Breach {
    Http2Stream stream = stream(id);
    return stream == null ? null : stream.request;
  }

  private @Nullable Http2Stream stream(int id) throws Breach {
    Http2Stream stream = client.streams.get(id);
    if (stream != null && stream.callee == callee() && stream.opened) {
      return stream;
    }
    if ((id & 1) == 0 || id > callee().lastOpened()) {
      throw protocol("the callee speaks of a stream that was never opened");
    }
    return null;
  }

  @Override
  Iterable<Http2Lane> allTowards() {
    List<Http2Lane> lanes = new ArrayList<>();
    for (Http2Stream stream : client.streams.all()) {
      if (stream.callee == callee() && stream.request != null) {
        lanes.add(stream.request);
      }
    }
    return lanes;
  }

  @Override
  void peerStreams(long count) {
    callee().peerStreams(count);
  }

  // Frames.

  @Override
  public void headers(int id, boolean end, FieldList fields) throws Breach {
    Http2Stream stream = stream(id);
    Http2Lane lane = stream == null ? null : stream.response;
    if (stream == null || lane == null || lane.from != this) {
      return;
    }
    if (lane.ended) {
      throw Breach.ofStream(id, ErrorCode.STREAM_CLOSED, "the answer has ended");
    }
    client.streams.heard(stream);
    if (stream.answerBegun) {
      String wrong =
          end ? AnswerFields.trailerFault(fields, false) : "a section is neither first nor last";
      if (wrong != null) {
        throw malformed(id, wrong);
      }
      stream.answerHeadBytes += fields.bytes();
      stream.trailed(fields);
      lane.end(fields);
      return;
    }
    String wrong = answer.read(fields);
    if (wrong != null) {
      throw malformed(id, wrong);
    }
    stream.answerHeadBytes += fields.bytes();
    if (answer.interim()) {
      if (end) {
        throw malformed(id, "the answer does not begin");
      }
      stream.interimBytes += fields.bytes();
      if (stream.interimBytes > relay.limits.interimBytes()) {
        throw malformed(id, "the interim answers are too long together");
      }
      client.out.section(id, false, fields);
      return;
    }
    long length = answer.bodyLength(stream.head);
    if (end && length > 0) {
      throw malformed(id, "content-length promises a body, and there is none");
    }
    stream.answerBegun = true;
    stream.status = answer.status();
    lane.expected = length;
    lane.begun = true;
    lane.ended = end;
    client.out.section(id, end, fields);
    if (end) {
      stream.trailed(fields);
      lane.finished = true;
      stream.laneFinished(lane);
    }
  }

  private static Breach malformed(int id, String message) {
    return Breach.ofStream(id, ErrorCode.PROTOCOL_ERROR, message);
  }

  @Override
  public void data(int id, boolean end, ByteBuf in, int frame, int data, int length, int counted)
      throws Breach {
    counted(end, length, counted);
    Http2Stream stream = stream(id);
    Http2Lane lane = stream == null ? null : stream.response;
    if (stream == null || lane == null || lane.from != this) {
      refill(counted);
      return;
    }
    client.streams.heard(stream);
    if (lane.ended || !stream.answerBegun) {
      refill(counted);
      throw Breach.ofStream(
          id,
          lane.ended ? ErrorCode.STREAM_CLOSED : ErrorCode.PROTOCOL_ERROR,
          "a body before its head, or after its end");
    }
    try {
      lane.take(end, in, frame, data, length, counted);
    } catch (Breach breach) {
      refill(counted);
      throw breach;
    }
  }

  @Override
  public void reset(int id, int code) throws Breach {
    Http2Stream stream = stream(id);
    if (stream != null) {
      client.failures.reset(stream, code);
    }
  }

  @Override
  public void goAway(int last, int code) {
    callee().goesAway(last, code);
  }

  @Override
  void broken(Breach breach) {
    if (breach.stream() == 0) {
      callee().breaks(breach);
      return;
    }
    Http2Stream stream = client.streams.get(breach.stream());
    if (stream != null && stream.callee == callee()) {
      client.failures.broke(stream, breach);
    } else if (open()) {
      out.reset(breach.stream(), breach.code());
    }
  }
}
