package dev.drawbridge.l7;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.DefaultHttp2HeadersEncoder;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersEncoder;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * One end of an HTTP/2 connection that writes the frames it is told to and reads what comes, with
 * Netty's HPACK. Checks nothing; does not model flow control of its own sending.
 */
final class H2Peer implements AutoCloseable {
  static final int DATA = 0;
  static final int HEADERS = 1;
  static final int PRIORITY = 2;
  static final int RST_STREAM = 3;
  static final int SETTINGS = 4;
  static final int PUSH_PROMISE = 5;
  static final int PING = 6;
  static final int GOAWAY = 7;
  static final int WINDOW_UPDATE = 8;
  static final int CONTINUATION = 9;

  static final int END = 1;
  static final int END_HEADERS = 4;

  static final byte[] PREFACE =
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

  /** A frame as it came; of HEADERS the fields too. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Frame(int type, int flags, int stream, byte[] payload, @Nullable Http2Headers fields) {
    boolean end() {
      return (type == DATA || type == HEADERS) && (flags & END) != 0;
    }

    int number() {
      return Unpooled.wrappedBuffer(payload).readInt();
    }

    int code() {
      return Unpooled.wrappedBuffer(payload).getInt(type == GOAWAY ? 4 : 0);
    }

    String field(String name) {
      CharSequence value = fields == null ? null : fields.get(name);
      return value == null ? "" : value.toString();
    }
  }

  /** What became of a stream; status 0 if it was reset, or the connection ended, before one. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Answer(
      int status, Http2Headers head, byte[] body, Http2Headers trailers, boolean whole, int reset) {
    String text() {
      return new String(body, StandardCharsets.ISO_8859_1);
    }

    String trailer(String name) {
      CharSequence value = trailers.get(name);
      return value == null ? "" : value.toString();
    }

    String field(String name) {
      CharSequence value = head.get(name);
      return value == null ? "" : value.toString();
    }
  }

  final Socket socket;
  final DataInputStream in;
  final DataOutputStream out;
  boolean acknowledges = true;
  boolean refills = true;

  /** What the other side lets through on the first stream, for tests that send much. */
  final Semaphore windows = new Semaphore(65_535);

  int goAwayCode = -1;
  int goAwayLast = -1;
  private final DefaultHttp2HeadersEncoder encoder =
      new DefaultHttp2HeadersEncoder(Http2HeadersEncoder.NEVER_SENSITIVE);
  private final DefaultHttp2HeadersDecoder decoder = new DefaultHttp2HeadersDecoder(false, 1 << 20);
  private int blockFlags;
  private final ByteArrayOutputStream block = new ByteArrayOutputStream();

  H2Peer(Socket socket) throws IOException {
    this.socket = socket;
    socket.setTcpNoDelay(true);
    in = new DataInputStream(new BufferedInputStream(socket.getInputStream(), 65_536));
    out = new DataOutputStream(new BufferedOutputStream(socket.getOutputStream(), 65_536));
  }

  /** A client that has said hello. */
  static H2Peer client(int port, int... settings) throws IOException {
    return client(new Socket(), port, settings);
  }

  /** The same from that address. */
  static H2Peer client(InetAddress from, int port) throws IOException {
    Socket socket = new Socket();
    socket.bind(new InetSocketAddress(from, 0));
    return client(socket, port);
  }

  private static H2Peer client(Socket socket, int port, int... settings) throws IOException {
    socket.setSoTimeout(10_000);
    socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    H2Peer peer = new H2Peer(socket);
    peer.out.write(PREFACE);
    peer.settings(settings).flush();
    return peer;
  }

  /** A server that has read the client's hello. */
  static H2Peer server(Socket socket, int... settings) throws IOException {
    H2Peer peer = new H2Peer(socket);
    peer.in.readNBytes(PREFACE.length);
    peer.settings(settings).flush();
    return peer;
  }

  H2Peer frame(int type, int flags, int stream, byte... payload) throws IOException {
    out.writeInt((payload.length << 8) | type);
    out.writeByte(flags);
    out.writeInt(stream);
    out.write(payload);
    return this;
  }

  H2Peer flush() throws IOException {
    out.flush();
    return this;
  }

  H2Peer settings(int... idsAndValues) throws IOException {
    ByteBuf payload = Unpooled.buffer();
    for (int i = 0; i < idsAndValues.length; i += 2) {
      payload.writeShort(idsAndValues[i]).writeInt(idsAndValues[i + 1]);
    }
    return frame(SETTINGS, 0, 0, bytes(payload));
  }

  static byte[] number(int... numbers) {
    ByteBuf payload = Unpooled.buffer();
    for (int number : numbers) {
      payload.writeInt(number);
    }
    return bytes(payload);
  }

  private static byte[] bytes(ByteBuf buffer) {
    byte[] all = new byte[buffer.readableBytes()];
    buffer.readBytes(all);
    return all;
  }

  byte[] encode(String... namesAndValues) {
    Http2Headers fields = new DefaultHttp2Headers(false);
    for (int i = 0; i < namesAndValues.length; i += 2) {
      fields.add(namesAndValues[i], namesAndValues[i + 1]);
    }
    ByteBuf to = Unpooled.buffer();
    try {
      encoder.encodeHeaders(1, fields, to);
    } catch (Http2Exception e) {
      throw new IllegalStateException(e);
    }
    return bytes(to);
  }

  H2Peer headers(int stream, boolean end, String... namesAndValues) throws IOException {
    byte[] all = encode(namesAndValues);
    int at = 0;
    int type = HEADERS;
    do {
      int size = Math.min(16_384, all.length - at);
      byte[] part = new byte[size];
      System.arraycopy(all, at, part, 0, size);
      at += size;
      frame(
          type,
          (at == all.length ? END_HEADERS : 0) | (end && type == HEADERS ? END : 0),
          stream,
          part);
      type = CONTINUATION;
    } while (at < all.length);
    return this;
  }

  /** A request's section. */
  H2Peer request(int stream, boolean end, String method, String path, String... more)
      throws IOException {
    String[] all = new String[8 + more.length];
    all[0] = ":method";
    all[1] = method;
    all[2] = ":scheme";
    all[3] = "http";
    all[4] = ":authority";
    all[5] = "a.test";
    all[6] = ":path";
    all[7] = path;
    System.arraycopy(more, 0, all, 8, more.length);
    return headers(stream, end, all);
  }

  H2Peer data(int stream, boolean end, byte... body) throws IOException {
    return frame(DATA, end ? END : 0, stream, body);
  }

  H2Peer reset(int stream, int code) throws IOException {
    return frame(RST_STREAM, 0, stream, number(code));
  }

  H2Peer window(int stream, int increment) throws IOException {
    return frame(WINDOW_UPDATE, 0, stream, number(increment));
  }

  /** The next frame, sections put together; null at the end of the connection. */
  @Nullable Frame read() throws IOException {
    try {
      while (true) {
        int first = in.readInt();
        int type = first & 0xff;
        int flags = in.readUnsignedByte();
        int stream = in.readInt();
        byte[] payload = in.readNBytes(first >>> 8);
        if (payload.length < first >>> 8) {
          return null;
        }
        Http2Headers fields = null;
        if (type == HEADERS || type == CONTINUATION) {
          block.writeBytes(payload);
          if (type == HEADERS) {
            blockFlags = flags;
          }
          if ((flags & END_HEADERS) == 0) {
            continue;
          }
          type = HEADERS;
          flags = blockFlags;
          try {
            fields = decoder.decodeHeaders(stream, Unpooled.wrappedBuffer(block.toByteArray()));
          } catch (Http2Exception e) {
            throw new IOException(e);
          }
          block.reset();
        }
        if (type == GOAWAY) {
          goAwayLast = Unpooled.wrappedBuffer(payload).getInt(0);
          goAwayCode = Unpooled.wrappedBuffer(payload).getInt(4);
        }
        if (type == WINDOW_UPDATE && stream == 1) {
          windows.release(Unpooled.wrappedBuffer(payload).getInt(0));
        }
        respond(type, flags, stream, payload);
        return new Frame(type, flags, stream, payload, fields);
      }
    } catch (EOFException _) {
      return null;
    }
  }

  private void respond(int type, int flags, int stream, byte[] payload) throws IOException {
    try {
      if (type == SETTINGS && flags == 0 && acknowledges) {
        synchronized (this) {
          frame(SETTINGS, 1, 0).flush();
        }
      } else if (type == PING && flags == 0 && acknowledges) {
        frame(PING, 1, 0, payload).flush();
      } else if (type == DATA && payload.length > 0 && refills) {
        synchronized (this) {
          window(0, payload.length);
          if ((flags & END) == 0) {
            window(stream, payload.length);
          }
          flush();
        }
      }
    } catch (IOException _) {
      // The other side does not listen any more; what it said is still worth reading.
    }
  }

  /** Reads until that stream is over. */
  Answer answer(int stream) throws IOException {
    int status = 0;
    Http2Headers head = new DefaultHttp2Headers(false);
    Http2Headers trailers = new DefaultHttp2Headers(false);
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    while (true) {
      Frame next = read();
      if (next == null) {
        return new Answer(status, head, body.toByteArray(), trailers, false, -1);
      }
      if (next.stream != stream) {
        continue;
      }
      Http2Headers fields = next.fields;
      if (fields != null) {
        if (status >= 200 || next.field(":status").isEmpty()) {
          trailers = fields;
        } else {
          status = Integer.parseInt(next.field(":status"));
          head = fields;
        }
      } else if (next.type == DATA) {
        body.writeBytes(next.payload);
      } else if (next.type == RST_STREAM) {
        return new Answer(status, head, body.toByteArray(), trailers, false, next.code());
      }
      if (next.end()) {
        return new Answer(status, head, body.toByteArray(), trailers, true, -1);
      }
    }
  }

  /** All frames up to the end of the connection. */
  List<Frame> rest() {
    List<Frame> all = new ArrayList<>();
    try {
      for (Frame next = read(); next != null; next = read()) {
        all.add(next);
      }
    } catch (java.net.SocketTimeoutException e) {
      throw new IllegalStateException("no end after " + all, e);
    } catch (IOException _) {
      // Reset: an end too.
    }
    return all;
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
