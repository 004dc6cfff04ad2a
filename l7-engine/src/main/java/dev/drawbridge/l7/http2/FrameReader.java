package dev.drawbridge.l7.http2;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;

/**
 * Takes frames apart and refuses those that RFC 9113 sections 4 and 6 do not allow by themselves:
 * sizes, padding, streams that must or must not be 0, header blocks that are interrupted or do not
 * end. What a frame means where it comes is the listener's affair. For one event loop.
 */
public final class FrameReader {
  private static final int KEPT_BLOCK = 16 * 1024;
  private static final int NO_STREAM = -1;

  private final boolean fromClient;
  private final Http2Limits limits;
  private final HpackDecoder decoder;
  private final FieldList fields;
  private boolean begun;
  private byte[] block = new byte[1024];
  private int blockLength;
  private int blockFrames;
  private int blockStream = NO_STREAM;
  private boolean blockEnds;

  /**
   * A reader at the beginning of a connection.
   *
   * @param fromClient whether a client's frames are read, or a server's
   */
  public FrameReader(boolean fromClient, Http2Limits limits) {
    this.fromClient = fromClient;
    this.limits = limits;
    this.decoder = new HpackDecoder(limits.tableBytes());
    this.fields = new FieldList(limits.fieldBytes(), limits.fieldCount());
  }

  /** Bytes of memory that this keeps between frames. */
  public int holds() {
    return block.length + decoder.holds();
  }

  /** Whether a header block has begun and not ended. */
  public boolean withinBlock() {
    return blockStream != NO_STREAM;
  }

  /**
   * Takes one frame, if it is there whole.
   *
   * @return false if more input is needed
   * @throws Breach the frame is taken nevertheless; after one of the connection nothing may be read
   */
  public boolean next(ByteBuf in, Frames to) throws Breach {
    int available = in.readableBytes();
    if (available < FrameType.HEADER_BYTES) {
      return false;
    }
    int frame = in.readerIndex();
    int length = in.getUnsignedMedium(frame);
    int type = in.getUnsignedByte(frame + 3);
    if (!begun && type != FrameType.SETTINGS) {
      throw protocol("the connection does not begin with SETTINGS");
    }
    if (length > Http2Limits.FRAME_BYTES) {
      throw Breach.ofConnection(ErrorCode.FRAME_SIZE_ERROR, "a frame is too long");
    }
    if (available < FrameType.HEADER_BYTES + length) {
      return false;
    }
    begun = true;
    int flags = in.getUnsignedByte(frame + 4);
    int stream = in.getInt(frame + 5) & 0x7fff_ffff;
    in.skipBytes(FrameType.HEADER_BYTES + length);
    if (withinBlock() && (type != FrameType.CONTINUATION || stream != blockStream)) {
      throw protocol("a header block is interrupted");
    }
    int start = frame + FrameType.HEADER_BYTES;
    switch (type) {
      case FrameType.DATA -> data(in, frame, length, flags, stream, to);
      case FrameType.HEADERS -> headers(in, start, length, flags, stream, to);
      case FrameType.CONTINUATION -> continuation(in, start, length, flags, stream, to);
      case FrameType.PRIORITY -> priority(in, start, length, stream, to);
      case FrameType.RST_STREAM -> {
        size(length, 4);
        onStream(stream);
        to.reset(stream, in.getInt(start));
      }
      case FrameType.SETTINGS -> settings(in, start, length, flags, stream, to);
      case FrameType.PUSH_PROMISE -> throw protocol("PUSH_PROMISE is not welcome");
      case FrameType.PING -> {
        size(length, 8);
        onConnection(stream);
        to.ping((flags & FrameType.ACK) != 0, in.getLong(start));
      }
      case FrameType.GOAWAY -> {
        if (length < 8) {
          throw wrongSize();
        }
        onConnection(stream);
        to.goAway(in.getInt(start) & 0x7fff_ffff, in.getInt(start + 4));
      }
      case FrameType.WINDOW_UPDATE -> window(in, start, length, stream, to);
      default -> to.ignored(type);
    }
    return true;
  }

  private static void data(ByteBuf in, int frame, int length, int flags, int stream, Frames to)
      throws Breach {
    onStream(stream);
    int start = frame + FrameType.HEADER_BYTES;
    int padding = 0;
    int data = start;
    if ((flags & FrameType.PADDED) != 0) {
      padding = padding(in, start, length, 1);
      data++;
    }
    int size = length - (data - start) - padding;
    to.data(stream, (flags & FrameType.END_STREAM) != 0, in, frame, data, size, length);
  }

  /** The padding's length; {@code taken} octets of the frame are not for it. */
  private static int padding(ByteBuf in, int start, int length, int taken) throws Breach {
    if (length < taken) {
      throw wrongSize();
    }
    int padding = in.getUnsignedByte(start);
    if (padding > length - taken) {
      throw protocol("there is more padding than frame");
    }
    return padding;
  }

  private void headers(ByteBuf in, int start, int length, int flags, int stream, Frames to)
      throws Breach {
    onStream(stream);
    boolean padded = (flags & FrameType.PADDED) != 0;
    boolean prioritized = (flags & FrameType.WITH_PRIORITY) != 0;
    int taken = (padded ? 1 : 0) + (prioritized ? 5 : 0);
    if (length < taken) {
      throw wrongSize();
    }
    int padding = padded ? padding(in, start, length, taken) : 0;
    if (prioritized) {
      notOnItself(in, start + (padded ? 1 : 0), stream);
    }
    blockStream = stream;
    blockEnds = (flags & FrameType.END_STREAM) != 0;
    blockLength = 0;
    blockFrames = 0;
    take(in, start + taken, length - taken - padding);
    end(flags, to);
  }

  private void continuation(ByteBuf in, int start, int length, int flags, int stream, Frames to)
      throws Breach {
    onStream(stream);
    if (!withinBlock()) {
      throw protocol("CONTINUATION continues nothing");
    }
    if (++blockFrames > limits.blockFrames()) {
      throw Breach.ofConnection(ErrorCode.ENHANCE_YOUR_CALM, "a header block has too many frames");
    }
    take(in, start, length);
    end(flags, to);
  }

  private void take(ByteBuf in, int start, int length) throws Breach {
    if (blockLength + length > limits.blockBytes()) {
      throw Breach.ofConnection(ErrorCode.ENHANCE_YOUR_CALM, "a header block is too long");
    }
    if (blockLength + length > block.length) {
      block = Arrays.copyOf(block, Math.max(block.length * 2, blockLength + length));
    }
    in.getBytes(start, block, blockLength, length);
    blockLength += length;
  }

  private void end(int flags, Frames to) throws Breach {
    if ((flags & FrameType.END_HEADERS) == 0) {
      return;
    }
    int stream = blockStream;
    blockStream = NO_STREAM;
    fields.clear();
    decoder.decode(block, 0, blockLength, fields);
    if (block.length > KEPT_BLOCK) {
      block = new byte[1024];
    }
    try {
      to.headers(stream, blockEnds, fields);
    } finally {
      // Whoever wants them for longer has made a copy.
      fields.clear();
    }
  }

  private static void priority(ByteBuf in, int start, int length, int stream, Frames to)
      throws Breach {
    onStream(stream);
    if (length != 5) {
      throw Breach.ofStream(stream, ErrorCode.FRAME_SIZE_ERROR, "PRIORITY has another length");
    }
    notOnItself(in, start, stream);
    to.ignored(FrameType.PRIORITY);
  }

  /**
   * RFC 7540 section 5.3.1 makes it an error of the stream. RFC 9113 has no priorities any more;
   * nobody honest sends it, and one who does could have streams reset for nothing.
   */
  private static void notOnItself(ByteBuf in, int at, int stream) throws Breach {
    if ((in.getInt(at) & 0x7fff_ffff) == stream) {
      throw protocol("a stream depends on itself");
    }
  }

  private void settings(ByteBuf in, int start, int length, int flags, int stream, Frames to)
      throws Breach {
    onConnection(stream);
    if ((flags & FrameType.ACK) != 0) {
      size(length, 0);
      to.settingsAcknowledged();
      return;
    }
    if (length % 6 != 0) {
      throw wrongSize();
    }
    for (int i = start; i < start + length; i += 6) {
      int id = in.getUnsignedShort(i);
      long value = in.getUnsignedInt(i + 2);
      Settings.check(id, value, fromClient);
      to.setting(id, value);
    }
    to.settingsEnd();
  }

  private static void window(ByteBuf in, int start, int length, int stream, Frames to)
      throws Breach {
    size(length, 4);
    int increment = in.getInt(start) & 0x7fff_ffff;
    if (increment == 0) {
      throw stream == 0
          ? protocol("the window grows by nothing")
          : Breach.ofStream(stream, ErrorCode.PROTOCOL_ERROR, "the window grows by nothing");
    }
    to.window(stream, increment);
  }

  private static void size(int length, int wanted) throws Breach {
    if (length != wanted) {
      throw wrongSize();
    }
  }

  private static void onStream(int stream) throws Breach {
    if (stream == 0) {
      throw protocol("a frame of a stream is on none");
    }
  }

  private static void onConnection(int stream) throws Breach {
    if (stream != 0) {
      throw protocol("a frame of the connection is on a stream");
    }
  }

  private static Breach wrongSize() {
    return Breach.ofConnection(ErrorCode.FRAME_SIZE_ERROR, "a frame has a length it cannot have");
  }

  private static Breach protocol(String message) {
    return Breach.ofConnection(ErrorCode.PROTOCOL_ERROR, message);
  }
}
