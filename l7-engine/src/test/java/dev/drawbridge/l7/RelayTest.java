package dev.drawbridge.l7;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.l7.RawClient.Answer;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Reason;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What callers and callees see of the engine between them. */
final class RelayTest {
  private static final String GET = "GET /users HTTP/1.1\r\nHost: db\r\n\r\n";
  private static final String[] USERS = {
    "app=api may GET,HEAD,POST /users", "app=api may ANY /ok/**"
  };
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

  @BeforeAll
  static void watch() {
    Leaks.watch();
  }

  @AfterAll
  static void noLeaks() {
    assertEquals(List.of(), Leaks.found());
  }

  private static ScriptedOrigin answering(String answer) throws IOException {
    return new ScriptedOrigin(peer -> {
      while (!peer.head().isEmpty()) {
        peer.send(answer);
      }
    });
  }

  /** Allowed by a rule, whatever became of it. */
  private static void assertAllowed(Ending how, AccessRecord record) {
    assertEquals(Decision.ALLOW, record.decision(), record::toString);
    assertEquals(Reason.RULE_ALLOWS, record.reason(), record::toString);
    assertEquals(how, record.ending(), record::toString);
  }

  private static AccessRecord onlyRecord(Scene scene) throws Exception {
    Waiting.until("a record", () -> !scene.records.isEmpty());
    assertEquals(1, scene.records.size(), scene.records::toString);
    return scene.records.remove();
  }

  @Test
  void relaysWhatIsAllowedAndRecordsItOnce() throws Exception {
    try (ScriptedOrigin origin = answering(OK);
        Scene scene = new Scene(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      assertEquals("ok", client.send(GET).answer().text());
      AccessRecord record = onlyRecord(scene);
      assertEquals(200, Scene.status(record));
      assertEquals("GET", Scene.said(record, "method"));
      assertEquals("/users", Scene.said(record, "path"));
      assertEquals(Decision.ALLOW, record.decision());
      assertEquals(Reason.RULE_ALLOWS, record.reason());
      assertEquals(Scene.API, record.caller());
      assertEquals(Scene.DB, record.callee());
      assertEquals(origin.address(), record.destination());
      assertEquals(client.socket.getLocalPort(), record.client().getPort());
      assertEquals(GET.length(), record.requestBytes());
      assertEquals(OK.length(), record.responseBytes());
      assertEquals(1, record.verdict().generation());
      assertTrue(record.durationNanos() > 0);
    }
  }

  @Test
  void answersPipelinedRequestsInOrder() throws Exception {
    try (RecordingOrigin origin = new RecordingOrigin();
        Scene scene = new Scene(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      StringBuilder all = new StringBuilder();
      for (int i = 0; i < 200; i++) {
        all.append("GET /").append(i % 3 == 0 ? "no/" : "ok/").append(i);
        all.append(" HTTP/1.1\r\nHost: db\r\n\r\n");
      }
      client.send(all.toString());
      for (int i = 0; i < 200; i++) {
        Answer answer = client.answer();
        if (i % 3 == 0) {
          assertEquals(403, answer.status());
        } else {
          assertEquals("saw GET /ok/" + i, answer.text());
        }
      }
      assertEquals(200, scene.records.size());
      assertEquals(1, origin.accepted.get());
    }
  }

  @Test
  void answersAClientThatHasEndedItsSide() throws Exception {
    AtomicReference<String> end = new AtomicReference<>("");
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              peer.head();
              end.set(peer.in().read() < 0 ? "ended" : "more");
              peer.send(OK);
            });
        Scene scene = new Scene(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      client.send(GET).endOutput();
      assertEquals("ok", client.answer().text());
      assertEquals("ended", end.get());
    }
  }

  @Test
  void closesTheCalleesConnectionWhenTheClientIsGone() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              peer.head();
              asked.countDown();
              peer.in().readAllBytes();
            });
        Scene scene = new Scene(origin.address(), USERS)) {
      try (RawClient client = new RawClient(scene.listener.port4())) {
        client.send(GET);
        assertTrue(asked.await(5, TimeUnit.SECONDS));
        client.socket.setSoLinger(true, 0);
      }
      Waiting.until("the callee's connection is closed", () -> origin.open.get() == 0);
      assertAllowed(Ending.CLIENT_GONE, onlyRecord(scene));
      Waiting.until("no connection", () -> scene.engine.stats().connections() == 0);
    }
  }

  @Test
  void resetsTheCalleeWhenABodyIsCutShort() throws Exception {
    AtomicReference<String> end = new AtomicReference<>("");
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              try {
                peer.head();
                peer.in().readAllBytes();
                end.set("ended");
              } catch (IOException _) {
                end.set("reset");
              }
            });
        Scene scene = new Scene(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      client.send("POST /users HTTP/1.1\r\nHost: db\r\nContent-Length: 50\r\n\r\nabc");
      Waiting.until("the callee has it", () -> origin.open.get() == 1);
      client.endOutput();
      Waiting.until("the callee's connection is closed", () -> !end.get().isEmpty());
      assertEquals("reset", end.get());
      assertAllowed(Ending.CLIENT_GONE, onlyRecord(scene));
    }
  }

  @Test
  void listensOnIpv6Too() throws Exception {
    try (ScriptedOrigin origin = answering(OK);
        Scene scene = new Scene(origin.address(), USERS)) {
      assertTrue(scene.listener.port6() > 0);
      assertTrue(scene.listener.fd6() >= 0 && scene.listener.fd4() >= 0);
      byte[] loopback6 = new byte[16];
      loopback6[15] = 1;
      try (Socket socket =
          new Socket(InetAddress.getByAddress(loopback6), scene.listener.port6())) {
        socket.getOutputStream().write(GET.getBytes(StandardCharsets.US_ASCII));
        assertEquals('H', socket.getInputStream().read());
      }
    }
  }

  @Test
  void closingAListenerClosesItsConnections() throws Exception {
    try (ScriptedOrigin origin = answering(OK);
        Scene scene = new Scene(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      assertEquals(200, client.send(GET).answer().status());
      scene.listener.close();
      assertThrows(SocketException.class, () -> client.socket.getInputStream().read());
      Waiting.until("no connection", () -> scene.engine.stats().connections() == 0);
      Waiting.until("the callee's connection is closed", () -> origin.open.get() == 0);
    }
  }
}
