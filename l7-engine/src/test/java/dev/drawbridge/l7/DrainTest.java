package dev.drawbridge.l7;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.l7.RawClient.Answer;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Ending;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** An engine whose place another takes: the last question, what is under way, and the end. */
final class DrainTest {
  private static final String GET = "GET /users HTTP/1.1\r\nHost: db\r\n\r\n";
  private static final String[] USERS = {"app=api may GET,POST /users"};
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

  @BeforeAll
  static void watch() {
    Leaks.watch();
  }

  @AfterAll
  static void noLeaks() {
    assertEquals(List.of(), Leaks.found());
  }

  private static ScriptedOrigin answering() throws IOException {
    return new ScriptedOrigin(peer -> {
      while (!peer.head().isEmpty()) {
        peer.send(OK);
      }
    });
  }

  /** Returns when every connection has been told. */
  private static void finish(Scene scene) throws InterruptedException {
    scene.engine.finish();
    CountDownLatch loops = new CountDownLatch(EngineLimits.defaults().eventLoops());
    scene.engine.onEachLoop(loops::countDown);
    assertTrue(loops.await(5, TimeUnit.SECONDS));
  }

  @Test
  void aKeptConnectionIsAskedOnceMoreAndToldThatItIsTheLast() throws Exception {
    try (ScriptedOrigin origin = answering();
        Scene scene = new Scene(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4());
        RawClient idle = new RawClient(scene.listener.port4());
        RawClient denied = new RawClient(scene.listener.port4())) {
      assertEquals(200, client.send(GET).answer().status());
      assertEquals(200, idle.send(GET).answer().status());
      scene.engine.announceEnd();

      Answer last = client.send(GET).answer();
      assertEquals(200, last.status());
      assertTrue(last.head().contains("Connection: close"), last.head());
      assertEquals(0, client.answer().status());
      assertEquals(403, denied.send("GET /admin HTTP/1.1\r\nHost: db\r\n\r\n").answer().status());

      // Who was on his way is still taken.
      try (RawClient late = new RawClient(scene.listener.port4())) {
        assertEquals(200, late.send(GET).answer().status());
        assertEquals(0, late.answer().status());
      }
      client.socket.close();
      denied.socket.close();
      Waiting.until("the idle one is left", () -> scene.engine.stats().connections() == 1);
      finish(scene);
      assertEquals(0, idle.answer().status());
      assertThrows(ConnectException.class, () -> new RawClient(scene.listener.port4()));
      Waiting.until("nothing is left", () -> scene.engine.stats().connections() == 0);
      assertEquals(5, scene.records.size(), scene.records::toString);
    }
  }

  @Test
  void whatIsUnderWayEndsWholeAndNothingIsAskedAfterIt() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch finishing = new CountDownLatch(1);
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              peer.head();
              peer.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nha");
              asked.countDown();
              assertTrue(finishing.await(5, TimeUnit.SECONDS));
              peer.send("lf");
              assertEquals("", peer.head(), "a second question");
            });
        Scene scene = new Scene(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      client.send(GET);
      assertTrue(asked.await(5, TimeUnit.SECONDS));
      scene.engine.announceEnd();
      finish(scene);
      client.send(GET);
      finishing.countDown();
      assertEquals("half", client.answer().text());
      assertEquals(0, client.answer().status());
      Waiting.until("a record", () -> !scene.records.isEmpty());
      assertEquals(1, scene.records.size(), scene.records::toString);
      assertEquals(Ending.COMPLETED, scene.records.remove().ending());
    }
  }

  @Test
  void anUploadGoesOnAndIsAnsweredWithTheLastWord() throws Exception {
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              peer.head();
              assertEquals("abcd", new String(peer.in().readNBytes(4), StandardCharsets.US_ASCII));
              peer.send(OK);
            });
        Scene scene = new Scene(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      client.send("POST /users HTTP/1.1\r\nHost: db\r\nContent-Length: 4\r\n\r\nab");
      Waiting.until("it is under way", () -> origin.accepted.get() == 1);
      scene.engine.announceEnd();
      finish(scene);
      client.send("cd");
      Answer answer = client.answer();
      assertEquals(200, answer.status());
      assertTrue(answer.head().contains("Connection: close"), answer.head());
    }
  }

  @Test
  void http2IsToldTwiceAndItsStreamsEnd() throws Exception {
    CountDownLatch finishing = new CountDownLatch(1);
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              H2Peer callee = H2Peer.server(peer.socket());
              for (H2Peer.Frame next = callee.read(); next != null; next = callee.read()) {
                if (next.type() == H2Peer.HEADERS && next.stream() == 1) {
                  assertTrue(finishing.await(5, TimeUnit.SECONDS));
                }
                if (next.type() == H2Peer.HEADERS) {
                  callee.headers(next.stream(), true, ":status", "204").flush();
                }
              }
            });
        Scene scene = new Scene(origin.address(), USERS);
        H2Peer client = H2Peer.client(scene.listener.port4())) {
      client.request(1, true, "GET", "/users").flush();
      Waiting.until("it is under way", () -> scene.engine.stats().requests() == 1);
      scene.engine.announceEnd();
      until(client, H2Peer.GOAWAY);
      assertEquals(Integer.MAX_VALUE, client.goAwayLast, "nothing ends yet");

      client.request(3, true, "GET", "/users").flush();
      Waiting.until("it is taken", () -> scene.engine.stats().requests() == 2);
      finish(scene);
      until(client, H2Peer.GOAWAY);
      assertEquals(3, client.goAwayLast);
      client.request(5, true, "GET", "/users").flush();
      finishing.countDown();

      int answered = 0;
      for (H2Peer.Frame next = client.read(); next != null; next = client.read()) {
        if (next.type() == H2Peer.HEADERS) {
          assertEquals("204", next.field(":status"));
          answered++;
        }
      }
      assertEquals(2, answered);
      assertEquals(2, scene.engine.stats().requests(), "what came later is not taken");
    }
  }

  private static void until(H2Peer client, int type) throws IOException {
    H2Peer.Frame next = client.read();
    while (next != null && next.type() != type) {
      next = client.read();
    }
    assertNotNull(next);
  }

  @Test
  void aTunnelGoesOnIsJudgedByEachNewPolicyAndIsCutOffAtTheEnd() throws Exception {
    String upgrade =
        "GET /users HTTP/1.1\r\nHost: db\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            + "Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n";
    try (RecordingOrigin origin = new RecordingOrigin();
        Scene scene = new Scene(origin.address(), USERS);
        RawClient kept = new RawClient(scene.listener.port4());
        RawClient of = new RawClient(scene.listener.port4())) {
      assertEquals(101, kept.send(upgrade).answer().status());
      assertEquals(101, of.send(upgrade).answer().status());
      scene.engine.announceEnd();
      finish(scene);
      assertEquals('x', kept.send("x").socket.getInputStream().read());
      scene.publish("app=api may GET /users", "app=api may GET /more");
      assertEquals('y', kept.send("y").socket.getInputStream().read());

      scene.engine.cutOff();
      assertThrows(IOException.class, () -> kept.socket.getInputStream().readAllBytes());
      Waiting.until("two records", () -> scene.records.size() == 2);
      for (AccessRecord record : scene.records) {
        assertEquals(Ending.DRAINED, record.ending());
        assertEquals(Decision.ALLOW, record.decision());
      }
    }
  }

  @Test
  void whatComesBeforeTheFirstPolicyWaitsForIt() throws Exception {
    try (ScriptedOrigin origin = answering();
        L7Engine engine =
            new L7Engine(
                EngineLimits.defaults(),
                _ -> "",
                (_, _, _) ->
                    Optional.of(new ConnectionOrigin(Scene.API, Scene.DB, origin.address(), false)),
                (_, _, _, _) -> {},
                _ -> {});
        EngineListener listener = engine.listen(NetnsHandle.current());
        RawClient client = new RawClient(listener.port4())) {
      client.send(GET);
      assertEquals(0, engine.stats().accepted());
      engine.publish(Scene.policy(1, USERS));
      assertEquals(200, client.answer().status());
    }
  }

  @Test
  void whatHasAContainerThatIsGoneEnds() throws Exception {
    try (RecordingOrigin origin = new RecordingOrigin();
        Scene scene = new Scene(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      assertEquals(200, client.send(GET).answer().status());
      scene.engine.cutOff(Scene.EVE);
      assertEquals(200, client.send(GET).answer().status());
      scene.engine.cutOff(Scene.DB);
      assertThrows(IOException.class, () -> client.socket.getInputStream().readAllBytes());
    }
  }

  @Test
  void whoHasSaidNothingYetMaySayItAndEndsThen() throws Exception {
    try (ScriptedOrigin origin = answering();
        Scene scene = new Scene(origin.address(), USERS);
        Socket silent = new Socket(InetAddress.getLoopbackAddress(), scene.listener.port4());
        RawClient half = new RawClient(scene.listener.port4())) {
      Waiting.until("both are there", () -> scene.engine.stats().connections() == 2);
      long held = scene.engine.stats().heldBytes();
      half.send("GET /users HT");
      Waiting.until("it is read", () -> scene.engine.stats().heldBytes() > held);
      scene.engine.announceEnd();
      finish(scene);
      assertEquals(-1, silent.getInputStream().read());
      Answer answer = half.send("TP/1.1\r\nHost: db\r\n\r\n").answer();
      assertEquals(200, answer.status());
      assertTrue(answer.head().contains("Connection: close"), answer.head());
      Waiting.until("one record", () -> scene.records.size() == 1);
      assertEquals("http1", scene.records.remove().asked().protocol());
    }
  }
}
