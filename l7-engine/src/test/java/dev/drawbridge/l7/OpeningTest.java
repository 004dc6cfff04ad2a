package dev.drawbridge.l7;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Reason;
import java.io.IOException;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of a connection before it is known what it speaks. */
final class OpeningTest {
  private static final String GET = "GET /users HTTP/1.1\r\nHost: db\r\n\r\n";
  private static final String[] USERS = {"app=api may GET,PUT /users"};
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  private static final EngineLimits HASTY =
      EngineLimits.defaults().withDetectTimeout(Duration.ofMillis(200));

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
  void closesAClientThatSaysNothingAndNamesTheReason() throws Exception {
    try (ScriptedOrigin origin = new ScriptedOrigin(peer -> peer.send("220 mail ready\r\n"));
        Scene scene = new Scene(HASTY, origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      assertEquals(-1, client.socket.getInputStream().read());
      AccessRecord record = onlyRecord(scene);
      assertEquals(Reason.CLIENT_SILENT, record.reason());
      assertEquals(Decision.DENY, record.decision());
      assertEquals(Scene.DB, record.callee());
      assertEquals(0, origin.accepted.get());
      Waiting.until("no connection", () -> scene.engine.stats().connections() == 0);
    }
  }

  @Test
  void carriesAServerThatSpeaksFirstWhereItOnlyAudits() throws Exception {
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              peer.send("220 mail ready\r\n");
              peer.send(peer.head());
            });
        Scene scene = new Scene(HASTY, origin.address(), "app=api may GET /users", "mode audit");
        RawClient client = new RawClient(scene.listener.port4())) {
      byte[] greeting = client.socket.getInputStream().readNBytes(16);
      assertEquals("220 mail ready\r\n", new String(greeting, StandardCharsets.US_ASCII));
      client.send("EHLO x\r\n\r\n");
      byte[] echo = client.socket.getInputStream().readNBytes(10);
      assertEquals("EHLO x\r\n\r\n", new String(echo, StandardCharsets.US_ASCII));
      assertEquals(0, scene.records.size());
      client.endOutput();
      assertEquals(-1, client.socket.getInputStream().read());
      AccessRecord record = onlyRecord(scene);
      assertEquals(Reason.CLIENT_SILENT, record.reason());
      assertEquals("tunnel", record.asked().protocol());
      assertEquals(Ending.COMPLETED, record.ending());
      assertTrue(record.verdict().audited());
    }
  }

  /** Finger and gopher: the client says an empty line, and waits. */
  @ParameterizedTest
  @ValueSource(strings = {"\r", "\r\n"})
  void takesAnEmptyLineAloneForSilence(String line) throws Exception {
    try (ScriptedOrigin origin = answering(OK);
        Scene scene = new Scene(HASTY, origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      assertEquals(-1, client.send(line).socket.getInputStream().read());
      AccessRecord record = onlyRecord(scene);
      assertEquals(Reason.CLIENT_SILENT, record.reason());
      assertEquals(Decision.DENY, record.decision());
      assertEquals(Ending.TIMED_OUT, record.ending());
      assertEquals(0, origin.accepted.get());
      Waiting.until("no connection", () -> scene.engine.stats().connections() == 0);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"\r", "\r\n"})
  void refusesWhatEndsAfterAnEmptyLine(String line) throws Exception {
    try (ScriptedOrigin origin = answering(OK);
        Scene scene = new Scene(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      client.send(line).endOutput();
      assertEquals(-1, client.socket.getInputStream().read());
      AccessRecord record = onlyRecord(scene);
      assertEquals(Reason.INCOMPLETE, record.reason());
      assertEquals(Decision.DENY, record.decision());
      assertEquals(Ending.CLIENT_GONE, record.ending());
      assertEquals(0, origin.accepted.get());
      Waiting.until("no connection", () -> scene.engine.stats().connections() == 0);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"\r", "\r\n"})
  void carriesAnEmptyLineWhereItOnlyAudits(String line) throws Exception {
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> peer.out().write(peer.in().readNBytes(line.length())));
        Scene scene = new Scene(HASTY, origin.address(), "app=api may GET /users", "mode audit");
        RawClient client = new RawClient(scene.listener.port4())) {
      client.send(line);
      byte[] all = client.socket.getInputStream().readNBytes(line.length());
      assertEquals(line, new String(all, StandardCharsets.US_ASCII));
      client.endOutput();
      assertEquals(-1, client.socket.getInputStream().read());
      AccessRecord record = onlyRecord(scene);
      assertEquals(Reason.CLIENT_SILENT, record.reason());
      assertEquals("tunnel", record.asked().protocol());
      assertTrue(record.verdict().audited());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"\r", "\r\n"})
  void carriesAnEmptyLineAndItsEndWhereItOnlyAudits(String line) throws Exception {
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> peer.out().write(peer.in().readAllBytes()));
        Scene scene = new Scene(origin.address(), "app=api may GET /users", "mode audit");
        RawClient client = new RawClient(scene.listener.port4())) {
      client.send(line).endOutput();
      byte[] all = client.socket.getInputStream().readAllBytes();
      assertEquals(line, new String(all, StandardCharsets.US_ASCII));
      AccessRecord record = onlyRecord(scene);
      assertEquals(Reason.INCOMPLETE, record.reason());
      assertEquals("tunnel", record.asked().protocol());
      assertTrue(record.verdict().audited());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"\r", "\r\n"})
  void anEmptyLineMayStandBeforeARequest(String line) throws Exception {
    try (ScriptedOrigin origin = answering(OK);
        Scene scene = new Scene(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      client.send(line);
      Waiting.until("it is open", () -> scene.engine.stats().connections() == 1);
      assertEquals(200, client.send(("\r\n" + GET).substring(line.length())).answer().status());
      assertEquals(Decision.ALLOW, onlyRecord(scene).decision());
    }
  }

  /** Behind a request an empty line begins nothing: the connection is idle as before. */
  @ParameterizedTest
  @ValueSource(strings = {"\r", "\r\n"})
  void closesAKeptConnectionThoughAnEmptyLineCame(String line) throws Exception {
    EngineLimits limits =
        EngineLimits.defaults()
            .withTimeouts(
                Duration.ofSeconds(60),
                Duration.ofSeconds(60),
                Duration.ofMillis(200),
                Duration.ofSeconds(60),
                Duration.ofSeconds(60),
                Duration.ofSeconds(60));
    try (ScriptedOrigin origin = answering(OK);
        Scene scene = new Scene(limits, origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      assertEquals(200, client.send(GET).answer().status());
      assertEquals(-1, client.send(line).socket.getInputStream().read());
      assertEquals(Decision.ALLOW, onlyRecord(scene).decision());
    }
  }

  /** Its client would take an answer of HTTP's for one of its own. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "SSH-2.0-x\r\n",
        "*1\r\n",
        "PING\r\n",
        "EHLO x\r\n",
        "USER anonymous\r\n",
        "get key\r\n",
        "CONNECT {\"verbose\":false}\r\n",
        "GET key\r\n",
        "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n",
        "DESCRIBE rtsp://db/x RTSP/1.0\r\n\r\n",
        "REGISTER sip:db SIP/2.0\r\n\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 80\r\nGET /users HTTP/1.1\r\nHost: db\r\n\r\n",
        "\r\n\r\n\0\r\nQUIT\n!\21\0\14",
        "\0\0\0\b\4\u00d2\26/",
        "\0\0\0\u0017\0\3\0\0user\0x\0database\0\0"
      })
  void resetsWhatIsNoHttp(String opening) throws Exception {
    try (ScriptedOrigin origin = answering(OK);
        Scene scene = new Scene(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      client.send(opening);
      assertThrows(SocketException.class, () -> client.socket.getInputStream().read());
      AccessRecord record = onlyRecord(scene);
      assertEquals(Reason.NOT_HTTP, record.reason());
      assertEquals(Decision.DENY, record.decision());
      assertEquals(Ending.RESET, record.ending());
      assertEquals(0, origin.accepted.get());
    }
  }

  /** Byte by byte, the signature of the PROXY protocol begins like what may precede a request. */
  @Test
  void resetsTheProxyProtocolHoweverItComes() throws Exception {
    try (ScriptedOrigin origin = answering(OK);
        Scene scene = new Scene(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      for (String part : List.of("\r", "\n", "\r", "\n", "\0")) {
        client.send(part);
        Thread.sleep(20);
      }
      assertThrows(SocketException.class, () -> client.socket.getInputStream().read());
      assertEquals(Reason.NOT_HTTP, onlyRecord(scene).reason());
    }
  }

  /** ZooKeeper's four letters, JDWP's handshake: their clients wait for an answer of theirs. */
  @ParameterizedTest
  @ValueSource(strings = {"ruok", "JDWP-Handshake", "A quick brown"})
  void resetsWhatStopsAndIsNoHttp(String begun) throws Exception {
    EngineLimits limits =
        HASTY.withTimeouts(
            Duration.ofMillis(200),
            Duration.ofSeconds(5),
            Duration.ofSeconds(5),
            Duration.ofSeconds(5),
            Duration.ofSeconds(5),
            Duration.ofSeconds(1));
    try (ScriptedOrigin origin = answering(OK);
        Scene scene = new Scene(limits, origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      client.send(begun);
      assertThrows(SocketException.class, () -> client.socket.getInputStream().read());
      AccessRecord record = onlyRecord(scene);
      assertEquals(Reason.NOT_HTTP, record.reason());
      assertEquals(Ending.TIMED_OUT, record.ending());
      assertEquals(Decision.DENY, record.decision());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"SSH-2.0-x\r\n", "*1\r\n", "EHLO x\r\n"})
  void answersWhatIsNoHttpAfterARequest(String opening) throws Exception {
    for (String path : List.of("/users", "/denied")) {
      try (ScriptedOrigin origin = answering(OK);
          Scene scene = new Scene(origin.address(), USERS);
          RawClient client = new RawClient(scene.listener.port4())) {
        int status = path.equals("/users") ? 200 : 403;
        assertEquals(status, client.send(GET.replace("/users", path)).answer().status());
        assertEquals(400, client.send(opening).answer().status(), path);
        assertEquals(-1, client.socket.getInputStream().read());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"get / HTTP/1.1\r\n\r\n", "\r\n\r\nGET /users HTTP/1.1\r\nHost: db\r\n\r\n"})
  void answersWhatWantsToBeHttp(String opening) throws Exception {
    try (ScriptedOrigin origin = answering(OK);
        Scene scene = new Scene(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      assertEquals(400, client.send(opening).answer().status());
      assertEquals(Reason.HTTP_MALFORMED, onlyRecord(scene).reason());
    }
  }

  @Test
  void forgetsAClientThatEndsBeforeItSaysAnything() throws Exception {
    try (ScriptedOrigin origin = answering(OK);
        Scene scene = new Scene(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      client.endOutput();
      assertEquals(-1, client.socket.getInputStream().read());
      Waiting.until("no connection", () -> scene.engine.stats().connections() == 0);
      assertEquals(0, scene.records.size());
    }
  }

  /** The first looks like nothing else, the other like the preface of HTTP/2 for a while. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET /users HTTP/1.1\r\nHost: db\r\n\r\n",
        "PUT /users HTTP/1.1\r\nHost: db\r\n\r\n"
      })
  void findsHttp1InSingleBytes(String request) throws Exception {
    try (ScriptedOrigin origin = answering(OK);
        Scene scene = new Scene(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      client.sendSingly(request.getBytes(StandardCharsets.US_ASCII));
      assertEquals(200, client.answer().status());
      assertEquals(Decision.ALLOW, onlyRecord(scene).decision());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"P", "PR", "PRI * HTTP/2.0\r\n"})
  void refusesWhatStopsWhileItMayStillBeSeveralThings(String begun) throws Exception {
    EngineLimits limits =
        HASTY.withTimeouts(
            Duration.ofMillis(200),
            Duration.ofSeconds(5),
            Duration.ofSeconds(5),
            Duration.ofSeconds(5),
            Duration.ofSeconds(5),
            Duration.ofSeconds(1));
    try (ScriptedOrigin origin = answering(OK);
        Scene scene = new Scene(limits, origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      int status = client.send(begun).answer().status();
      assertTrue(status == 408 || status == 400 || status == 505, "answered " + status);
      assertEquals(Decision.DENY, onlyRecord(scene).decision());
      assertEquals(0, origin.accepted.get());
    }
  }

  @Test
  void refusesWhatEndsWhileItMayStillBeSeveralThings() throws Exception {
    try (ScriptedOrigin origin = answering(OK);
        Scene scene = new Scene(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      client.send("PR").endOutput();
      assertEquals(-1, client.socket.getInputStream().read());
      AccessRecord record = onlyRecord(scene);
      assertEquals(Reason.INCOMPLETE, record.reason());
      assertEquals(Ending.CLIENT_GONE, record.ending());
      assertEquals(0, origin.accepted.get());
    }
  }

  @Test
  void closesASilentConnectionThatANewPolicyDenies() throws Exception {
    try (ScriptedOrigin origin = answering(OK);
        Scene scene = new Scene(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      Waiting.until("it is open", () -> scene.engine.stats().connections() == 1);
      scene.publish("anyone may not connect");
      assertEquals(-1, client.socket.getInputStream().read());
      assertEquals(Reason.LATE_DENY, onlyRecord(scene).reason());
    }
  }

  @Test
  void carriesASilentConnectionThatANewPolicyAllows() throws Exception {
    try (ScriptedOrigin origin = new ScriptedOrigin(peer -> peer.send("220 mail ready\r\n"));
        Scene scene = new Scene(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      Waiting.until("it is open", () -> scene.engine.stats().connections() == 1);
      scene.publish("app=api may connect");
      byte[] greeting = client.socket.getInputStream().readNBytes(16);
      assertEquals("220 mail ready\r\n", new String(greeting, StandardCharsets.US_ASCII));
    }
  }

  @Test
  void readsWhatCameBeforeANewPolicyThatAllowsWithoutReading() throws Exception {
    try (ScriptedOrigin origin = answering(OK);
        Scene scene = new Scene(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      client.send("PRI * HT");
      Waiting.until("it is open", () -> scene.engine.stats().connections() == 1);
      scene.publish("app=api may connect");
      Waiting.until("the callee is called", () -> origin.accepted.get() == 1);
      assertEquals(200, client.send("TP/2.0\r\n\r\n").answer().status());
      assertEquals(200, client.send(GET).answer().status());
    }
  }
}
