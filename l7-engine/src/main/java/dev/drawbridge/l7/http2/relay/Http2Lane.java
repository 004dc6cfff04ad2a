package dev.drawbridge.l7.http2.relay;

import dev.drawbridge.l7.http2.Breach;
import dev.drawbridge.l7.http2.ErrorCode;
import dev.drawbridge.l7.http2.FieldList;
import dev.drawbridge.l7.http2.FrameType;
import dev.drawbridge.l7.http2.FrameWriter;
import dev.drawbridge.l7.http2.GrpcMessages;
import dev.drawbridge.l7.http2.Http2Limits;
import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * One direction of a stream: a body and its end, from one leg to the other, within the receiver's
 * windows. What does not fit waits here, and the sender gets new window only for what has gone on;
 * so a lane never keeps more than the window that the engine gives.
 */
final class Http2Lane {
  private static final int LEAST_CHUNK = 4096;

  private final Http2Stream stream;

  /** Null for an answer of the engine's own. */
  final @Nullable Http2Leg from;

  final Http2Leg to;

  /** What the receiver allows on this stream. */
  long sendWindow;

  /** The section before the body has been sent. */
  boolean begun;

  /** The sender has said all. */
  boolean ended;

  /** The receiver has been told so, or is told nothing any more. */
  boolean finished;

  /** In the receiver's list of lanes that wait. */
  boolean listed;

  /** Octets that the body must have; -1 for any number. */
  long expected = -1;

  /** Octets of the body that have come. */
  long seen;

  /** Octets of the body that have gone. */
  long sent;

  private final int window;
  private int receiveWindow;
  private int owed;

  /** Octets of the queue for which the connection's window is still to be refilled. */
  private int owedToConnection;

  private int queued;
  private @Nullable ArrayDeque<ByteBuf> queue;
  private @Nullable FieldList trailers;
  private @Nullable GrpcMessages messages;

  Http2Lane(Http2Stream stream, @Nullable Http2Leg from, Http2Leg to) {
    this.stream = stream;
    this.from = from;
    this.to = to;
    this.window = to.limits.streamWindow();
    this.receiveWindow = window;
    this.sendWindow = to.initialSendWindow;
  }

  /** From now on it is known whether a message is half sent. */
  void watchMessages() {
    messages = new GrpcMessages();
  }

  /** Whether it could end here with a status of the engine's own. */
  boolean betweenMessages() {
    GrpcMessages watched = messages;
    return watched != null && queued == 0 && watched.between();
  }

  /** Whether the body is known to be empty and to end without trailers. */
  boolean nothing() {
    return ended && seen == 0 && trailers == null;
  }

  /** Whether only the receiver can say when this goes on. */
  boolean waitsForWindow() {
    return queued > 0 && (sendWindow <= 0 || to.sendWindow <= 0);
  }

  boolean empty() {
    return queued == 0;
  }

  /** Takes a part of the body; see {@link dev.drawbridge.l7.http2.Frames#data}. */
  void take(boolean end, ByteBuf in, int frame, int data, int length, int counted) throws Breach {
    receiveWindow -= counted;
    if (receiveWindow < 0) {
      throw Breach.ofStream(stream.id, ErrorCode.FLOW_CONTROL_ERROR, "beyond the stream's window");
    }
    seen += length;
    if (expected >= 0 && (seen > expected || (end && seen != expected))) {
      throw Breach.ofStream(
          stream.id, ErrorCode.PROTOCOL_ERROR, "the body is not as long as content-length says");
    }
    ended = end;
    owe(counted - length);
    GrpcMessages watched = messages;
    if (watched != null) {
      watched.see(in, data, length);
    }
    if (queued == 0 && begun && sendWindow >= length && to.takes(length)) {
      to(end, in, frame, data, length, counted);
    } else {
      if (length > 0) {
        keep(in, data, length);
      }
      if (end) {
        list();
      }
    }
    if (from != null) {
      int now = length;
      if (queued > 0 && !from.room()) {
        owedToConnection += length;
        now = 0;
      }
      from.refill(counted - length + now);
    }
  }

  private void to(boolean end, ByteBuf in, int frame, int data, int length, int counted) {
    if (length == 0 && !end) {
      return;
    }
    int flags = end ? FrameType.END_STREAM : 0;
    if (counted == length) {
      // The same frame, but for flags that nobody has defined.
      in.setByte(frame + 4, flags);
      in.setInt(frame + 5, stream.id);
      to.out.put(in, frame, FrameType.HEADER_BYTES + length);
    } else {
      FrameWriter.header(
          to.out.room(FrameType.HEADER_BYTES), length, FrameType.DATA, flags, stream.id);
      if (length > 0) {
        to.out.put(in, data, length);
      }
    }
    gone(length, end);
  }

  /** Ends the body with a section. */
  void end(FieldList fields) throws Breach {
    if (expected >= 0 && seen != expected) {
      throw Breach.ofStream(
          stream.id, ErrorCode.PROTOCOL_ERROR, "the body is not as long as content-length says");
    }
    ended = true;
    if (queued == 0 && begun && to.out.writable()) {
      to.out.section(stream.id, true, fields);
      finish();
    } else {
      trailers = fields.copy();
      list();
    }
  }

  /** Puts in the end of an answer of the engine's own; its fields have been sent. */
  void own(byte[] body) {
    ended = true;
    begun = true;
    if (body.length > 0) {
      ByteBuf kept = to.relay.allocator.directBuffer(body.length).writeBytes(body);
      queue().add(kept);
      queued = body.length;
      to.relay.http2.keep(queued);
    }
    pump();
  }

  private void keep(ByteBuf in, int data, int length) {
    ByteBuf last = queue().peekLast();
    if (last == null || last.writableBytes() < length) {
      // Copied: a small part must not hold on to the large buffer that it was read in.
      last = to.relay.allocator.directBuffer(Math.max(LEAST_CHUNK, length));
      queue().add(last);
    }
    last.writeBytes(in, data, length);
    queued += length;
    to.relay.http2.keep(length);
    list();
  }

  /** Bytes of memory that wait. */
  long holds() {
    FieldList last = trailers;
    ArrayDeque<ByteBuf> there = queue;
    if (there == null || queued == 0) {
      return last == null ? 0 : last.holds();
    }
    // Buffers have a least size, and parts of the first may be on their way.
    return (last == null ? 0 : last.holds()) + Math.max(queued, there.size() * (long) LEAST_CHUNK);
  }

  private ArrayDeque<ByteBuf> queue() {
    ArrayDeque<ByteBuf> there = queue;
    if (there == null) {
      there = new ArrayDeque<>(4);
      queue = there;
    }
    return there;
  }

  private void list() {
    if (!listed) {
      listed = true;
      to.waiting.add(this);
    }
  }

  /** Sends all that may be sent. */
  void pump() {
    while (frame()) {
      // As long as there is something to send and room for it.
    }
    if (!finished && (queued > 0 || ended)) {
      list();
    }
  }

  /** Sends one frame; false if there is nothing to send, or no room for it. */
  boolean frame() {
    if (finished || !begun || !to.out.writable()) {
      return false;
    }
    if (queued == 0) {
      if (ended) {
        endNow();
      }
      return false;
    }
    int size =
        (int)
            Math.min(
                Math.min(queued, Http2Limits.FRAME_BYTES), Math.min(sendWindow, to.sendWindow));
    if (size <= 0) {
      return false;
    }
    boolean last = ended && size == queued && trailers == null;
    FrameWriter.header(
        to.out.room(FrameType.HEADER_BYTES),
        size,
        FrameType.DATA,
        last ? FrameType.END_STREAM : 0,
        stream.id);
    int left = size;
    while (left > 0) {
      ByteBuf first = queue().element();
      int part = Math.min(left, first.readableBytes());
      to.out.put(first, first.readerIndex(), part);
      first.skipBytes(part);
      if (!first.isReadable()) {
        queue().remove();
        first.release();
      }
      left -= part;
    }
    queued -= size;
    to.relay.http2.release(size);
    Http2Leg sender = from;
    if (sender != null && owedToConnection > 0) {
      int paid = Math.min(owedToConnection, size);
      owedToConnection -= paid;
      sender.refill(paid);
    }
    gone(size, last);
    return !finished;
  }

  private void endNow() {
    FieldList fields = trailers;
    if (fields != null) {
      to.out.section(stream.id, true, fields);
    } else {
      FrameWriter.header(
          to.out.room(FrameType.HEADER_BYTES), 0, FrameType.DATA, FrameType.END_STREAM, stream.id);
    }
    finish();
  }

  private void gone(int length, boolean end) {
    sendWindow -= length;
    to.sendWindow -= length;
    sent += length;
    to.carried(length, queued > 0);
    if (from != null) {
      to.opened.pace().moved(length);
    }
    owe(length);
    if (end) {
      finish();
    }
  }

  private void finish() {
    finished = true;
    stream.laneFinished(this);
  }

  /** The sender may send that much more, once it is worth a frame. */
  private void owe(int octets) {
    owed += octets;
    if (from != null && !ended && owed >= window / 2) {
      from.out.window(stream.id, owed);
      receiveWindow += owed;
      owed = 0;
    }
  }

  /** Sends nothing more, and gives back what waits. */
  void drop() {
    finished = true;
    ArrayDeque<ByteBuf> there = queue;
    if (there != null) {
      queue = null;
      for (ByteBuf kept : there) {
        kept.release();
      }
    }
    to.relay.http2.release(queued);
    queued = 0;
    if (from != null) {
      from.refill(owedToConnection);
    }
    owedToConnection = 0;
  }
}
