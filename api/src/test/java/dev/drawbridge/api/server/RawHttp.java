package dev.drawbridge.api.server;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Sends bytes as they are, and reads until the server closes. A reply that never ends fails after
 * 20 s.
 */
final class RawHttp {
  private RawHttp() {}

  static String tcp(int port, String request) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout(20_000);
      socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
      return all(socket.getInputStream());
    }
  }

  static String all(InputStream in) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      in.transferTo(bytes);
    } catch (java.net.SocketException reset) {
      // The server closed with our unread bytes in its buffer; what it sent before counts.
      bytes.write(new byte[0]);
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  static String unix(Path path, String request) throws IOException {
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      channel.connect(UnixDomainSocketAddress.of(path));
      channel.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.ISO_8859_1)));
      return all(java.nio.channels.Channels.newInputStream(channel));
    }
  }

  static int status(String reply) {
    return reply.startsWith("HTTP/1.1 ") ? Integer.parseInt(reply.substring(9, 12)) : -1;
  }

  static String body(String reply) {
    int at = reply.indexOf("\r\n\r\n");
    return at < 0 ? "" : reply.substring(at + 4);
  }
}
