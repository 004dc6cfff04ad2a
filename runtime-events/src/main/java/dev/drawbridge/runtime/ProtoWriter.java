package dev.drawbridge.runtime;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** One message of Protocol Buffers, of fields that are text, bytes or messages. */
final class ProtoWriter {
  private static final int BYTES = 2;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  ProtoWriter text(int field, String value) {
    return bytes(field, value.getBytes(StandardCharsets.UTF_8));
  }

  ProtoWriter message(int field, ProtoWriter value) {
    return bytes(field, value.done());
  }

  ProtoWriter bytes(int field, byte[] value) {
    number((field << 3) | BYTES);
    number(value.length);
    out.writeBytes(value);
    return this;
  }

  private void number(int value) {
    int rest = value;
    while (rest > 0x7f) {
      out.write((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    out.write(rest);
  }

  byte[] done() {
    return out.toByteArray();
  }
}
