package dev.drawbridge.runtime;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * One message of Protocol Buffers (protobuf.dev, "Encoding"), field by field. Fields that nobody
 * asks for are passed over; what is cut short or no message throws.
 */
public final class ProtoReader {
  private static final int VARINT = 0;
  private static final int FIXED64 = 1;
  private static final int BYTES = 2;
  private static final int FIXED32 = 5;
  private static final int TAKEN = -1;
  private static final int LONGEST_VARINT = 10;

  private final byte[] bytes;
  private final int end;
  private int at;
  private int field;

  /** Of the value that was not taken yet, or {@link #TAKEN}. */
  private int type = TAKEN;

  private ProtoReader(byte[] bytes, int at, int end) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  /** A whole message; nothing of it is read yet. */
  public ProtoReader(byte[] message) {
    this(message, 0, message.length);
  }

  /** Goes to the next field, past the value of the last one if it was not taken. */
  public boolean next() throws IOException {
    pass();
    if (at == end) {
      return false;
    }
    long tag = number();
    field = (int) (tag >>> 3);
    type = (int) (tag & 7);
    if (field <= 0 || tag >>> 32 != 0) {
      throw new IOException("a message of containerd has a field that cannot be");
    }
    return true;
  }

  /** The number of the field. */
  public int field() {
    return field;
  }

  /** Its value as a number. */
  public long integer() throws IOException {
    take(VARINT);
    return number();
  }

  /** Its value as a message. */
  public ProtoReader message() throws IOException {
    take(BYTES);
    int length = length();
    ProtoReader inner = new ProtoReader(bytes, at, at + length);
    at += length;
    return inner;
  }

  /** Its value as bytes. */
  public byte[] bytes() throws IOException {
    take(BYTES);
    int length = length();
    byte[] value = Arrays.copyOfRange(bytes, at, at + length);
    at += length;
    return value;
  }

  /** Its value as text, which must be UTF-8. */
  public String text() throws IOException {
    take(BYTES);
    int length = length();
    try {
      String value =
          StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes, at, length)).toString();
      at += length;
      return value;
    } catch (CharacterCodingException e) {
      throw new IOException("a message of containerd holds text that is not UTF-8", e);
    }
  }

  private void take(int expected) throws IOException {
    if (type != expected) {
      throw new IOException(
          "field "
              + field
              + " of a message of containerd is of type "
              + type
              + ", not "
              + expected);
    }
    type = TAKEN;
  }

  private void pass() throws IOException {
    switch (type) {
      case VARINT -> number();
      case FIXED64 -> skip(Long.BYTES);
      case BYTES -> skip(length());
      case FIXED32 -> skip(Integer.BYTES);
      case TAKEN -> {}
      default -> throw new IOException("a message of containerd has a field of type " + type);
    }
    type = TAKEN;
  }

  private void skip(int length) throws IOException {
    if (length > end - at) {
      throw cut();
    }
    at += length;
  }

  private int length() throws IOException {
    long length = number();
    if (length < 0 || length > end - at) {
      throw cut();
    }
    return (int) length;
  }

  private long number() throws IOException {
    long value = 0;
    for (int i = 0; i < LONGEST_VARINT; i++) {
      if (at == end) {
        throw cut();
      }
      byte part = bytes[at++];
      value |= (long) (part & 0x7f) << (7 * i);
      if (part >= 0) {
        return value;
      }
    }
    throw new IOException("a message of containerd has a number that does not end");
  }

  private static IOException cut() {
    return new IOException("a message of containerd is cut short");
  }
}
