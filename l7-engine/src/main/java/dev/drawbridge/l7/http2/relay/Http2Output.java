package dev.drawbridge.l7.http2.relay;

import dev.drawbridge.l7.http2.FieldKind;
import dev.drawbridge.l7.http2.FieldList;
import dev.drawbridge.l7.http2.FrameType;
import dev.drawbridge.l7.http2.FrameWriter;
import dev.drawbridge.l7.http2.HpackEncoder;
import dev.drawbridge.l7.http2.Http2Limits;
import dev.drawbridge.l7.relay.HeldInput;
import dev.drawbridge.l7.relay.Outbox;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;

/** The frames on their way out of a leg that speaks HTTP/2. */
public final class Http2Output extends Outbox {
  private static final int BLOCK = 8192;

  private final ByteBufAllocator allocator;
  private final HpackEncoder encoder;

  public Http2Output(ByteBufAllocator allocator, HpackEncoder encoder) {
    this.allocator = allocator;
    this.encoder = encoder;
  }

  @Override
  protected long more() {
    return encoder.holds();
  }

  /** A buffer with room for that much, to be written to before anything else is called. */
  ByteBuf room(int octets) {
    return room(octets, BLOCK);
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
}
