package dev.drawbridge.it.attack;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Runs in a container, by the machine's JDK: address, and how many connections. Begins on each
 * something that the other end has to keep, and keeps as many open as it can.
 */
final class Hog {
  private static final int KEPT = 1_500;
  private static final byte[] PREFACE = ascii("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0");

  private Hog() {}

  public static void main(String[] arguments) throws InterruptedException {
    InetSocketAddress target = new InetSocketAddress(arguments[0], 80);
    int connections = Integer.parseInt(arguments[1]);
    Thread[] threads = new Thread[4];
    for (int i = 0; i < threads.length; i++) {
      int first = i;
      threads[i] = Thread.ofPlatform().start(() -> fill(target, first, connections));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    System.out.println("done");
  }

  private static void fill(InetSocketAddress target, int first, int connections) {
    Deque<Socket> kept = new ArrayDeque<>();
    for (int i = first; i < connections; i += 4) {
      try {
        Socket socket = new Socket();
        kept.add(socket);
        socket.setReceiveBufferSize(4_096);
        socket.connect(target, 5_000);
        socket.getOutputStream().write(burden(i / 4 % 6, i));
        if (kept.size() > KEPT / 4) {
          kept.remove().close();
        }
      } catch (IOException _) {
        // Turned away, which is what should happen.
      }
    }
  }

  private static byte[] burden(int kind, int number) {
    return switch (kind) {
      case 0 ->
          ascii(
              "GET /users HTTP/1.1\r\nHost: a\r\n"
                  + ("X: " + "y".repeat(1_000) + "\r\n").repeat(58));
      case 1 -> hello();
      case 2 -> stream("/" + number + "p".repeat(15_000));
      case 3 ->
          ascii(("GET /denied" + "d".repeat(15_000) + " HTTP/1.1\r\nHost: a\r\n\r\n").repeat(20));
      case 4 -> ascii("GET /denied HTTP/1.1\r\nHost: a\r\n\r\n".repeat(50));
      default -> new byte[0];
    };
  }

  /** The beginning of a TLS hello that never ends. */
  private static byte[] hello() {
    ByteBuffer all = ByteBuffer.allocate(60_000);
    for (int at = 0; at < all.limit(); at += 15_000) {
      all.put(at, new byte[] {22, 3, 1, 0x3a, (byte) 0x93});
    }
    return all.put(5, new byte[] {1, 0, (byte) 0xf0, 0}).array();
  }

  /** A request by HTTP/2: GET http, host a, that path. */
  private static byte[] stream(String path) {
    int length = path.length();
    int rest = length - 127;
    ByteBuffer section = ByteBuffer.allocate(length + 16);
    section.put(new byte[] {(byte) 0x82, (byte) 0x86, 0x01, 1, 'a', 0x04, 0x7f});
    for (; rest >= 128; rest >>>= 7) {
      section.put((byte) (rest | 0x80));
    }
    section.put((byte) rest).put(ascii(path)).flip();
    ByteBuffer all = ByteBuffer.allocate(PREFACE.length + 9 + section.remaining());
    all.put(PREFACE).putInt(section.remaining() << 8 | 1).put((byte) 5).putInt(1).put(section);
    return all.array();
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }
}
