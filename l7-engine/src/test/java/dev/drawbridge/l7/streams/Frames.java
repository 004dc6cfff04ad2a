package dev.drawbridge.l7.streams;

import java.util.ArrayList;
import java.util.List;

/**
 * Connections of HTTP/2 and what RFC 9113 sections 3 to 6 and RFC 7541 make of their frames: each
 * error by the section that names it.
 */
public final class Frames {
  /** What must come of a connection. */
  public enum Verdict {
    ACCEPT,
    STREAM_ERROR,
    CONNECTION_ERROR
  }

  /** A connection, from the preface on. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  public record Connection(String id, Verdict verdict, byte[] raw) {}

  private static final byte[] PREFACE = Sections.octets("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  private static final byte[] NOTHING = {};

  private final List<Connection> all = new ArrayList<>();
  private final byte[] request = Sections.request("/allowed");

  private Frames() {}

  static byte[] frame(int type, int flags, int stream, byte... payload) {
    int size = payload.length;
    byte[] head = {
      (byte) (size >> 16),
      (byte) (size >> 8),
      (byte) size,
      (byte) type,
      (byte) flags,
      (byte) (stream >> 24),
      (byte) (stream >> 16),
      (byte) (stream >> 8),
      (byte) stream
    };
    return Sections.join(head, payload);
  }

  static byte[] headers(int stream, boolean end, byte[] block) {
    return frame(1, end ? 5 : 4, stream, block);
  }

  static byte[] data(int stream, boolean end, int size) {
    return frame(0, end ? 1 : 0, stream, new byte[size]);
  }

  /** With preface and settings. */
  static byte[] connection(byte[]... frames) {
    return Sections.join(PREFACE, frame(4, 0, 0), Sections.join(frames));
  }

  private void add(Verdict verdict, String id, byte[]... frames) {
    all.add(new Connection(id, verdict, connection(frames)));
  }

  /** All of them. */
  public static List<Connection> all() {
    Frames frames = new Frames();
    frames.begins();
    frames.sizesAndStreams();
    frames.settings();
    frames.windows();
    frames.states();
    frames.blocks();
    frames.tables();
    return frames.all;
  }

  private byte[] get(int stream) {
    return headers(stream, true, request);
  }

  private byte[] post(int stream) {
    return headers(stream, false, request);
  }

  private void begins() {
    add(Verdict.ACCEPT, "3.4: nothing more");
    add(Verdict.ACCEPT, "a request", get(1));
    for (int type = 0; type < 12; type++) {
      if (type != 4) {
        byte[] payload = type == 6 ? new byte[8] : NOTHING;
        all.add(
            new Connection(
                "3.4: the first frame is of type " + type,
                Verdict.CONNECTION_ERROR,
                Sections.join(PREFACE, frame(type, 0, 0, payload))));
      }
    }
  }

  private void sizesAndStreams() {
    Verdict error = Verdict.CONNECTION_ERROR;
    add(error, "4.2: too long", frame(0, 0, 1, new byte[16_385]));
    add(error, "4.2: too long, of no known type", frame(0x42, 0, 0, new byte[16_385]));
    add(Verdict.ACCEPT, "4.1: of no known type", frame(0x42, 0xff, 0, new byte[100]), get(1));
    add(
        Verdict.ACCEPT,
        "4.1: with flags that nobody knows",
        frame(6, 0xfe, 0, new byte[8]),
        get(1));
    add(Verdict.ACCEPT, "4.1: with the reserved bit", get(0x8000_0001));
    for (int type : new int[] {0, 1, 2, 3, 9}) {
      int size = type == 2 ? 5 : type == 3 ? 4 : 0;
      byte[] payload = type == 1 ? request : new byte[size];
      add(error, "6: on no stream, of type " + type, frame(type, 4, 0, payload));
    }
    for (int type : new int[] {4, 6, 7}) {
      add(
          error,
          "6: on a stream, of type " + type,
          post(1),
          frame(type, 0, 1, new byte[type == 4 ? 0 : 8]));
    }
    for (int size : new int[] {0, 3, 5, 8}) {
      add(error, "6.4: RST_STREAM of " + size, post(1), frame(3, 0, 1, new byte[size]));
      add(error, "6.9: WINDOW_UPDATE of " + size, frame(8, 0, 0, new byte[size]));
    }
    for (int size : new int[] {0, 7, 9}) {
      add(error, "6.7: PING of " + size, frame(6, 0, 0, new byte[size]));
    }
    for (int size : new int[] {0, 7}) {
      add(error, "6.8: GOAWAY of " + size, frame(7, 0, 0, new byte[size]));
    }
    for (int size : new int[] {0, 4, 6}) {
      add(
          Verdict.STREAM_ERROR,
          "6.3: PRIORITY of " + size,
          post(1),
          frame(2, 0, 1, new byte[size]));
    }
    add(
        Verdict.ACCEPT,
        "6.3: PRIORITY",
        frame(2, 0, 1, (byte) 0, (byte) 0, (byte) 0, (byte) 3, (byte) 1),
        get(1));
    add(
        error,
        "6.6: PUSH_PROMISE of a client",
        post(1),
        frame(5, 4, 1, Sections.join(new byte[] {0, 0, 0, 2}, request)));
    add(Verdict.ACCEPT, "6.7: PING", frame(6, 0, 0, new byte[8]), get(1));
    add(Verdict.ACCEPT, "6.7: an answer to no PING", frame(6, 1, 0, new byte[8]), get(1));
    // Section 6.1 and 6.2.
    add(error, "6.1: padding that is all", post(1), frame(0, 8, 1, (byte) 1));
    add(error, "6.1: padding beyond", post(1), frame(0, 8, 1, (byte) 9, (byte) 0, (byte) 0));
    add(error, "6.1: padding of nothing", post(1), frame(0, 8, 1));
    add(error, "6.2: padding beyond", frame(1, 0xd, 1, (byte) 9, (byte) 0, (byte) 0));
    add(error, "6.2: padding of nothing", frame(1, 0xd, 1));
    add(error, "6.2: a priority that is cut", frame(1, 0x25, 1, (byte) 0, (byte) 0));
    add(
        Verdict.ACCEPT,
        "6.1: padding",
        post(1),
        frame(0, 9, 1, (byte) 2, (byte) 'a', (byte) 0, (byte) 0));
    add(
        Verdict.ACCEPT,
        "6.1: nothing but padding",
        post(1),
        frame(0, 9, 1, (byte) 2, (byte) 0, (byte) 0));
  }

  private static byte[] setting(int id, long value) {
    return frame(
        4,
        0,
        0,
        (byte) (id >> 8),
        (byte) id,
        (byte) (value >> 24),
        (byte) (value >> 16),
        (byte) (value >> 8),
        (byte) value);
  }

  private void settings() {
    Verdict error = Verdict.CONNECTION_ERROR;
    for (int size : new int[] {1, 5, 7, 11}) {
      add(error, "6.5: SETTINGS of " + size, frame(4, 0, 0, new byte[size]));
    }
    add(error, "6.5: an answer that says something", frame(4, 1, 0, new byte[6]));
    add(error, "6.5.2: ENABLE_PUSH 2", setting(2, 2));
    add(error, "6.5.2: INITIAL_WINDOW_SIZE 2^31", setting(4, 1L << 31));
    add(error, "6.5.2: MAX_FRAME_SIZE 16383", setting(5, 16_383));
    add(error, "6.5.2: MAX_FRAME_SIZE 2^24", setting(5, 1L << 24));
    add(Verdict.ACCEPT, "6.5.2: MAX_FRAME_SIZE 16384", setting(5, 16_384), get(1));
    add(Verdict.ACCEPT, "6.5.2: MAX_FRAME_SIZE 2^24-1", setting(5, (1L << 24) - 1), get(1));
    add(Verdict.ACCEPT, "6.5.2: INITIAL_WINDOW_SIZE 2^31-1", setting(4, (1L << 31) - 1), get(1));
    add(Verdict.ACCEPT, "6.5.2: ENABLE_PUSH 0", setting(2, 0), get(1));
    add(Verdict.ACCEPT, "6.5.2: of no known name", setting(0xff00, 0xffff_ffffL), get(1));
    add(Verdict.ACCEPT, "6.5.2: HEADER_TABLE_SIZE 0", setting(1, 0), get(1));
  }

  private static byte[] window(int stream, int increment) {
    return frame(
        8,
        0,
        stream,
        (byte) (increment >> 24),
        (byte) (increment >> 16),
        (byte) (increment >> 8),
        (byte) increment);
  }

  private void windows() {
    Verdict error = Verdict.CONNECTION_ERROR;
    add(error, "6.9: the connection's window grows by nothing", window(0, 0));
    add(Verdict.STREAM_ERROR, "6.9: a stream's window grows by nothing", post(1), window(1, 0));
    add(error, "6.9.1: the connection's window beyond 2^31-1", window(0, Integer.MAX_VALUE));
    add(
        Verdict.STREAM_ERROR,
        "6.9.1: a stream's window beyond 2^31-1",
        post(1),
        window(1, Integer.MAX_VALUE));
    add(Verdict.ACCEPT, "6.9: a window grows", window(0, 1000), get(1));
    add(Verdict.ACCEPT, "6.9: the reserved bit", window(0, 0x8000_0001), get(1));
    add(
        error,
        "6.9.2: settings move a stream's window beyond",
        post(1),
        window(1, Integer.MAX_VALUE - 65_535),
        setting(4, 65_536));
  }

  private void states() {
    Verdict error = Verdict.CONNECTION_ERROR;
    add(error, "5.1: DATA on an idle stream", data(1, true, 1));
    add(error, "5.1: RST_STREAM on an idle stream", frame(3, 0, 1, new byte[4]));
    add(error, "5.1: WINDOW_UPDATE on an idle stream", window(1, 1));
    add(error, "5.1: CONTINUATION on an idle stream", frame(9, 4, 1, request));
    add(error, "5.1.1: an even number", get(2));
    add(error, "5.1.1: a smaller number", get(5), get(3));
    add(Verdict.ACCEPT, "5.1.1: a greater number", get(1), get(7));
    add(Verdict.STREAM_ERROR, "5.1: DATA after the end", get(1), data(1, true, 1));
    add(Verdict.STREAM_ERROR, "5.1: HEADERS after the end", get(1), get(1));
    add(error, "5.1: CONTINUATION after the end", get(1), frame(9, 4, 1, request));
    add(
        Verdict.STREAM_ERROR,
        "5.1: DATA after RST_STREAM",
        post(1),
        frame(3, 0, 1, new byte[4]),
        data(1, true, 1));
    add(
        Verdict.ACCEPT,
        "5.1: WINDOW_UPDATE after RST_STREAM",
        post(1),
        frame(3, 0, 1, new byte[4]),
        window(1, 1));
    add(
        Verdict.STREAM_ERROR,
        "8.1: a section in the middle",
        post(1),
        frame(1, 4, 1, NOTHING),
        data(1, true, 1));
  }

  private void blocks() {
    Verdict error = Verdict.CONNECTION_ERROR;
    byte[] begun = frame(1, 1, 1, request);
    add(error, "6.10: continues nothing", get(1), frame(9, 4, 3, request));
    for (int type : new int[] {0, 2, 3, 4, 6, 8, 0x42}) {
      int size = type == 2 ? 5 : type == 6 ? 8 : type == 0 || type == 4 || type == 0x42 ? 0 : 4;
      add(
          error,
          "6.2: interrupted by type " + type,
          begun,
          frame(type, 0, type == 4 || type == 6 ? 0 : 1, new byte[size]));
    }
    add(error, "6.2: interrupted by another section", begun, get(3));
    add(error, "6.10: continued on another stream", begun, frame(9, 4, 3, NOTHING));
    add(error, "6.10: continued on none", begun, frame(9, 4, 0, NOTHING));
    add(Verdict.ACCEPT, "6.10: continued by nothing", begun, frame(9, 0, 1), frame(9, 4, 1));
  }

  private void table(Verdict verdict, String id, int... octets) {
    byte[] block = new byte[octets.length];
    for (int i = 0; i < block.length; i++) {
      block[i] = (byte) octets[i];
    }
    add(verdict, "RFC 7541 " + id, headers(1, true, Sections.join(request, block)));
  }

  private void tables() {
    Verdict error = Verdict.CONNECTION_ERROR;
    table(error, "6.1: index 0", 0x80);
    table(error, "2.3.3: an index of an empty table", 0xbe);
    table(error, "2.3.3: an index far beyond", 0xff, 0xff, 0x7f);
    table(error, "6.2: a name of an empty table", 0x0f, 0x2f, 1, 'y');
    table(
        error,
        "5.1: a number without end",
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0x7f);
    table(error, "5.1: a number that is cut", 0xff);
    table(error, "5.1: a number that is cut later", 0xff, 0x80);
    table(error, "5.1: a number that wraps to a small one", 0xff, 0x83, 0xff, 0xff, 0xff, 0x1f);
    table(error, "5.2: a name longer than the section", 0x00, 0x05, 'x');
    table(error, "5.2: a value longer than the section", 0x00, 0x01, 'x', 0x05, 'y');
    table(error, "5.2: no value", 0x00, 0x01, 'x');
    table(error, "5.2: no name", 0x00);
    table(error, "5.2: EOS in a name", 0x00, 0x84, 0xff, 0xff, 0xff, 0xff, 0x01, 'y');
    table(error, "5.2: padding that is no EOS", 0x00, 0x81, 0x00, 0x01, 'y');
    table(error, "5.2: padding of eight bits", 0x00, 0x82, 0xf3, 0xff, 0x01, 'y');
    // In Huffman's code x is 1111001: seven bits, and one of padding.
    table(Verdict.ACCEPT, "5.2: a name in Huffman's code", 0x00, 0x81, 0xf3, 0x01, 'y');
    table(error, "4.2: a new size that is not first", 0x20);
    add(
        error,
        "RFC 7541 4.2: a size beyond the settings",
        headers(1, true, Sections.join(new byte[] {0x3f, (byte) 0xe2, 0x1f}, request)));
    add(
        Verdict.ACCEPT,
        "RFC 7541 4.2: the size of the settings",
        headers(1, true, Sections.join(new byte[] {0x3f, (byte) 0xe1, 0x1f}, request)));
    byte[] keeps = {0x40, 0x01, 'x', 0x01, 'y'};
    byte[] names = {(byte) 0xbe};
    add(
        Verdict.ACCEPT,
        "RFC 7541 2.3.2: a table that both keep",
        headers(1, true, Sections.join(request, keeps)),
        headers(3, true, Sections.join(request, names)));
    add(
        error,
        "RFC 7541 4.3: a table that was emptied",
        headers(1, true, Sections.join(request, keeps)),
        headers(3, true, Sections.join(new byte[] {0x20}, request, names)));
  }
}
