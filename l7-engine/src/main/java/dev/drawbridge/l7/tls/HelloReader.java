package dev.drawbridge.l7.tls;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Finds the ClientHello at the beginning of a connection, over as many records and segments as the
 * client likes, and takes none of its bytes away.
 */
public final class HelloReader {
  /**
   * Most bytes that are read for a hello, record headers included. Most have under two thousand.
   */
  public static final int MOST_BYTES = 64 * 1024;

  /** What came of the bytes so far. */
  public enum Progress {
    MORE,
    /** {@link #hello} is there. */
    DONE,
    /** Not a ClientHello, or not one that every server would read alike. */
    FAULT,
    /** Longer than {@link #MOST_BYTES}. */
    TOO_LONG
  }

  private static final int HANDSHAKE = 22;
  private static final int CLIENT_HELLO = 1;
  private static final int RECORD_HEADER = 5;
  private static final int MESSAGE_HEADER = 4;

  /** RFC 8446 section 5.1: of a plaintext record, which must not be empty either. */
  private static final int MAX_RECORD = 1 << 14;

  private final byte[] header = new byte[RECORD_HEADER];
  private byte[] message = new byte[512];
  private int seen;
  private int headerBytes;
  private int recordLeft;
  private int messageBytes;
  private @Nullable ClientHello hello;

  /** Goes on in what was read from the client since the beginning; moves no index of it. */
  public Progress take(ByteBuf all) {
    int end = all.writerIndex();
    while (all.readerIndex() + seen < end) {
      int at = all.readerIndex() + seen;
      if (recordLeft == 0) {
        header[headerBytes++] = all.getByte(at);
        seen++;
        if (!headerMayBe()) {
          return Progress.FAULT;
        }
        continue;
      }
      int size = Math.min(recordLeft, end - at);
      room(size);
      all.getBytes(at, message, messageBytes, size);
      messageBytes += size;
      seen += size;
      recordLeft -= size;
      if (message[0] != CLIENT_HELLO) {
        return Progress.FAULT;
      }
      if (messageBytes >= MESSAGE_HEADER) {
        int whole = MESSAGE_HEADER + length();
        if (whole > MOST_BYTES) {
          return Progress.TOO_LONG;
        }
        if (messageBytes >= whole) {
          return end(whole);
        }
      }
    }
    return seen > MOST_BYTES ? Progress.TOO_LONG : Progress.MORE;
  }

  private boolean headerMayBe() {
    return switch (headerBytes) {
      case 1 -> header[0] == HANDSHAKE;
      case 2 -> header[1] == 3;
      case RECORD_HEADER -> {
        headerBytes = 0;
        recordLeft = (header[3] & 0xff) << 8 | (header[4] & 0xff);
        yield recordLeft > 0 && recordLeft <= MAX_RECORD;
      }
      default -> true;
    };
  }

  private int length() {
    return (message[1] & 0xff) << 16 | (message[2] & 0xff) << 8 | (message[3] & 0xff);
  }

  /** A record ends with the message: what a second message in it would mean is anybody's guess. */
  private Progress end(int whole) {
    if (messageBytes > whole || recordLeft > 0) {
      return Progress.FAULT;
    }
    hello =
        ClientHello.parse(ByteBuffer.wrap(message, MESSAGE_HEADER, whole - MESSAGE_HEADER).slice());
    return hello == null ? Progress.FAULT : Progress.DONE;
  }

  private void room(int size) {
    if (messageBytes + size > message.length) {
      message = Arrays.copyOf(message, Math.max(2 * message.length, messageBytes + size));
    }
  }

  /** How many bytes have been looked at; after DONE, those of the hello and no more. */
  public int size() {
    return seen;
  }

  /** Bytes kept of the message. */
  public int holds() {
    return message.length;
  }

  /** The hello, after DONE. */
  public ClientHello hello() {
    ClientHello read = hello;
    if (read == null) {
      throw new IllegalStateException("no hello has been read");
    }
    return read;
  }
}
