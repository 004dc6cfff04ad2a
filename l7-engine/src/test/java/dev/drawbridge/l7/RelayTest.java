package dev.drawbridge.l7;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.drawbridge.l7.RawClient.Answer;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.Reason;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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
  void relaysWhatIsAllowedAndRecordsItOnce() throws Exception {
    try (ScriptedOrigin origin = answering(OK);
        Scene scene = new Scene(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      assertEquals("ok", client.send(GET).answer().text());
      AccessRecord record = onlyRecord(scene);
      assertEquals(200, record.status());
      assertEquals("GET", record.method());
      assertEquals("/users", record.path());
      assertEquals(Decision.ALLOW, record.decision());
      assertEquals(Reason.RULE_ALLOWS, record.reason());
      assertEquals(Scene.API, record.caller());
      assertEquals(Scene.DB, record.callee());
      assertEquals(origin.address(), record.destination());
      assertEquals(client.socket.getLocalPort(), record.client().getPort());
      assertEquals(GET.length(), record.requestBytes());
      assertEquals(OK.length(), record.responseBytes());
      assertEquals(1, record.generation());
      assertTrue(record.durationNanos() > 0);
    }
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
      assertEquals(Reason.UPSTREAM_REFUSED, onlyRecord(scene).reason());
    }
  }

  @Test
  void answers504WhenTheCalleeIsSilent() throws Exception {
    try (ScriptedOrigin origin = new ScriptedOrigin(peer -> peer.in().readAllBytes());
        Scene scene = new Scene(impatient(), origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      assertEquals(504, client.send(GET).answer().status());
      assertEquals(Reason.UPSTREAM_TIMEOUT, onlyRecord(scene).reason());
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
      assertEquals(Reason.HTTP_TIMEOUT, onlyRecord(scene).reason());
      assertEquals(0, client.answer().status());
      Waiting.until("the callee's connection is closed", () -> origin.open.get() == 0);
    }
  }

  @Test
  void closesIdleConnectionsWithoutARecord() throws Exception {
    try (ScriptedOrigin origin = answering(OK);
        Scene scene = new Scene(impatient(), origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      assertEquals(0, client.answer().status());
      assertEquals(0, scene.records.size());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
        "HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/2 200\r\n\r\n",
        "SSH-2.0-x\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        ""
      })
  void answers502ForAnswersThatTwoReadersCouldReadApart(String answer) throws Exception {
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              peer.head();
              peer.send(answer);
            });
        Scene scene = new Scene(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      assertEquals(502, client.send(GET).answer().status());
      assertEquals(Reason.UPSTREAM_BROKEN, onlyRecord(scene).reason());
      assertEquals(0, client.answer().status());
    }
  }

  @Test
  void takesNothingFromACalleeThatWasNotAsked() throws Exception {
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              peer.head();
              peer.send(OK + OK);
              peer.head();
            });
        Scene scene = new Scene(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      assertEquals(200, client.send(GET).answer().status());
      assertEquals(0, client.answer().status());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"
      })
  void neverEndsABrokenAnswerLikeAWholeOne(String answer) throws Exception {
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              peer.head();
              peer.send(answer);
            });
        Scene scene = new Scene(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      Answer broken = client.send(GET).answer();
      assertTrue(broken.truncated());
      assertEquals("hello", broken.text());
      AccessRecord record = onlyRecord(scene);
      assertEquals(Reason.UPSTREAM_BROKEN, record.reason());
      assertEquals(200, record.status());
    }
  }

  @Test
  void resetsTheClientWhenACloseDelimitedAnswerIsReset() throws Exception {
    CountDownLatch seen = new CountDownLatch(1);
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              peer.head();
              peer.send("HTTP/1.1 200 OK\r\n\r\nhello");
              assertTrue(seen.await(5, TimeUnit.SECONDS));
              peer.reset();
            });
        Scene scene = new Scene(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      client.send(GET);
      assertEquals(
          "HTTP/1.1",
          new String(client.socket.getInputStream().readNBytes(8), StandardCharsets.US_ASCII));
      seen.countDown();
      assertThrows(SocketException.class, () -> client.socket.getInputStream().readAllBytes());
      assertEquals(Reason.UPSTREAM_BROKEN, onlyRecord(scene).reason());
    }
  }

  @Test
  void carriesCloseDelimitedAnswersToTheirEnd() throws Exception {
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              peer.head();
              peer.send("HTTP/1.1 200 OK\r\n\r\nhello");
            });
        Scene scene = new Scene(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      Answer answer = client.send(GET).answer();
      assertEquals("hello", answer.text());
      assertTrue(answer.head().contains("Connection: close"));
      assertEquals(Reason.RULE_ALLOWS, onlyRecord(scene).reason());
    }
  }

  @Test
  void takesChunksApartForHttp10() throws Exception {
    try (ScriptedOrigin origin =
            answering(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        Scene scene = new Scene(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      Answer answer = client.send("GET /users HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").answer();
      assertEquals("hello", answer.text());
      assertFalse(answer.head().contains("chunked"));
    }
  }

  @Test
  void passesInterimAnswersAndTrailersOn() throws Exception {
    try (ScriptedOrigin origin =
            answering(
                "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n");
        Scene scene = new Scene(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      client.send(GET);
      assertEquals(103, client.answer().status());
      assertEquals("a", client.answer().text());
      assertEquals(1, scene.records.size());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {204, 304})
  void knowsWhichAnswersHaveNoBody(int status) throws Exception {
    try (ScriptedOrigin origin =
            answering("HTTP/1.1 " + status + " X\r\nContent-Length: 50\r\n\r\n");
        Scene scene = new Scene(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      assertEquals(status, client.send(GET).answer().status());
      assertEquals(status, client.send(GET).answer().status());
      Answer head = client.send(GET.replace("GET", "HEAD")).answer(true);
      assertEquals(status, head.status());
    }
  }

  @Test
  void endsTheClientsConnectionAsTheCalleeEndedItsOwn() throws Exception {
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              peer.head();
              peer.send(OK);
            });
        Scene scene = new Scene(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      assertEquals(200, client.send(GET).answer().status());
      assertEquals(0, client.answer().status());
      assertEquals(1, scene.records.size());
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
      assertEquals(Reason.CLIENT_GONE, onlyRecord(scene).reason());
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
      assertEquals(Reason.CLIENT_GONE, onlyRecord(scene).reason());
    }
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
      assertEquals(101, onlyRecord(scene).status());
      client.endOutput();
      assertEquals(-1, client.socket.getInputStream().read());
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
      assertThrows(SocketException.class, () -> tunnel.socket.getInputStream().read());
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
      assertThrows(SocketException.class, () -> tunnel.socket.getInputStream().read());
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

  @Test
  void holdsBackACalleeWhoseClientDoesNotRead() throws Exception {
    AtomicLong sent = new AtomicLong();
    long total = 64L << 20;
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              peer.head();
              peer.send("HTTP/1.1 200 OK\r\nContent-Length: " + total + "\r\n\r\n");
              byte[] block = new byte[65_536];
              while (sent.get() < total) {
                peer.out().write(block);
                sent.addAndGet(block.length);
              }
            });
        Scene scene = new Scene(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4(), 4096)) {
      client.send(GET);
      AtomicLong last = new AtomicLong(-1);
      AtomicLong since = new AtomicLong(System.nanoTime());
      Waiting.until(
          "the callee is held back",
          () -> {
            if (last.getAndSet(sent.get()) != sent.get()) {
              since.set(System.nanoTime());
            }
            return sent.get() > 0 && System.nanoTime() - since.get() > 300_000_000L;
          });
      assertTrue(sent.get() < 24L << 20, "sent " + sent.get());
      assertEquals(total, client.answer().body().length);
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
      assertEquals(Reason.ENGINE_UNAVAILABLE, onlyRecord(scene).reason());
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
      assertEquals(Reason.UPSTREAM_REFUSED, onlyRecord(scene).reason());
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
      assertTrue(record.audited());
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
      AccessRecord record = onlyRecord(scene);
      assertTrue(record.audited());
      scene.publish("app=api may GET /users");
      assertThrows(SocketException.class, () -> client.socket.getInputStream().read());
    }
  }

  @Test
  void boundsTheConnectionsOfOneCaller() throws Exception {
    EngineLimits d = EngineLimits.defaults();
    EngineLimits two =
        new EngineLimits(
            d.eventLoops(),
            d.requestLineBytes(),
            d.headBytes(),
            d.headFields(),
            d.trailerBytes(),
            d.chunkLineBytes(),
            d.interimAnswers(),
            d.heldBytes(),
            d.drainBytes(),
            d.writeHighWater(),
            d.connections(),
            2,
            d.headTimeout(),
            d.bodyTimeout(),
            d.idleTimeout(),
            d.connectTimeout(),
            d.answerTimeout(),
            d.lingerTimeout());
    try (ScriptedOrigin origin = answering(OK);
        Scene scene = new Scene(two, origin.address(), USERS);
        RawClient one = new RawClient(scene.listener.port4());
        RawClient other = new RawClient(scene.listener.port4())) {
      assertEquals(200, one.send(GET).answer().status());
      assertEquals(200, other.send(GET).answer().status());
      scene.records.clear();
      try (RawClient third = new RawClient(scene.listener.port4())) {
        assertThrows(SocketException.class, () -> third.send(GET).answer());
      }
      assertEquals(Reason.LIMIT, onlyRecord(scene).reason());
      one.socket.close();
      Waiting.until("one is gone", () -> scene.engine.stats().connections() == 1);
      try (RawClient fourth = new RawClient(scene.listener.port4())) {
        assertEquals(200, fourth.send(GET).answer().status());
      }
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
        String wanted = record.generation() % 2 == 1 ? "/even/x" : "/odd/x";
        boolean right = record.path().equals(wanted) || record.path().equals("/common");
        assertEquals(right ? 200 : 403, record.status(), record::toString);
      }
    }
  }
}
