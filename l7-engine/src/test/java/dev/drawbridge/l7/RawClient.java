package dev.drawbridge.l7;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A client that writes bytes as they are and takes answers apart. */
final class RawClient implements AutoCloseable {
  /** An answer; truncated when the connection ended within it. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Answer(int status, String head, byte[] body, boolean truncated) {
    String text() {
      return new String(body, StandardCharsets.ISO_8859_1);
    }
  }

  private static final int PATIENCE_MILLIS = 10_000;

  final Socket socket;
  private final InputStream in;

  RawClient(int port) throws IOException {
    this(port, 0);
  }

  /** From that address. */
  RawClient(InetAddress from, int port) throws IOException {
    this(from, port, 0);
  }

  RawClient(int port, int receiveBuffer) throws IOException {
    this(null, port, receiveBuffer);
  }

  RawClient(@Nullable InetAddress from, int port, int receiveBuffer) throws IOException {
    socket = new Socket();
    if (from != null) {
      socket.bind(new InetSocketAddress(from, 0));
    }
    if (receiveBuffer > 0) {
      socket.setReceiveBufferSize(receiveBuffer);
    }
    socket.setTcpNoDelay(true);
    socket.setSoTimeout(PATIENCE_MILLIS);
    socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    in = socket.getInputStream();
  }

  RawClient send(String text) throws IOException {
    return send(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  RawClient send(byte[] bytes) throws IOException {
    socket.getOutputStream().write(bytes);
    return this;
  }

  /** Writes byte by byte; stops when the other side has had enough. */
  void sendSingly(byte[] bytes) {
    try {
      for (byte octet : bytes) {
        socket.getOutputStream().write(octet);
      }
    } catch (IOException _) {
      // Refused before the end, which is what some streams deserve.
    }
  }

  void endOutput() {
    try {
      socket.shutdownOutput();
    } catch (IOException _) {
      // Closed by the other side already.
    }
  }

  /** The next answer; status 0 if the connection ended instead. */
  Answer answer(boolean toHead) throws IOException {
    String head = head();
    if (head.isEmpty()) {
      return new Answer(0, "", new byte[0], false);
    }
    int status = Integer.parseInt(head.substring(9, 12));
    String lower = head.toLowerCase(Locale.ROOT);
    if (toHead || status < 200 || status == 204 || status == 304) {
      return new Answer(status, head, new byte[0], false);
    }
    int at = lower.indexOf("\r\ncontent-length: ");
    if (at >= 0) {
      int length = Integer.parseInt(lower.substring(at + 18, lower.indexOf("\r\n", at + 18)));
      byte[] body = readUpTo(length);
      return new Answer(status, head, body, body.length < length);
    }
    if (lower.contains("\r\ntransfer-encoding: chunked\r\n")) {
      return chunked(status, head);
    }
    return new Answer(status, head, readUpTo(Integer.MAX_VALUE), false);
  }

  Answer answer() throws IOException {
    return answer(false);
  }

  /** All answers until the connection ends; interim ones are left out. */
  List<Answer> answers() {
    List<Answer> all = new ArrayList<>();
    try {
      while (true) {
        Answer next = answer();
        if (next.status() == 0) {
          return all;
        }
        if (next.status() >= 200) {
          all.add(next);
        }
      }
    } catch (SocketTimeoutException e) {
      throw new IllegalStateException("no end after " + all, e);
    } catch (IOException _) {
      return all;
    }
  }

  private Answer chunked(int status, String head) throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    while (true) {
      String line = line();
      if (line.isEmpty()) {
        return new Answer(status, head, body.toByteArray(), true);
      }
      int size = Integer.parseInt(line.trim(), 16);
      if (size == 0) {
        String rest = line();
        while (!rest.equals("\r\n") && !rest.isEmpty()) {
          rest = line();
        }
        return new Answer(status, head, body.toByteArray(), false);
      }
      byte[] data = readUpTo(size);
      body.writeBytes(data);
      if (data.length < size) {
        return new Answer(status, head, body.toByteArray(), true);
      }
      line();
    }
  }

  private byte[] readUpTo(int length) throws IOException {
    return in.readNBytes(length);
  }

  private String head() throws IOException {
    StringBuilder head = new StringBuilder();
    while (true) {
      String line = line();
      if (line.isEmpty()) {
        return "";
      }
      head.append(line);
      if (line.equals("\r\n")) {
        return head.toString();
      }
    }
  }

  private String line() throws IOException {
    StringBuilder line = new StringBuilder();
    while (true) {
      int octet = in.read();
      if (octet < 0) {
        return "";
      }
      line.append((char) octet);
      if (octet == '\n') {
        return line.toString();
      }
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
