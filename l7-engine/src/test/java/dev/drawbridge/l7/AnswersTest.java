package dev.drawbridge.l7;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.l7.RawClient.Answer;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Reason;
import java.io.IOException;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of answers, good and broken. */
final class AnswersTest {
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
      assertAllowed(Ending.UPSTREAM_BROKEN, onlyRecord(scene));
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
      assertAllowed(Ending.UPSTREAM_BROKEN, record);
      assertEquals(200, Scene.status(record));
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
      assertAllowed(Ending.UPSTREAM_BROKEN, onlyRecord(scene));
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

  private static EngineLimits answeringWithin(Duration soon) {
    Duration late = Duration.ofSeconds(30);
    return EngineLimits.defaults().withTimeouts(late, late, late, late, soon, late);
  }

  /** RFC 2518 section 10.1; a minute of them, one a second. */
  @Test
  void passesTheHeartbeatOfASlowJobOn() throws Exception {
    String processing = "HTTP/1.1 102 Processing\r\n\r\n";
    try (ScriptedOrigin origin = answering(processing.repeat(60) + OK);
        Scene scene = new Scene(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      client.send(GET);
      for (int i = 0; i < 60; i++) {
        assertEquals(102, client.answer().status());
      }
      assertEquals("ok", client.answer().text());
      assertAllowed(Ending.COMPLETED, onlyRecord(scene));
    }
  }

  @Test
  void eachInterimAnswerIsASignOfLife() throws Exception {
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              peer.head();
              for (int i = 0; i < 8; i++) {
                // A slow job's heartbeat: more often than the answer's time, and longer than it in
                // sum.
                Thread.sleep(250);
                peer.send("HTTP/1.1 102 Processing\r\n\r\n");
              }
              peer.send(OK);
              peer.head();
            });
        Scene scene = new Scene(answeringWithin(Duration.ofSeconds(1)), origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      client.send(GET);
      for (int i = 0; i < 8; i++) {
        assertEquals(102, client.answer().status());
      }
      assertEquals(200, client.answer().status());
    }
  }

  @Test
  void interimAnswersThatNeverEndDo() throws Exception {
    String hint = "HTTP/1.1 103 Early Hints\r\nLink: " + "x".repeat(8000) + "\r\n\r\n";
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              peer.head();
              for (int i = 0; i < 1_000; i++) {
                peer.send(hint);
              }
            });
        Scene scene = new Scene(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      client.send(GET);
      int hints = 0;
      Answer answer = client.answer();
      while (answer.status() == 103) {
        hints++;
        answer = client.answer();
      }
      assertEquals(502, answer.status());
      assertTrue(answer.text().contains("interim answers"), answer::text);
      assertTrue(hints > 100 && hints < 150, "of 8 KiB each: " + hints);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Content-Length: 2, Content-Length: 2 | more than one Content-Length",
        "Transfer-Encoding: chunked, Transfer-Encoding: chunked | more than one Transfer-Encoding",
        "Content-Length: 2, Transfer-Encoding: chunked | Content-Length and Transfer-Encoding",
        "Transfer-Encoding: gzip | the Transfer-Encoding is not",
        "Content-Length: two | the Content-Length is not"
      })
  void a502NamesTheHeaderThatCannotBeRead(String fields, String named) throws Exception {
    String answer = "HTTP/1.1 200 OK\r\n" + fields.replace(", ", "\r\n") + "\r\n\r\nok";
    try (ScriptedOrigin origin = answering(answer);
        Scene scene = new Scene(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      Answer refused = client.send(GET).answer();
      assertEquals(502, refused.status());
      assertTrue(refused.text().contains(named), refused::text);
    }
  }

  @Test
  void keepsAKeepAliveHintWhereTheConnectionIsKept() throws Exception {
    String hinted =
        "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5, max=7\r\n"
            + "Content-Length: 2\r\n\r\nok";
    try (ScriptedOrigin origin = answering(hinted);
        Scene scene = new Scene(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      String kept = client.send(GET).answer().head();
      assertTrue(kept.contains("Keep-Alive: timeout=5, max=7\r\n"), kept);
      assertTrue(kept.contains("Connection: keep-alive\r\n"), kept);
      String closed =
          client.send(GET.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")).answer().head();
      assertFalse(closed.contains("Keep-Alive"), closed);
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

  /** Squid and its like are asked in the absolute form, and know nothing of any other. */
  @Test
  void aForwardProxyIsAskedInTheAbsoluteForm() throws Exception {
    java.util.Queue<String> heads = new java.util.concurrent.ConcurrentLinkedQueue<>();
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              for (String head = peer.head(); !head.isEmpty(); head = peer.head()) {
                heads.add(head);
                peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
              }
            });
        Scene scene =
            new Scene(
                origin.address(),
                "app=api may GET /** with host *.example.com",
                "anyone may not GET /secret/**");
        RawClient client = new RawClient(scene.listener.port4())) {
      for (String host : List.of("deb.example.com", "deb.example.com:8080")) {
        String target = "http://" + host + "/pool/x?y";
        String asked = "GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n";
        assertEquals("ok", client.send(asked).answer().text());
        assertTrue(heads.remove().startsWith("GET " + target + " HTTP/1.1\r\n"));
      }
      for (String denied :
          List.of(
              "http://deb.example.com/secret/x",
              "http://deb.example.com//secret/x",
              "http://deb.example.com/a/../secret/x",
              "http://deb.example.org/pool")) {
        String host = denied.replaceAll("http://([^/]*)/.*", "$1");
        String asked = "GET " + denied + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n";
        assertEquals(403, client.send(asked).answer().status(), denied);
      }
      assertEquals(0, heads.size());
      // What some servers take for the path is not the one that was judged.
      String asked = "GET http://a.example.com?x/secret/y HTTP/1.1\r\nHost: a.example.com\r\n\r\n";
      assertEquals("ok", client.send(asked).answer().text());
      assertTrue(heads.remove().startsWith("GET http://a.example.com/?x/secret/y HTTP/1.1\r\n"));
    }
  }
}
