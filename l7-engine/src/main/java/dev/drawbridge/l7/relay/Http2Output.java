package dev.drawbridge.l7.relay;

import dev.drawbridge.l7.http2.FieldKind;
import dev.drawbridge.l7.http2.FieldList;
import dev.drawbridge.l7.http2.FrameType;
import dev.drawbridge.l7.http2.FrameWriter;
import dev.drawbridge.l7.http2.HpackEncoder;
import dev.drawbridge.l7.http2.Http2Limits;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.socket.DuplexChannel;
import org.jspecify.annotations.Nullable;

/**
 * The frames on their way out of one leg. Small ones are put together, so that what belongs to many
 * streams leaves in one write; large ones are passed on as they are.
 */
final class Http2Output {
  /** Up to here a copy is cheaper than another entry in the vector of a write. */
  private static final int SMALL = 2048;

  private static final int BLOCK = 8192;

  private final ByteBufAllocator allocator;
  private final HpackEncoder encoder;
  private @Nullable Channel channel;
  private @Nullable ByteBuf tail;
  private boolean dirty;

  Http2Output(ByteBufAllocator allocator, HpackEncoder encoder) {
    this.allocator = allocator;
    this.encoder = encoder;
  }

  /** From now on there is somewhere to send to. */
  void attach(Channel to) {
    channel = to;
  }

  /** Whether more may be put in without growing a queue. */
  boolean writable() {
    Channel to = channel;
    return to != null && to.isWritable();
  }

  /** Octets that the peer has not taken yet. */
  long pending() {
    Channel to = channel;
    ChannelOutboundBuffer waiting = to == null ? null : to.unsafe().outboundBuffer();
    return waiting == null ? 0 : waiting.totalPendingWriteBytes();
  }

  /** Bytes of memory that this keeps; a slice may hold on to some more than itself. */
  long holds() {
    ByteBuf open = tail;
    return (open == null ? 0 : open.capacity()) + 2 * pending() + encoder.holds();
  }

  /** A buffer with room for that much, to be written to before anything else is called. */
  ByteBuf room(int octets) {
    ByteBuf open = tail;
    if (open == null || open.writableBytes() < octets) {
      seal();
      open = allocator.directBuffer(Math.max(BLOCK, octets));
      tail = open;
    }
    return open;
  }

  /** Sends a part of a buffer, which stays where it is. */
  void put(ByteBuf in, int start, int length) {
    if (length <= SMALL) {
      room(length).writeBytes(in, start, length);
      return;
    }
    seal();
    if (length > in.capacity() / HeldInput.MOST_WASTE) {
      write(in.retainedSlice(start, length));
    } else {
      // Who does not read must not hold on to more than he was sent.
      write(allocator.directBuffer(length).writeBytes(in, start, length));
    }
  }

  /** Sends a field section in as many frames as it takes. */
  void section(int stream, boolean end, FieldList fields) {
    encoder.begin();
    for (int i = 0; i < fields.count(); i++) {
      var field = fields.field(i);
      if (field.kind() != FieldKind.OWN) {
        encoder.add(field);
      }
    }
    encoded(stream, end);
  }

  /** The same for fields of the engine's own, whose names nobody else may use. */
  void ownSection(int stream, boolean end, FieldList fields) {
    encoder.begin();
    for (int i = 0; i < fields.count(); i++) {
      encoder.add(fields.field(i));
    }
    encoded(stream, end);
  }

  private void encoded(int stream, boolean end) {
    byte[] block = encoder.section();
    int length = encoder.length();
    int at = 0;
    int type = FrameType.HEADERS;
    do {
      int size = Math.min(length - at, Http2Limits.FRAME_BYTES);
      boolean last = at + size == length;
      int flags =
          (last ? FrameType.END_HEADERS : 0)
              | (end && type == FrameType.HEADERS ? FrameType.END_STREAM : 0);
      ByteBuf out = room(FrameType.HEADER_BYTES + size);
      FrameWriter.header(out, size, type, flags, stream);
      out.writeBytes(block, at, size);
      at += size;
      type = FrameType.CONTINUATION;
    } while (at < length);
  }

  void reset(int stream, int code) {
    FrameWriter.reset(room(FrameWriter.SMALL_FRAME), stream, code);
  }

  void window(int stream, int increment) {
    FrameWriter.window(room(FrameWriter.SMALL_FRAME), stream, increment);
  }

  void goAway(int lastStream, int code) {
    FrameWriter.goAway(room(FrameWriter.SMALL_FRAME), lastStream, code);
  }

  /** Sends what is there. */
  void flush() {
    Channel to = channel;
    if (to == null) {
      return;
    }
    seal();
    if (dirty) {
      dirty = false;
      to.flush();
    }
  }

  /** Sends what is there, then the end of the stream. */
  void end() {
    Channel to = channel;
    if (to instanceof DuplexChannel duplex && to.isOpen()) {
      seal();
      dirty = false;
      ChannelFuture _ =
          duplex
              .writeAndFlush(Unpooled.EMPTY_BUFFER)
              .addListener((ChannelFutureListener) sent -> end(duplex, sent.isSuccess()));
    } else {
      discard();
    }
  }

  private static void end(DuplexChannel channel, boolean sent) {
    ChannelFuture _ = sent ? channel.shutdownOutput() : channel.close();
  }

  /** Sends what is there, then closes. */
  void close() {
    Channel to = channel;
    if (to != null && to.isOpen()) {
      seal();
      dirty = false;
      ChannelFuture _ =
          to.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
    } else {
      discard();
    }
  }

  /** Forgets what has not been sent. */
  void discard() {
    ByteBuf open = tail;
    if (open != null) {
      tail = null;
      open.release();
    }
  }

  private void seal() {
    ByteBuf open = tail;
    if (open != null) {
      tail = null;
      write(open);
    }
  }

  private void write(ByteBuf buffer) {
    Channel to = channel;
    if (to == null) {
      buffer.release();
      throw new IllegalStateException("a frame has nowhere to go before there is a channel");
    }
    ChannelFuture _ = to.write(buffer, to.voidPromise());
    dirty = true;
  }
}
