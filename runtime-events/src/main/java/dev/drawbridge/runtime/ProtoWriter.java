package dev.drawbridge.runtime;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** One message of Protocol Buffers, of fields that are text, bytes, messages or integers. */
public final class ProtoWriter {
  private static final int VARINT = 0;
  private static final int BYTES = 2;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  public ProtoWriter text(int field, String value) {
    return bytes(field, value.getBytes(StandardCharsets.UTF_8));
  }

  public ProtoWriter message(int field, ProtoWriter value) {
    return bytes(field, value.done());
  }

  public ProtoWriter bytes(int field, byte[] value) {
    number(((long) field << 3) | BYTES);
    number(value.length);
    out.writeBytes(value);
    return this;
  }

  /** A number of any integer type but the zigzag ones; a negative one takes ten bytes. */
  public ProtoWriter integer(int field, long value) {
    number(((long) field << 3) | VARINT);
    number(value);
    return this;
  }

  private void number(long value) {
    long rest = value;
    while (rest >>> 7 != 0) {
      out.write((int) (rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    out.write((int) rest);
  }

  /** The message as it is on the wire. */
  public byte[] done() {
    return out.toByteArray();
  }
}
