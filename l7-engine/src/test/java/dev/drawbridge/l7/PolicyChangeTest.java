package dev.drawbridge.l7;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.l7.RawClient.Answer;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.Reason;
import java.io.IOException;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What a new policy does to what is open, and what audit mode lets be. */
final class PolicyChangeTest {
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

  private static AccessRecord onlyRecord(Scene scene) throws Exception {
    Waiting.until("a record", () -> !scene.records.isEmpty());
    assertEquals(1, scene.records.size(), scene.records::toString);
    return scene.records.remove();
  }

  @Test
  void carriesAWebSocketOnlyAfterItsAnswer() throws Exception {
    String upgrade =
        "GET /users HTTP/1.1\r\nHost: db\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            + "Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n";
    try (RecordingOrigin origin = new RecordingOrigin();
        Scene scene = new Scene(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      client.send(upgrade + "early");
      assertEquals(101, client.answer().status());
      client.send("late");
      assertEquals(
          "earlylate",
          new String(client.socket.getInputStream().readNBytes(9), StandardCharsets.US_ASCII));
      client.endOutput();
      assertEquals(-1, client.socket.getInputStream().read());
      assertEquals(101, Scene.status(onlyRecord(scene)));
      Waiting.until("no connection", () -> scene.engine.stats().connections() == 0);
    }
  }

  @Test
  void closesIdleConnectionsAndTunnelsThatANewPolicyDenies() throws Exception {
    try (RecordingOrigin origin = new RecordingOrigin();
        Scene scene = new Scene(origin.address(), USERS);
        RawClient idle = new RawClient(scene.listener.port4());
        RawClient tunnel = new RawClient(scene.listener.port4())) {
      assertEquals(200, idle.send(GET).answer().status());
      tunnel.send(
          "GET /users HTTP/1.1\r\nHost: db\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
              + "Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n");
      assertEquals(101, tunnel.answer().status());
      scene.records.clear();
      scene.publish("app=other may ANY /**");
      assertEquals(0, idle.answer().status());
      assertEquals(0x88, tunnel.socket.getInputStream().read());
      Waiting.until("two records", () -> scene.records.size() == 2);
      assertTrue(scene.records.stream().allMatch(r -> r.reason() == Reason.LATE_DENY));
      assertEquals(2, scene.engine.stats().lateDenied());
    }
  }

  @Test
  void closesOnlyTheTunnelWhenOnlyItsRequestIsNowDenied() throws Exception {
    try (RecordingOrigin origin = new RecordingOrigin();
        Scene scene = new Scene(origin.address(), USERS);
        RawClient idle = new RawClient(scene.listener.port4());
        RawClient tunnel = new RawClient(scene.listener.port4())) {
      assertEquals(200, idle.send(GET).answer().status());
      tunnel.send(
          "GET /users HTTP/1.1\r\nHost: db\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
              + "Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n");
      assertEquals(101, tunnel.answer().status());
      scene.publish("app=api may GET /ok/**");
      assertEquals(0x88, tunnel.socket.getInputStream().read());
      assertEquals(403, idle.send(GET).answer().status());
    }
  }

  @Test
  void answersTheRequestInFlightBeforeALateDeny() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch published = new CountDownLatch(1);
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              peer.head();
              asked.countDown();
              assertTrue(published.await(5, TimeUnit.SECONDS));
              peer.send(OK);
              peer.head();
            });
        Scene scene = new Scene(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      client.send(GET);
      assertTrue(asked.await(5, TimeUnit.SECONDS));
      scene.publish("app=other may ANY /**");
      Waiting.until("judged again", () -> scene.engine.stats().lateDenied() == 1);
      published.countDown();
      Answer answer = client.answer();
      assertEquals("ok", answer.text());
      assertTrue(answer.head().contains("Connection: close"));
      assertEquals(0, client.answer().status());
    }
  }

  @Test
  void deniesEverythingBeforeAPolicyKnowsThePair() throws Exception {
    try (ScriptedOrigin origin = answering(OK);
        Scene scene = new Scene(origin.address(), USERS)) {
      scene.engine.publish(Policy.empty());
      try (RawClient client = new RawClient(scene.listener.port4())) {
        assertThrows(SocketException.class, () -> client.send(GET).answer());
      }
      assertEquals(Reason.UNKNOWN_ENDPOINT, onlyRecord(scene).reason());
      assertEquals(0, origin.accepted.get());
    }
  }

  @Test
  void onlyRecordsWhatAnAuditedRuleWouldDeny() throws Exception {
    try (RecordingOrigin origin = new RecordingOrigin();
        Scene scene = new Scene(origin.address(), "mode audit", "app=api may GET /users");
        RawClient client = new RawClient(scene.listener.port4())) {
      assertEquals(
          "saw GET /admin", client.send("GET /admin HTTP/1.1\r\nHost: db\r\n\r\n").answer().text());
      AccessRecord record = onlyRecord(scene);
      assertTrue(record.verdict().audited());
      assertEquals(Decision.ALLOW, record.decision());
      assertEquals(Reason.NO_RULE, record.reason());
    }
  }

  @Test
  void letsThroughUnreadWhatAnAuditedRuleCannotRead() throws Exception {
    try (ScriptedOrigin origin = new ScriptedOrigin(peer -> peer.in().transferTo(peer.out()));
        Scene scene = new Scene(origin.address(), "mode audit", "app=api may GET /users");
        RawClient client = new RawClient(scene.listener.port4())) {
      String hello = "\u0016\u0003\u0001 not HTTP at all\n\n and more";
      client.send(hello);
      byte[] echo = client.socket.getInputStream().readNBytes(hello.length());
      assertEquals(hello, new String(echo, StandardCharsets.ISO_8859_1));
      scene.publish("app=api may GET /users");
      assertThrows(SocketException.class, () -> client.socket.getInputStream().read());
      AccessRecord record = onlyRecord(scene);
      assertEquals("tls", record.asked().protocol());
      assertEquals(Reason.LATE_DENY, record.reason());
    }
  }

  @Test
  void judgesEachRequestByOneWholePolicyUnderChurn() throws Exception {
    String[] even = {"app=api may GET /even/**", "app=api may GET /common"};
    String[] odd = {"app=api may GET /odd/**", "app=api may GET /common"};
    try (RecordingOrigin origin = new RecordingOrigin();
        Scene scene = new Scene(origin.address(), even);
        RawClient client = new RawClient(scene.listener.port4())) {
      AtomicLong published = new AtomicLong(1);
      Thread churn =
          Thread.ofPlatform()
              .start(() -> {
                for (int i = 2; i <= 300; i++) {
                  scene.publish(i % 2 == 0 ? odd : even);
                  published.set(i);
                }
              });
      int denied = 0;
      while (churn.isAlive() || denied == 0) {
        client.send(
            "GET /never HTTP/1.1\r\nHost: db\r\n\r\nGET /even/x HTTP/1.1\r\nHost: db\r\n\r\n"
                + "GET /odd/x HTTP/1.1\r\nHost: db\r\n\r\nGET /common HTTP/1.1\r\nHost: db\r\n\r\n");
        assertEquals(403, client.answer().status());
        client.answer();
        client.answer();
        assertEquals(200, client.answer().status());
        denied++;
      }
      churn.join();
      for (RecordingOrigin.Seen seen : origin.takeSeen()) {
        assertFalse(seen.target().equals("/never"));
      }
      assertEquals(4L * denied, scene.records.size());
      for (AccessRecord record : scene.records) {
        // Generation 1 is even, 2 is odd, and so on.
        String wanted = record.verdict().generation() % 2 == 1 ? "/even/x" : "/odd/x";
        boolean right =
            Scene.said(record, "path").equals(wanted)
                || Scene.said(record, "path").equals("/common");
        assertEquals(right ? 200 : 403, Scene.status(record), record::toString);
      }
    }
  }
}
