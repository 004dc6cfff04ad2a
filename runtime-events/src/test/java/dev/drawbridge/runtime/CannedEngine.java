package dev.drawbridge.runtime;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A Unix socket that answers each path with a fixed status and body, whatever its version prefix.
 *
 * <p>Does not model: an engine. No state, no methods, no parameters, no chunks; {@code /events}
 * stays open and silent after its body. A body of {@link #HANG_UP} closes the connection in the
 * middle of the answer.
 */
final class CannedEngine implements AutoCloseable {
  static final String HANG_UP = "\u0000";

  private final ServerSocketChannel server;
  private final Map<String, String> bodies = new ConcurrentHashMap<>();
  private final Map<String, Integer> statuses = new ConcurrentHashMap<>();
  final List<String> asked = Collections.synchronizedList(new ArrayList<>());

  CannedEngine(Path socket) throws IOException {
    server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(socket));
    answer("/version", 200, "{\"Version\":\"20.10.24\",\"ApiVersion\":\"1.41\"}");
    answer("/containers/json", 200, "[]");
    answer("/events", 200, "");
    Thread.ofVirtual().start(this::serve);
  }

  void answer(String path, int status, String body) {
    statuses.put(path, status);
    bodies.put(path, body);
  }

  private void serve() {
    try {
      while (true) {
        SocketChannel channel = server.accept();
        Thread.ofVirtual().start(() -> talk(channel));
      }
    } catch (IOException closed) {
      return;
    }
  }

  private void talk(SocketChannel channel) {
    try (channel) {
      InputStream in = Channels.newInputStream(channel);
      OutputStream out = Channels.newOutputStream(channel);
      while (true) {
        String request = line(in);
        String header = request;
        while (!header.isEmpty()) {
          header = line(in);
        }
        String target = request.substring(4, request.lastIndexOf(' '));
        asked.add(target);
        String path = target.replaceFirst("^/v[0-9.]+/", "/").replaceFirst("\\?.*", "");
        String body = bodies.getOrDefault(path, "{\"message\":\"nothing here\"}");
        String head =
            "HTTP/1.1 "
                + statuses.getOrDefault(path, 404)
                + " X\r\nContent-Type: application/json\r\n";
        if (path.equals("/events") && Integer.valueOf(200).equals(statuses.get(path))) {
          out.write((head + "\r\n" + body).getBytes(StandardCharsets.UTF_8));
          var _ = in.read();
          return;
        }
        if (body.equals(HANG_UP)) {
          out.write((head + "Content-Length: 1000\r\n\r\n{").getBytes(StandardCharsets.UTF_8));
          return;
        }
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        out.write(
            (head + "Content-Length: " + bytes.length + "\r\n\r\n")
                .getBytes(StandardCharsets.UTF_8));
        out.write(bytes);
      }
    } catch (IOException | StringIndexOutOfBoundsException gone) {
      return;
    }
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int octet = in.read(); octet != '\n'; octet = in.read()) {
      if (octet < 0) {
        throw new IOException("gone");
      }
      if (octet != '\r') {
        line.append((char) octet);
      }
    }
    return line.toString();
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
