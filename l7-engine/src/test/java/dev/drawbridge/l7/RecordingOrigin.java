package dev.drawbridge.l7;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP/1 origin that writes down every request it sees, and reads trustingly: the first length
 * wins, anything that mentions chunked is chunked. Does not model: timeouts, limits, errors.
 */
final class RecordingOrigin implements AutoCloseable {
  /**
   * A request as the origin understood it.
   *
   * @param head everything before the empty line
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Seen(String method, String target, String head, byte[] body) {}

  final List<Seen> seen = new ArrayList<>();
  final AtomicInteger open = new AtomicInteger();
  final AtomicInteger accepted = new AtomicInteger();
  private final ServerSocket server;

  RecordingOrigin() throws IOException {
    server = new ServerSocket(0, 256, InetAddress.getLoopbackAddress());
    Thread.ofPlatform().daemon().name("origin").start(this::accept);
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
    try (socket) {
      socket.setTcpNoDelay(true);
      InputStream in = new BufferedInputStream(socket.getInputStream(), 65_536);
      OutputStream out = socket.getOutputStream();
      boolean more = true;
      while (more) {
        more = one(in, out);
      }
    } catch (IOException _) {
      // The other side went away; the test looks at what was seen before.
    } finally {
      open.decrementAndGet();
    }
  }

  private boolean one(InputStream in, OutputStream out) throws IOException {
    String head = head(in);
    if (head == null) {
      return false;
    }
    String[] lines = head.split("\r\n", -1);
    String[] words = lines[0].split(" ", 3);
    int length = -1;
    boolean chunked = false;
    boolean websocket = false;
    boolean close = lines[0].endsWith("HTTP/1.0");
    boolean expects = false;
    for (String line : lines) {
      String lower = line.toLowerCase(Locale.ROOT);
      if (lower.startsWith("content-length:") && length < 0) {
        length = Integer.parseInt(lower.substring(15).trim());
      }
      chunked |= lower.startsWith("transfer-encoding:") && lower.contains("chunked");
      websocket |= lower.startsWith("upgrade:") && lower.contains("websocket");
      close |= lower.startsWith("connection:") && lower.contains("close");
      close &= !(lower.startsWith("connection:") && lower.contains("keep-alive"));
      expects |= lower.startsWith("expect:");
    }
    boolean early = words[1].contains("early");
    if (early) {
      answer(out, words[0], words[1], false);
    } else if (expects) {
      out.write(ascii("HTTP/1.1 100 Continue\r\n\r\n"));
    }
    byte[] body = chunked ? chunks(in) : length > 0 ? exactly(in, length) : new byte[0];
    synchronized (seen) {
      seen.add(new Seen(words[0], words[1], head, body));
    }
    if (websocket && head.contains("Sec-WebSocket-Version: 13")) {
      out.write(
          ascii(
              "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"));
      in.transferTo(out);
      return false;
    }
    if (!early) {
      answer(out, words[0], words[1], close);
    }
    return !close;
  }

  private static void answer(OutputStream out, String method, String target, boolean close)
      throws IOException {
    byte[] body = ascii("saw " + method + " " + target);
    String head =
        "HTTP/1.1 200 OK\r\nContent-Length: "
            + body.length
            + "\r\n"
            + (close ? "Connection: close\r\n" : "")
            + "\r\n";
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.write(ascii(head));
    if (!method.equals("HEAD")) {
      all.write(body);
    }
    out.write(all.toByteArray());
    out.flush();
  }

  private static @Nullable String head(InputStream in) throws IOException {
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    int state = 0;
    while (state < 4) {
      int octet = in.read();
      if (octet < 0) {
        return null;
      }
      head.write(octet);
      boolean wanted = octet == (state % 2 == 0 ? '\r' : '\n');
      state = wanted ? state + 1 : octet == '\r' ? 1 : 0;
    }
    String text = head.toString(StandardCharsets.ISO_8859_1);
    return text.substring(0, text.length() - 4);
  }

  private static byte[] exactly(InputStream in, int length) throws IOException {
    byte[] body = in.readNBytes(length);
    if (body.length < length) {
      throw new IOException("body cut short");
    }
    return body;
  }

  private static byte[] chunks(InputStream in) throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    while (true) {
      String line = line(in);
      int semicolon = line.indexOf(';');
      int size = Integer.parseInt(semicolon < 0 ? line : line.substring(0, semicolon), 16);
      if (size == 0) {
        String trailer = line(in);
        while (!trailer.isEmpty()) {
          trailer = line(in);
        }
        return body.toByteArray();
      }
      body.write(exactly(in, size));
      line(in);
    }
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    while (true) {
      int octet = in.read();
      if (octet < 0) {
        throw new IOException("body cut short");
      }
      if (octet == '\n') {
        return line.toString().trim();
      }
      line.append((char) octet);
    }
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
