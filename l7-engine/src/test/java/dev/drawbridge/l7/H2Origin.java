package dev.drawbridge.l7;

import io.netty.handler.codec.http2.Http2Headers;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP/2 origin that writes down every request it sees, and reads trustingly. Does not model:
 * limits, errors, its client's windows.
 */
final class H2Origin implements AutoCloseable {
  /** A request that came to its end. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Seen(Http2Headers head, byte[] body, @Nullable Http2Headers trailers) {
    String method() {
      return String.valueOf(head.method());
    }

    String path() {
      return String.valueOf(head.path());
    }
  }

  private static final class Open {
    Http2Headers head;
    final ByteArrayOutputStream body = new ByteArrayOutputStream();

    Open(Http2Headers head) {
      this.head = head;
    }
  }

  /** Requests that came to their end. */
  final List<Seen> seen = new ArrayList<>();

  /** Heads, whatever became of them. */
  final List<String> heads = new ArrayList<>();

  final AtomicInteger open = new AtomicInteger();
  final AtomicInteger accepted = new AtomicInteger();
  final AtomicInteger resets = new AtomicInteger();
  private final ServerSocket server;

  H2Origin() throws IOException {
    server = new ServerSocket(0, 256, InetAddress.getLoopbackAddress());
    Thread.ofPlatform().daemon().name("h2-origin").start(this::accept);
  }

  InetSocketAddress address() {
    return new InetSocketAddress(server.getInetAddress(), server.getLocalPort());
  }

  List<Seen> takeSeen() {
    synchronized (seen) {
      List<Seen> all = List.copyOf(seen);
      seen.clear();
      return all;
    }
  }

  List<String> takeHeads() {
    synchronized (seen) {
      List<String> all = List.copyOf(heads);
      heads.clear();
      return all;
    }
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        Socket socket = server.accept();
        open.incrementAndGet();
        accepted.incrementAndGet();
        Thread.ofVirtual().start(() -> serve(socket));
      } catch (IOException _) {
        return;
      }
    }
  }

  private void serve(Socket socket) {
    try (H2Peer peer = H2Peer.server(socket)) {
      Map<Integer, Open> streams = new HashMap<>();
      for (H2Peer.Frame frame = peer.read(); frame != null; frame = peer.read()) {
        take(peer, streams, frame);
      }
    } catch (IOException _) {
      // The other side went away; the test looks at what was seen before.
    } finally {
      open.decrementAndGet();
    }
  }

  private void take(H2Peer peer, Map<Integer, Open> streams, H2Peer.Frame frame)
      throws IOException {
    Open stream = streams.get(frame.stream());
    Http2Headers fields = frame.fields();
    Http2Headers trailers = null;
    if (frame.type() == H2Peer.RST_STREAM) {
      resets.incrementAndGet();
      streams.remove(frame.stream());
      return;
    }
    if (fields != null && stream == null) {
      stream = new Open(fields);
      streams.put(frame.stream(), stream);
      synchronized (seen) {
        heads.add(fields.method() + " " + fields.path());
      }
    } else if (fields != null) {
      trailers = fields;
    } else if (frame.type() == H2Peer.DATA && stream != null) {
      stream.body.writeBytes(frame.payload());
    }
    if (stream == null || !frame.end()) {
      return;
    }
    streams.remove(frame.stream());
    Seen whole = new Seen(stream.head, stream.body.toByteArray(), trailers);
    synchronized (seen) {
      seen.add(whole);
    }
    byte[] body =
        ("saw " + whole.method() + " " + whole.path()).getBytes(StandardCharsets.ISO_8859_1);
    boolean bodiless = whole.method().equals("HEAD");
    peer.headers(
        frame.stream(),
        bodiless,
        ":status",
        "200",
        "content-length",
        Integer.toString(body.length));
    if (!bodiless) {
      peer.data(frame.stream(), true, body);
    }
    peer.flush();
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
