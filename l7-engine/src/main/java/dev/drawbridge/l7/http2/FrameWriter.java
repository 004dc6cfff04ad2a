package dev.drawbridge.l7.http2;

import io.netty.buffer.ByteBuf;

/** Puts frames into a buffer that has room for them. */
public final class FrameWriter {
  /** The longest of the frames that are written whole: SETTINGS with its six settings. */
  public static final int SMALL_FRAME = FrameType.HEADER_BYTES + 6 * 6;

  private FrameWriter() {}

  /** A frame's first nine octets. */
  public static void header(ByteBuf out, int length, int type, int flags, int stream) {
    out.writeMedium(length);
    out.writeByte(type);
    out.writeByte(flags);
    out.writeInt(stream);
  }

  /** SETTINGS: ids and values in turn. */
  public static void settings(ByteBuf out, int... idsAndValues) {
    header(out, idsAndValues.length * 3, FrameType.SETTINGS, 0, 0);
    for (int i = 0; i < idsAndValues.length; i += 2) {
      out.writeShort(idsAndValues[i]);
      out.writeInt(idsAndValues[i + 1]);
    }
  }

  public static void settingsAcknowledged(ByteBuf out) {
    header(out, 0, FrameType.SETTINGS, FrameType.ACK, 0);
  }

  public static void pingAcknowledged(ByteBuf out, long opaque) {
    header(out, 8, FrameType.PING, FrameType.ACK, 0);
    out.writeLong(opaque);
  }

  public static void reset(ByteBuf out, int stream, int code) {
    header(out, 4, FrameType.RST_STREAM, 0, stream);
    out.writeInt(code);
  }

  public static void window(ByteBuf out, int stream, int increment) {
    header(out, 4, FrameType.WINDOW_UPDATE, 0, stream);
    out.writeInt(increment);
  }

  public static void goAway(ByteBuf out, int lastStream, int code) {
    header(out, 8, FrameType.GOAWAY, 0, 0);
    out.writeInt(lastStream);
    out.writeInt(code);
  }
}
