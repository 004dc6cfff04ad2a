package dev.drawbridge.l7;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.l7.H2Peer.Answer;
import dev.drawbridge.l7.H2Peer.Frame;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Reason;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a new policy does to open streams. */
final class Http2PolicyTest {
  private static final int CANCEL = 8;
  private static final String[] BOTH = {
    "app=api may POST /pkg.Svc/Watch", "app=api may ANY /users", "app=api may ANY /other"
  };
  private static final String[] LESS = {"app=api may ANY /other"};

  @BeforeAll
  static void watch() {
    Leaks.watch();
  }

  @AfterAll
  static void noLeaks() {
    assertEquals(List.of(), Leaks.found());
  }

  /** A callee that sends a head and some of a body, and says when the stream is reset. */
  private static ScriptedOrigin streaming(byte[] body, CountDownLatch reset) throws Exception {
    return new ScriptedOrigin(peer -> {
      H2Peer callee = H2Peer.server(peer.socket());
      for (Frame frame = callee.read(); frame != null; frame = callee.read()) {
        if (frame.type() == H2Peer.HEADERS && frame.stream() == 1) {
          if (body.length > 0) {
            callee.headers(1, false, ":status", "200", "content-type", "application/grpc");
            callee.data(1, false, body);
          }
        } else if (frame.type() == H2Peer.HEADERS) {
          callee.headers(frame.stream(), true, ":status", "204");
        } else if (frame.type() == H2Peer.RST_STREAM && frame.code() == CANCEL) {
          reset.countDown();
        }
        callee.flush();
      }
    });
  }

  @ParameterizedTest
  @CsvSource({
    // Nothing sent yet; between two messages; within a message; within its prefix.
    "'', 7, -1",
    "0000000001aa, 7, -1",
    "0000000002aa, '', 8",
    "0000, '', 8"
  })
  void endsAGrpcStreamThatIsDeniedLate(String body, String status, int code) throws Exception {
    CountDownLatch reset = new CountDownLatch(1);
    byte[] sent = java.util.HexFormat.of().parseHex(body);
    try (ScriptedOrigin origin = streaming(sent, reset);
        Scene scene = new Scene(origin.address(), BOTH);
        H2Peer client = H2Peer.client(scene.listener.port4())) {
      client.request(1, false, "POST", "/pkg.Svc/Watch", "content-type", "application/grpc");
      client.request(3, true, "GET", "/other").flush();
      assertEquals(204, client.answer(3).status());
      Waiting.until("one record", () -> scene.records.size() == 1);
      scene.publish(LESS);
      Answer answer = client.answer(1);
      assertEquals(status, answer.trailer("grpc-status") + answer.field("grpc-status"));
      assertEquals(code, answer.reset());
      assertTrue(reset.await(5, TimeUnit.SECONDS));
      Waiting.until("two records", () -> scene.records.size() == 2);
      assertTrue(
          scene.records.stream()
              .anyMatch(r -> r.reason() == Reason.LATE_DENY && r.decision() == Decision.DENY));
      assertEquals(204, client.request(5, true, "GET", "/other").flush().answer(5).status());
    }
  }

  @Test
  void answers403ToARequestThatIsDeniedBeforeItsAnswer() throws Exception {
    CountDownLatch reset = new CountDownLatch(1);
    try (ScriptedOrigin origin = streaming(new byte[0], reset);
        Scene scene = new Scene(origin.address(), BOTH);
        H2Peer client = H2Peer.client(scene.listener.port4())) {
      client.request(1, true, "GET", "/users").request(3, true, "GET", "/other").flush();
      assertEquals(204, client.answer(3).status());
      scene.publish(LESS);
      Answer answer = client.answer(1);
      assertEquals(403, answer.status());
      assertTrue(answer.text().contains("late-deny"), answer::text);
      assertTrue(reset.await(5, TimeUnit.SECONDS));
    }
  }

  @Test
  void neverOpensAStreamThatIsDeniedWhileItWaits() throws Exception {
    CountDownLatch limited = new CountDownLatch(1);
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              // Takes one stream at a time, and never answers the first.
              H2Peer callee = H2Peer.server(peer.socket(), 3, 1);
              for (Frame frame = callee.read(); frame != null; frame = callee.read()) {
                assertFalse(frame.field(":path").equals("/users"), "a denied request went through");
                if (frame.type() == H2Peer.SETTINGS && frame.flags() == 1) {
                  limited.countDown();
                }
                if (frame.field(":path").equals("/other") && frame.stream() == 5) {
                  callee.headers(5, true, ":status", "204").flush();
                }
              }
            });
        Scene scene = new Scene(origin.address(), BOTH);
        H2Peer client = H2Peer.client(scene.listener.port4(), 4, 0)) {
      client.request(1, true, "GET", "/other").flush();
      assertTrue(limited.await(5, TimeUnit.SECONDS));
      client.request(3, true, "GET", "/users").flush();
      Waiting.until("asked", () -> scene.engine.stats().requests() == 2);
      scene.publish(LESS);
      Waiting.until("denied late", () -> scene.engine.stats().lateDenied() >= 1);
      client.reset(1, CANCEL).request(5, true, "GET", "/other").flush();
      assertEquals(204, client.answer(5).status());
    }
  }

  @Test
  void judgesTheHostThatAuthorityNames() throws Exception {
    try (H2Origin origin = new H2Origin();
        Scene scene = new Scene(origin.address(), "app=api may ANY /** with host a.test");
        H2Peer client = H2Peer.client(scene.listener.port4())) {
      assertEquals(200, client.request(1, true, "GET", "/").flush().answer(1).status());
      client.headers(
          3, true, ":method", "GET", ":scheme", "http", ":authority", "b.test", ":path", "/");
      assertEquals(403, client.flush().answer(3).status());
      client.request(5, true, "GET", "/", "host", "b.test").flush();
      assertEquals(400, client.answer(5).status());
      client.headers(7, true, ":method", "GET", ":scheme", "http", ":path", "/", "host", "a.test");
      assertEquals(200, client.flush().answer(7).status());
    }
  }

  @Test
  void endsTheConnectionOfAPairThatIsDenied() throws Exception {
    CountDownLatch reset = new CountDownLatch(1);
    try (ScriptedOrigin origin = streaming(new byte[0], reset);
        Scene scene = new Scene(origin.address(), BOTH);
        H2Peer idle = H2Peer.client(scene.listener.port4());
        H2Peer client = H2Peer.client(scene.listener.port4())) {
      assertEquals(204, idle.request(3, true, "GET", "/other").flush().answer(3).status());
      client.request(1, true, "GET", "/users").request(3, true, "GET", "/other").flush();
      assertEquals(204, client.answer(3).status());
      scene.publish("app=other may ANY /**");
      assertEquals(403, client.answer(1).status());
      assertFalse(client.rest().stream().anyMatch(frame -> frame.type() == H2Peer.HEADERS));
      assertEquals(0, client.goAwayCode);
      List<Frame> _ = idle.rest();
      assertEquals(0, idle.goAwayCode);
      Waiting.until("no connection", () -> scene.engine.stats().connections() == 0);
    }
  }

  @Test
  void neverLetsADeniedRequestThroughUnderChurn() throws Exception {
    AtomicInteger published = new AtomicInteger();
    try (H2Origin origin = new H2Origin();
        Scene scene = new Scene(origin.address(), "app=api may GET /even");
        H2Peer client = H2Peer.client(scene.listener.port4())) {
      scene.forgetful = true;
      Thread churn =
          Thread.ofPlatform()
              .start(() -> {
                for (int i = 0; i < 300; i++) {
                  scene.publish(i % 2 == 0 ? "app=api may GET /odd" : "app=api may GET /even");
                  published.incrementAndGet();
                }
              });
      int stream = 1;
      while (churn.isAlive() || stream < 2_000) {
        client.request(stream, true, "GET", "/never");
        client.request(stream + 2, true, "GET", "/even").flush();
        assertEquals(403, client.answer(stream).status());
        int status = client.answer(stream + 2).status();
        assertTrue(status == 200 || status == 403, "status " + status);
        stream += 4;
      }
      churn.join();
      assertFalse(origin.takeHeads().contains("GET /never"));
    }
  }

  /** RFC 9110 section 7.4: nobody can have secured this connection for an https resource. */
  @Test
  void refusesWhatOnlyASecuredConnectionMayAskFor() throws Exception {
    try (H2Origin origin = new H2Origin();
        Scene scene = new Scene(origin.address(), "app=api may ANY /**");
        H2Peer client = H2Peer.client(scene.listener.port4())) {
      client.headers(
          1, true, ":method", "GET", ":scheme", "https", ":authority", "a.test", ":path", "/");
      assertEquals(421, client.flush().answer(1).status());
      assertEquals(List.of(), List.copyOf(origin.takeHeads()));
    }
  }
}
