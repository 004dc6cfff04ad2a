package dev.drawbridge.l7.http2;

import io.netty.buffer.ByteBuf;

/** What a {@link FrameReader} finds: frames that are well-formed by themselves, one at a time. */
public interface Frames {
  /**
   * Part of a body. The frame lies whole in the buffer; the reader's index is not moved.
   *
   * @param frame index of the frame's header in the buffer
   * @param data index of the first octet of the body
   * @param length octets of the body
   * @param counted octets that count for flow control: length and padding
   */
  void data(int stream, boolean end, ByteBuf in, int frame, int data, int length, int counted)
      throws Breach;

  /** A field section, whole. The list is used again. */
  void headers(int stream, boolean end, FieldList fields) throws Breach;

  void reset(int stream, int code) throws Breach;

  /** One setting of a SETTINGS frame. */
  void setting(int id, long value) throws Breach;

  /** The SETTINGS frame is over. */
  void settingsEnd() throws Breach;

  void settingsAcknowledged() throws Breach;

  void ping(boolean acknowledged, long opaque) throws Breach;

  void goAway(int lastStream, int code) throws Breach;

  /**
   * More window.
   *
   * @param stream 0 for the connection
   * @param increment 1 or more
   */
  void window(int stream, int increment) throws Breach;

  /** A frame that is ignored: PRIORITY, or of a type that nobody knows. */
  void ignored(int type) throws Breach;
}
