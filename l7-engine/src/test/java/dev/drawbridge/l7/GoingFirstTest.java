package dev.drawbridge.l7;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.SocketTimeoutException;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Who ends a connection to the callee first: the port of whoever does waits for a minute, and a
 * caller that asks on a new connection each time would soon have none left.
 */
final class GoingFirstTest {
  private static final int WAITS_MILLIS = 400;

  @BeforeAll
  static void watch() {
    Leaks.watch();
  }

  @AfterAll
  static void noLeaks() {
    assertEquals(List.of(), Leaks.found());
  }

  private enum Seen {
    /** The engine had not ended the connection when the callee did. */
    CALLEE_FIRST,
    ENGINE_FIRST
  }

  private static @Nullable Seen first(int waitsMillis, String request, String answer)
      throws Exception {
    BlockingQueue<Seen> seen = new ArrayBlockingQueue<>(1);
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              String _ = peer.head();
              peer.send(answer);
              peer.socket().setSoTimeout(waitsMillis);
              try {
                seen.add(peer.in().read() < 0 ? Seen.ENGINE_FIRST : Seen.CALLEE_FIRST);
              } catch (SocketTimeoutException _) {
                seen.add(Seen.CALLEE_FIRST);
              }
            });
        Scene scene = new Scene(origin.address(), "app=api may GET /**");
        RawClient client = new RawClient(scene.listener.port4())) {
      assertEquals("ok", client.send(request).answer().text());
      return seen.poll(10, TimeUnit.SECONDS);
    }
  }

  private static String get(String field) {
    return "GET / HTTP/1.1\r\nHost: db\r\n" + field + "\r\n";
  }

  private static String ok(String field) {
    return "HTTP/1.1 200 OK\r\n" + field + "Content-Length: 2\r\n\r\nok";
  }

  @Test
  void theCalleeThatSaysItCloses() throws Exception {
    assertEquals(Seen.CALLEE_FIRST, first(WAITS_MILLIS, get(""), ok("Connection: close\r\n")));
  }

  @Test
  void theCalleeThatWasAskedToClose() throws Exception {
    assertEquals(Seen.CALLEE_FIRST, first(WAITS_MILLIS, get("Connection: close\r\n"), ok("")));
  }

  @Test
  void anOldCallee() throws Exception {
    assertEquals(
        Seen.CALLEE_FIRST,
        first(WAITS_MILLIS, get(""), "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  }

  /** It said so, and does not: it is not waited for any longer. */
  @Test
  void theEngineAfterASecond() throws Exception {
    assertEquals(Seen.ENGINE_FIRST, first(10_000, get(""), ok("Connection: close\r\n")));
  }

  /** The client goes first, as it would if nobody stood between. */
  @Test
  void theClient() throws Exception {
    BlockingQueue<Integer> end = new ArrayBlockingQueue<>(1);
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              String _ = peer.head();
              peer.send(ok(""));
              peer.socket().setSoTimeout(10_000);
              end.add(peer.in().read());
            });
        Scene scene = new Scene(origin.address(), "app=api may GET /**")) {
      try (RawClient client = new RawClient(scene.listener.port4())) {
        assertEquals("ok", client.send(get("")).answer().text());
      }
      Integer read = end.poll(10, TimeUnit.SECONDS);
      assertTrue(read != null && read < 0, "the callee hears of the client's end");
    }
  }
}
