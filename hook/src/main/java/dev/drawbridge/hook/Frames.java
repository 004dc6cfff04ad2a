package dev.drawbridge.hook;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The two frames of the hook socket. Request: {@code "DBH1" | u8 operation | u8[3] zero | u32
 * length | payload}; answer: {@code "DBH1" | u8 status | u8[3] zero | u32 length | one UTF-8
 * sentence}. Numbers are big-endian. The C half is {@code src/main/c/frame.c}.
 */
final class Frames {
  static final int HEADER_BYTES = 12;
  private static final byte[] MAGIC = "DBH1".getBytes(StandardCharsets.US_ASCII);

  private Frames() {}

  /** What a request asks for; the wire's number is {@link #code}. */
  enum Operation {
    PATCH(1),
    CREATE_RUNTIME(2),
    POSTSTOP(3),
    START(4);

    private final int code;

    Operation(int code) {
      this.code = code;
    }

    int code() {
      return code;
    }
  }

  sealed interface Incoming {
    record Request(Operation operation, ByteBuffer payload) implements Incoming {}

    /** Answerable: the sentence says what is wrong with the frame. */
    record Malformed(String sentence) implements Incoming {}

    /** The peer connected and said nothing: somebody tried whether anybody listens. */
    record Silent() implements Incoming {}
  }

  static Incoming readRequest(ByteChannel channel, int maxPayloadBytes) throws IOException {
    ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES);
    if (!fill(channel, header)) {
      return header.position() == 0
          ? new Incoming.Silent()
          : new Incoming.Malformed("the request ends within its header");
    }
    header.flip();
    byte[] magic = new byte[MAGIC.length];
    header.get(magic);
    if (!Arrays.equals(magic, MAGIC)) {
      return new Incoming.Malformed("the request does not begin with DBH1");
    }
    int word = header.getInt();
    int code = word >>> 24;
    if ((word & 0xFFFFFF) != 0) {
      return new Incoming.Malformed("the request's reserved bytes are not zero");
    }
    long length = Integer.toUnsignedLong(header.getInt());
    if (length > maxPayloadBytes) {
      return new Incoming.Malformed(
          "the request has " + length + " bytes, at most " + maxPayloadBytes + " are read");
    }
    for (Operation operation : Operation.values()) {
      if (operation.code() == code) {
        ByteBuffer payload = ByteBuffer.allocate((int) length);
        if (!fill(channel, payload)) {
          return new Incoming.Malformed("the request ends within its payload");
        }
        return new Incoming.Request(operation, payload.flip());
      }
    }
    return new Incoming.Malformed("the request has the unknown operation " + code);
  }

  static void writeReply(ByteChannel channel, HookReply reply) throws IOException {
    int status =
        switch (reply) {
          case HookReply.Go go -> 0;
          case HookReply.Refuse refuse -> 1;
          case HookReply.GoUnguarded go -> 2;
        };
    byte[] sentence =
        switch (reply) {
          case HookReply.Refuse refuse -> oneSentence(refuse.sentence());
          case HookReply.Go go -> new byte[0];
          case HookReply.GoUnguarded go -> new byte[0];
        };
    ByteBuffer frame = ByteBuffer.allocate(HEADER_BYTES + sentence.length);
    frame.put(MAGIC).put((byte) status).put(new byte[3]).putInt(sentence.length).put(sentence);
    frame.flip();
    while (frame.hasRemaining()) {
      if (channel.write(frame) < 0) {
        throw new EOFException("hook socket closed while answering");
      }
    }
  }

  /** One line of at most {@link HookServer#MAX_SENTENCE_BYTES}, cut between characters. */
  static byte[] oneSentence(String text) {
    StringBuilder line = new StringBuilder();
    text.strip()
        .codePoints()
        .map(c -> Character.isISOControl(c) || c == 0x2028 || c == 0x2029 ? ' ' : c)
        .forEach(line::appendCodePoint);
    byte[] bytes = line.toString().getBytes(StandardCharsets.UTF_8);
    if (bytes.length <= HookServer.MAX_SENTENCE_BYTES) {
      return bytes;
    }
    int end = HookServer.MAX_SENTENCE_BYTES;
    while ((bytes[end] & 0xC0) == 0x80) {
      end--;
    }
    return Arrays.copyOf(bytes, end);
  }

  private static boolean fill(ByteChannel channel, ByteBuffer into) throws IOException {
    while (into.hasRemaining()) {
      if (channel.read(into) < 0) {
        return false;
      }
    }
    return true;
  }
}
