package dev.drawbridge.l7;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.drawbridge.l7.RawClient.Answer;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Reason;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the engine answers itself. */
final class RefusalTest {
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

  private static EngineLimits impatient() {
    Duration soon = Duration.ofMillis(150);
    return EngineLimits.defaults().withTimeouts(soon, soon, soon, soon, soon, soon);
  }

  @Test
  void refusesWithAReasonAndKeepsTheConnection() throws Exception {
    try (ScriptedOrigin origin = answering(OK);
        Scene scene = new Scene(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      Answer refused = client.send("GET /admin HTTP/1.1\r\nHost: db\r\n\r\n").answer();
      assertEquals(403, refused.status());
      JsonObject why = JsonParser.parseString(refused.text()).getAsJsonObject();
      assertEquals("denied", why.get("error").getAsString());
      assertEquals("no-rule", why.get("reason").getAsString());
      assertEquals("api", why.get("from").getAsString());
      assertEquals("db", why.get("to").getAsString());
      AccessRecord record = onlyRecord(scene);
      assertEquals(record.requestId(), why.get("requestId").getAsString());
      assertTrue(refused.head().contains("Drawbridge-Request-Id: " + record.requestId()));
      assertEquals(Decision.DENY, record.decision());
      assertEquals(0, origin.accepted.get());
      assertEquals(200, client.send(GET).answer().status());
    }
  }

  @Test
  void namesTheRuleThatDenied() throws Exception {
    try (ScriptedOrigin origin = answering(OK);
        Scene scene =
            new Scene(origin.address(), "app=api may ANY /**", "anyone may not DELETE /**");
        RawClient client = new RawClient(scene.listener.port4())) {
      Answer refused = client.send("DELETE /x HTTP/1.1\r\nHost: db\r\n\r\n").answer();
      assertEquals(
          "drawbridge.policy.r1",
          JsonParser.parseString(refused.text()).getAsJsonObject().get("rule").getAsString());
    }
  }

  /** Whose side it is, and what is allowed there that comes nearest. */
  @Test
  void aRefusalForWantOfARuleNamesTheSideAndTheNearestRule() throws Exception {
    try (ScriptedOrigin origin = answering(OK);
        Scene scene = new Scene(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      Answer refused = client.send("GET /users/7 HTTP/1.1\r\nHost: db\r\n\r\n").answer();
      JsonObject why = JsonParser.parseString(refused.text()).getAsJsonObject();
      assertEquals("callee", why.get("side").getAsString());
      assertEquals("drawbridge.policy.r0: GET,HEAD,POST /users", why.get("nearest").getAsString());
      assertEquals(
          "the callee's side is closed and no rule allows it", why.get("message").getAsString());
      refused = client.send("DELETE /okay HTTP/1.1\r\nHost: db\r\n\r\n").answer();
      why = JsonParser.parseString(refused.text()).getAsJsonObject();
      assertEquals("drawbridge.policy.r1: ANY /ok/**", why.get("nearest").getAsString());
    }
  }

  @Test
  void drainsTheBodyOfARefusedRequestAndNeverReadsItAsOne() throws Exception {
    String inner = "GET /users HTTP/1.1\r\nHost: db\r\n\r\n";
    try (ScriptedOrigin origin = answering(OK);
        Scene scene = new Scene(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      client.send(
          "POST /no HTTP/1.1\r\nHost: db\r\nContent-Length: "
              + inner.length()
              + "\r\n\r\n"
              + inner);
      assertEquals(403, client.answer().status());
      client.send(
          "POST /no HTTP/1.1\r\nHost: db\r\nTransfer-Encoding: chunked\r\n\r\n"
              + Integer.toHexString(inner.length())
              + "\r\n"
              + inner
              + "\r\n0\r\n\r\n");
      assertEquals(403, client.answer().status());
      assertEquals(0, origin.accepted.get());
      assertEquals(200, client.send(GET).answer().status());
      assertEquals(3, scene.records.size());
    }
  }

  @Test
  void closesAfterRefusingABodyThatMayOrMayNotCome() throws Exception {
    try (ScriptedOrigin origin = answering(OK);
        Scene scene = new Scene(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      client.send(
          "POST /no HTTP/1.1\r\nHost: db\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
      Answer refused = client.answer();
      assertEquals(403, refused.status());
      assertTrue(refused.head().contains("Connection: close"));
      assertEquals(0, client.answer().status());
    }
  }

  @Test
  void closesWhatNoRedirectExplains() throws Exception {
    try (ScriptedOrigin origin = answering(OK);
        Scene scene = new Scene(origin.address(), USERS)) {
      scene.unclaimed = true;
      try (RawClient client = new RawClient(scene.listener.port4())) {
        assertThrows(SocketException.class, () -> client.send(GET).answer());
      }
      assertEquals(Reason.NO_ORIGIN, onlyRecord(scene).reason());
      assertEquals(1, scene.engine.stats().unclaimed());
      assertEquals(0, origin.accepted.get());
    }
  }

  @Test
  void answers502WhenTheCalleeRefuses() throws Exception {
    int free;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      free = socket.getLocalPort();
    }
    InetSocketAddress nobody = new InetSocketAddress(InetAddress.getLoopbackAddress(), free);
    try (Scene scene = new Scene(nobody, USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      Answer answer = client.send(GET).answer();
      assertEquals(502, answer.status());
      assertTrue(answer.text().contains("upstream-refused"), answer.text());
      assertEquals(0, client.answer().status());
      assertAllowed(Ending.UPSTREAM_REFUSED, onlyRecord(scene));
    }
  }

  @Test
  void answers504WhenTheCalleeIsSilent() throws Exception {
    try (ScriptedOrigin origin = new ScriptedOrigin(peer -> peer.in().readAllBytes());
        Scene scene = new Scene(impatient(), origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      assertEquals(504, client.send(GET).answer().status());
      assertAllowed(Ending.UPSTREAM_TIMEOUT, onlyRecord(scene));
      Waiting.until("the callee's connection is closed", () -> origin.open.get() == 0);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET /users HTT",
        "GET /users HTTP/1.1\r\nHost: db\r\nX",
        "POST /users HTTP/1.1\r\nHost: db\r\nContent-Length: 5\r\n\r\nab",
        "POST /users HTTP/1.1\r\nHost: db\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"
      })
  void answers408WhenTheRequestIsSlow(String begun) throws Exception {
    try (ScriptedOrigin origin = new ScriptedOrigin(peer -> peer.in().readAllBytes());
        Scene scene = new Scene(impatient(), origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      assertEquals(408, client.send(begun).answer().status());
      AccessRecord record = onlyRecord(scene);
      assertEquals(Ending.TIMED_OUT, record.ending());
      boolean judged = begun.contains("\r\n\r\n");
      assertEquals(judged ? Decision.ALLOW : Decision.DENY, record.decision());
      assertEquals(judged ? Reason.RULE_ALLOWS : Reason.HTTP_TIMEOUT, record.reason());
      assertEquals(0, client.answer().status());
      Waiting.until("the callee's connection is closed", () -> origin.open.get() == 0);
    }
  }

  @Test
  void closesIdleConnectionsWithoutARecord() throws Exception {
    try (ScriptedOrigin origin = answering(OK);
        Scene scene = new Scene(impatient(), origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      assertEquals(200, client.send(GET).answer().status());
      assertEquals(200, Scene.status(onlyRecord(scene)));
      assertEquals(0, client.answer().status());
      assertEquals(0, scene.records.size());
    }
  }

  @Test
  void failsClosedWhenTheKernelDoesNotTakeTheOnwardSocket() throws Exception {
    try (ScriptedOrigin origin = answering(OK);
        Scene scene = new Scene(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      scene.kernelRefuses = true;
      assertEquals(503, client.send(GET + GET).answer().status());
      assertEquals(0, client.answer().status());
      assertAllowed(Ending.UNAVAILABLE, onlyRecord(scene));
      assertEquals(0, origin.accepted.get());
      scene.kernelRefuses = false;
      for (int i = 0; i < 5; i++) {
        try (RawClient other = new RawClient(scene.listener.port4())) {
          assertEquals("ok", other.send(GET).answer().text());
        }
      }
    }
  }

  @Test
  void answers502WhenTheCalleeCannotBeReached() throws Exception {
    byte[] broadcast = {-1, -1, -1, -1};
    InetSocketAddress nowhere = new InetSocketAddress(InetAddress.getByAddress(broadcast), 80);
    try (Scene scene = new Scene(nowhere, USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      assertEquals(502, client.send(GET).answer().status());
      assertAllowed(Ending.UPSTREAM_REFUSED, onlyRecord(scene));
    }
  }
}
