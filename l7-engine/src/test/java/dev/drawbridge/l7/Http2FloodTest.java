package dev.drawbridge.l7;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.l7.H2Peer.Answer;
import dev.drawbridge.l7.H2Peer.Frame;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Floods of HTTP/2: each ends its connection or its streams, the memory stays, and others are
 * served meanwhile.
 */
@Timeout(60)
final class Http2FloodTest {
  private static final int CALM = 11;
  private static final long MOST_BYTES = 64L * 1024 * 1024;

  /** A flood: writes until it is stopped, or has written all. */
  private interface Flood {
    void send(H2Peer client) throws IOException;
  }

  private H2Origin origin;
  private Scene scene;

  @BeforeAll
  static void watch() {
    Leaks.watch();
  }

  @AfterAll
  static void noLeaks() {
    assertEquals(List.of(), Leaks.found());
  }

  @BeforeEach
  void start() throws Exception {
    origin = new H2Origin();
    scene = new Scene(origin.address(), "app=api may ANY /**");
  }

  @AfterEach
  void stop() throws Exception {
    scene.close();
    origin.close();
  }

  /** Sends a flood and returns the code that the connection ended with; -1 if it was cut. */
  private int flood(boolean reading, Flood flood) throws Exception {
    try (H2Peer client = H2Peer.client(scene.listener.port4())) {
      client.acknowledges = false;
      client.refills = false;
      Thread reader = null;
      if (reading) {
        reader =
            Thread.startVirtualThread(() -> {
              List<Frame> _ = client.rest();
            });
      }
      try {
        flood.send(client);
        client.flush();
      } catch (SocketException _) {
        // Stopped, which is the point.
      }
      if (reader == null) {
        List<Frame> _ = client.rest();
      } else {
        reader.join();
      }
      othersAreServed();
      return client.goAwayCode;
    }
  }

  private void othersAreServed() throws IOException {
    try (H2Peer other = H2Peer.client(scene.listener.port4())) {
      assertEquals(200, other.request(1, true, "GET", "/other").flush().answer(1).status());
    }
  }

  @Test
  void endsEndlessHeaderBlocks() throws Exception {
    Map<String, byte[]> parts = new TreeMap<>();
    parts.put("full", new byte[16_384]);
    parts.put("empty", new byte[0]);
    parts.put("single", new byte[] {(byte) 0x82});
    for (Map.Entry<String, byte[]> part : parts.entrySet()) {
      int code =
          flood(
              true,
              client -> {
                client.frame(H2Peer.HEADERS, 1, 1, (byte) 0x82);
                for (int i = 0; i < 100_000; i++) {
                  client.frame(H2Peer.CONTINUATION, 0, 1, part.getValue());
                }
              });
      assertEquals(CALM, code, part.getKey());
    }
    assertEquals(0, origin.takeHeads().stream().filter(head -> !head.endsWith("/other")).count());
  }

  @Test
  void endsRapidResets() throws Exception {
    int code =
        flood(
            true,
            client -> {
              for (int i = 0; i < 100_000; i++) {
                client.request(2 * i + 1, true, "GET", "/a").reset(2 * i + 1, 8);
              }
            });
    assertEquals(CALM, code);
    long reached = origin.takeHeads().stream().filter(head -> head.endsWith("/a")).count();
    assertTrue(reached <= 1_200, "the origin saw " + reached);
  }

  @Test
  void endsResetsThatTheEngineIsMadeToSend() throws Exception {
    Map<String, Flood> ways = new TreeMap<>();
    ways.put("window grows by nothing", client -> client.window(id(client), 0));
    ways.put("window overflows", client -> client.window(id(client), 0x7fff_ffff));
    ways.put("body after the end", client -> client.data(id(client), true, new byte[1]));
    ways.put("section after the end", client -> client.request(id(client), true, "GET", "/slow"));
    ways.put(
        "self-dependency",
        client -> client.frame(H2Peer.PRIORITY, 0, id(client), number(id(client))));
    for (Map.Entry<String, Flood> way : ways.entrySet()) {
      int code =
          flood(
              true,
              client -> {
                for (int i = 0; i < 20_000; i++) {
                  client.goAwayLast = 2 * i + 1;
                  client.request(id(client), true, "GET", "/slow");
                  way.getValue().send(client);
                }
              });
      assertNotEquals(0, code, way.getKey());
    }
  }

  /** The stream that a flood is at. */
  private static int id(H2Peer client) {
    return client.goAwayLast;
  }

  private static byte[] number(int dependency) {
    return new byte[] {
      (byte) (dependency >> 24),
      (byte) (dependency >> 16),
      (byte) (dependency >> 8),
      (byte) dependency,
      0
    };
  }

  @Test
  void endsFramesThatCarryNothing() throws Exception {
    Map<String, Flood> floods = new TreeMap<>();
    floods.put("SETTINGS", client -> client.settings());
    floods.put("PING", client -> client.frame(H2Peer.PING, 0, 0, new byte[8]));
    floods.put("PRIORITY", client -> client.frame(H2Peer.PRIORITY, 0, 3, number(1)));
    floods.put("unknown", client -> client.frame(0x77, 0, 0, new byte[8]));
    floods.put("empty DATA", client -> client.data(1, false));
    floods.put("small windows", client -> client.window(0, 1));
    for (boolean reading : new boolean[] {true, false}) {
      for (Map.Entry<String, Flood> flood : floods.entrySet()) {
        int code =
            flood(
                reading,
                client -> {
                  client.request(1, false, "POST", "/slow");
                  for (int i = 0; i < 300_000; i++) {
                    flood.getValue().send(client);
                  }
                });
        assertTrue(code == CALM || code == -1, flood.getKey() + " " + code);
      }
    }
  }

  /** Each entry moves the windows of all streams: a few frames are as much work as thousands. */
  @Test
  void chargesSettingsByTheWorkThatTheyMake() throws Exception {
    int[] entries = new int[2 * 2_700];
    for (int i = 0; i < entries.length; i += 2) {
      entries[i] = 4;
      entries[i + 1] = 1_000 + i / 2 % 2;
    }
    int code =
        flood(
            true,
            client -> {
              for (int stream = 1; stream < 180; stream += 2) {
                client.request(stream, false, "POST", "/slow");
              }
              client.settings(entries).settings(entries);
            });
    assertEquals(CALM, code);
  }

  @Test
  void chargesWindowsOfStreamsThatAreOver() throws Exception {
    int code =
        flood(
            true,
            client -> {
              client.request(1, true, "GET", "/a").flush();
              for (int i = 0; i < 100_000; i++) {
                client.window(1, 4_096);
              }
            });
    assertEquals(CALM, code);
  }

  @Test
  void endsInvalidRequestsWhoseResetsNobodyReads() throws Exception {
    int code =
        flood(
            false,
            client -> {
              for (int i = 0; i < 50_000; i++) {
                client.headers(2 * i + 1, true, "x", "y");
              }
            });
    assertTrue(code == CALM || code == -1, "code " + code);
    assertEquals(List.of("GET /other"), origin.takeHeads());
  }

  @Test
  void keepsTablesAndSectionsSmall() throws Exception {
    String large = "v".repeat(4_000);
    try (H2Peer client = H2Peer.client(scene.listener.port4())) {
      // One value put into the table, and then named 16,000 times by one octet each.
      byte[] head =
          client.encode(":method", "GET", ":scheme", "http", ":path", "/", ":authority", "a");
      client.frame(H2Peer.HEADERS, 5, 1, head).flush();
      assertEquals(200, client.answer(1).status());
      client.request(3, true, "GET", "/", "bomb", large).flush();
      assertEquals(200, client.answer(3).status());
      byte[] bomb = new byte[16_000];
      java.util.Arrays.fill(bomb, (byte) (0x80 | 62));
      client.frame(H2Peer.HEADERS, 5, 5, bomb).flush();
      Answer answer = client.answer(5);
      assertTrue(answer.status() == 431 || answer.reset() > 0, "status " + answer.status());
      assertEquals(200, client.request(7, true, "GET", "/").flush().answer(7).status());
    }
  }

  @Test
  void refusesEmptyNamesAndSectionsOfAMebibyte() throws Exception {
    try (H2Peer client = H2Peer.client(scene.listener.port4())) {
      client.request(1, true, "GET", "/", "", "").flush();
      assertEquals(1, client.answer(1).reset());
      client.request(3, true, "GET", "/", "x", "v".repeat(1 << 20)).flush();
      List<Frame> _ = client.rest();
      assertEquals(CALM, client.goAwayCode);
    }
    othersAreServed();
  }

  @Test
  void refusesStreamsBeyondTheLimitAndServesThoseWithin() throws Exception {
    try (ScriptedOrigin silent =
            new ScriptedOrigin(peer -> {
              List<Frame> _ = H2Peer.server(peer.socket()).rest();
            });
        Scene other = new Scene(silent.address(), "app=api may ANY /**");
        H2Peer client = H2Peer.client(other.listener.port4())) {
      for (int i = 0; i < 120; i++) {
        client.request(2 * i + 1, true, "GET", "/a");
      }
      client.flush();
      for (int i = 100; i < 120; i++) {
        assertEquals(7, client.answer(2 * i + 1).reset());
      }
    }
  }

  @Test
  void endsHalfOpenRequestsInTime() throws Exception {
    EngineLimits limits =
        EngineLimits.defaults()
            .withTimeouts(
                Duration.ofMillis(200),
                Duration.ofMillis(200),
                Duration.ofSeconds(60),
                Duration.ofSeconds(10),
                Duration.ofSeconds(60),
                Duration.ofMillis(200));
    try (Scene quick = new Scene(limits, origin.address(), "app=api may ANY /**");
        H2Peer client = H2Peer.client(quick.listener.port4())) {
      for (int i = 0; i < 50; i++) {
        client.request(2 * i + 1, false, "POST", "/a");
      }
      client.flush();
      // Reads, and so acknowledges the settings.
      Thread reader =
          Thread.startVirtualThread(() -> {
            List<Frame> _ = client.rest();
          });
      Waiting.until(
          "408s", () -> quick.records.stream().filter(r -> Scene.status(r) == 408).count() == 50);
      try (H2Peer slow = H2Peer.client(quick.listener.port4())) {
        assertEquals(200, slow.request(1, true, "GET", "/a").flush().answer(1).status());
        // A header block that does not end.
        slow.frame(H2Peer.HEADERS, 0, 3, (byte) 0x82).flush();
        List<Frame> _ = slow.rest();
        assertEquals(CALM, slow.goAwayCode);
      }
      Waiting.until("the origin has nothing open", () -> origin.resets.get() == 50);
      client.socket.close();
      reader.join();
    }
  }

  @Test
  void keepsLittleForReadersWhoDoNotRead() throws Exception {
    byte[] large = new byte[16_384];
    try (ScriptedOrigin generous =
            new ScriptedOrigin(peer -> {
              H2Peer callee = H2Peer.server(peer.socket());
              Thread answering =
                  Thread.startVirtualThread(() -> {
                    try {
                      for (Frame frame = callee.read(); frame != null; frame = callee.read()) {
                        if (frame.type() == H2Peer.HEADERS) {
                          synchronized (callee) {
                            callee.headers(frame.stream(), false, ":status", "200");
                            // All that the stream's window lets through.
                            for (int i = 0; i < 3; i++) {
                              callee.data(frame.stream(), false, large);
                            }
                            callee.flush();
                          }
                        }
                      }
                    } catch (IOException _) {
                      // Over.
                    }
                  });
              answering.join();
            });
        Scene other = new Scene(generous.address(), "app=api may ANY /**")) {
      long before = used();
      List<H2Peer> clients = new ArrayList<>();
      for (int c = 0; c < 10; c++) {
        // Windows of one octet, and of everything to somebody who never reads.
        H2Peer client =
            H2Peer.client(other.listener.port4(), 4, c % 2 == 0 ? 1 : Integer.MAX_VALUE);
        client.window(0, 1 << 30);
        for (int i = 0; i < 100; i++) {
          client.request(2 * i + 1, true, "GET", "/a");
        }
        clients.add(client.flush());
      }
      Waiting.until("all asked", () -> other.engine.stats().requests() == 1_000);
      othersAreServed();
      long grown = used() - before;
      assertTrue(grown < MOST_BYTES, "grown by " + grown);
      for (H2Peer client : clients) {
        client.close();
      }
    }
  }

  private static long used() {
    return directBytes() + Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
  }

  private static long directBytes() {
    return io.netty.util.internal.PlatformDependent.usedDirectMemory()
        + ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
            .mapToLong(BufferPoolMXBean::getMemoryUsed)
            .sum();
  }
}
