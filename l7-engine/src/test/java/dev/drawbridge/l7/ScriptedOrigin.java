package dev.drawbridge.l7;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicInteger;

/** An origin that does on each connection what the test says. */
final class ScriptedOrigin implements AutoCloseable {
  /** What happens on one connection; it is closed afterwards. */
  interface Script {
    void run(Peer peer) throws Exception;
  }

  /** The origin's end of a connection. */
  record Peer(Socket socket, InputStream in, OutputStream out) {
    void send(String text) throws IOException {
      out.write(text.getBytes(StandardCharsets.ISO_8859_1));
      out.flush();
    }

    /** Everything up to the next empty line; empty at the end of the stream. */
    String head() throws IOException {
      StringBuilder head = new StringBuilder();
      while (head.length() < 4 || !head.substring(head.length() - 4).equals("\r\n\r\n")) {
        int octet = in.read();
        if (octet < 0) {
          return "";
        }
        head.append((char) octet);
      }
      return head.toString();
    }

    void reset() throws IOException {
      socket.setSoLinger(true, 0);
      socket.close();
    }
  }

  final AtomicInteger accepted = new AtomicInteger();
  final AtomicInteger open = new AtomicInteger();
  private final ServerSocket server;

  ScriptedOrigin(Script script) throws IOException {
    server = new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
    Thread.ofPlatform()
        .daemon()
        .start(() -> {
          while (!server.isClosed()) {
            try {
              Socket socket = server.accept();
              accepted.incrementAndGet();
              open.incrementAndGet();
              Thread.ofVirtual().start(() -> run(script, socket));
            } catch (IOException _) {
              return;
            }
          }
        });
  }

  private void run(Script script, Socket socket) {
    try (socket) {
      socket.setTcpNoDelay(true);
      script.run(new Peer(socket, socket.getInputStream(), socket.getOutputStream()));
    } catch (Exception _) {
      // The test sees at its own end what became of the connection.
    } finally {
      open.decrementAndGet();
    }
  }

  InetSocketAddress address() {
    return new InetSocketAddress(server.getInetAddress(), server.getLocalPort());
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
