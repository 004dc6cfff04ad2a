package dev.drawbridge.l7;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.l7.H2Peer.Answer;
import dev.drawbridge.l7.H2Peer.Frame;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Reason;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What an HTTP/2 relay passes on, refuses and records. */
final class Http2RelayTest {
  private static final int REFUSED_STREAM = 7;
  private static final int CANCEL = 8;
  private static final String[] USERS = {
    "app=api may ANY /users", "app=api may POST /pkg.Svc/Allowed"
  };

  @BeforeAll
  static void watch() {
    Leaks.watch();
  }

  @AfterAll
  static void noLeaks() {
    assertEquals(List.of(), Leaks.found());
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

  private static InetSocketAddress nobody() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return new InetSocketAddress(socket.getInetAddress(), socket.getLocalPort());
    }
  }

  /** Reads until the first section of that stream. */
  private static Frame section(H2Peer peer, int stream) throws IOException {
    Frame frame = peer.read();
    while (frame != null && (frame.type() != H2Peer.HEADERS || frame.stream() != stream)) {
      frame = peer.read();
    }
    if (frame == null) {
      throw new IOException("no section");
    }
    return frame;
  }

  private static Frame await(H2Peer peer, int type) throws IOException {
    Frame frame = peer.read();
    while (frame != null && frame.type() != type) {
      frame = peer.read();
    }
    if (frame == null) {
      throw new IOException("no frame of type " + type);
    }
    return frame;
  }

  // What passes.

  @Test
  void relaysBodyAndTrailersOfBothSides() throws Exception {
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              H2Peer callee = H2Peer.server(peer.socket());
              Frame head = section(callee, 1);
              assertEquals("trailers", head.field("te"));
              assertEquals("a=1", head.field("cookie"));
              assertEquals("", head.field("drawbridge-from"));
              assertEquals("body", new String(await(callee, H2Peer.DATA).payload(), US_ASCII));
              Frame end = section(callee, 1);
              assertTrue(end.end());
              assertEquals("yes", end.field("x-checked"));
              callee.headers(1, false, ":status", "103", "link", "</a>");
              callee.headers(1, false, ":status", "200", "x-one", "1");
              callee.data(1, false, "answer".getBytes(US_ASCII));
              callee.headers(1, true, "x-sum", "42").flush();
              callee.rest();
            });
        Scene scene = new Scene(origin.address(), USERS);
        H2Peer client = H2Peer.client(scene.listener.port4())) {
      client.request(
          1,
          false,
          "POST",
          "/users",
          "te",
          "trailers",
          "cookie",
          "a=1",
          "cookie",
          "b=2",
          "drawbridge-from",
          "me");
      client.data(1, false, "body".getBytes(US_ASCII));
      client.headers(1, true, "x-checked", "yes").flush();
      assertEquals("103", section(client, 1).field(":status"));
      Answer answer = client.answer(1);
      assertEquals(200, answer.status());
      assertEquals("answer", answer.text());
      assertEquals("42", answer.trailer("x-sum"));
      AccessRecord record = onlyRecord(scene);
      assertEquals("POST", Scene.said(record, "method"));
      assertEquals("/users", Scene.said(record, "path"));
      assertEquals(200, Scene.status(record));
      assertEquals(Decision.ALLOW, record.decision());
      assertEquals(Reason.RULE_ALLOWS, record.reason());
    }
  }

  @Test
  void passesLongPathsAndLargeFieldSections() throws Exception {
    String path = "/" + "p".repeat(8_000);
    String[] fields = new String[2 * 900];
    for (int i = 0; i < 900; i++) {
      fields[2 * i] = "x-" + i;
      fields[2 * i + 1] = "v".repeat(56);
    }
    try (H2Origin origin = new H2Origin();
        Scene scene = new Scene(origin.address(), "app=api may ANY /**");
        H2Peer client = H2Peer.client(scene.listener.port4())) {
      assertEquals(200, client.request(1, true, "GET", path, fields).flush().answer(1).status());
      assertEquals(904, origin.takeSeen().getFirst().head().size());
    }
  }

  @Test
  void answers431BeyondTheFieldLimitsAnd414BeyondThePaths() throws Exception {
    String[] fields = new String[2 * 1100];
    for (int i = 0; i < 1100; i++) {
      fields[2 * i] = "x-" + i;
      fields[2 * i + 1] = "v";
    }
    try (H2Origin origin = new H2Origin();
        Scene scene = new Scene(origin.address(), "app=api may ANY /**");
        H2Peer client = H2Peer.client(scene.listener.port4())) {
      assertEquals(431, client.request(1, true, "GET", "/a", fields).flush().answer(1).status());
      String value = "v".repeat(66_000);
      client.request(3, true, "GET", "/a", "x", value).flush();
      assertEquals(431, client.answer(3).status());
      String path = "/" + "p".repeat(20_000);
      assertEquals(414, client.request(5, true, "GET", path).flush().answer(5).status());
      assertEquals(200, client.request(7, true, "GET", "/b").flush().answer(7).status());
      assertEquals(List.of("GET /b"), origin.takeHeads());
    }
  }

  @Test
  void carriesManyStreamsOverOneConnectionOfItsOwn() throws Exception {
    try (H2Origin origin = new H2Origin();
        Scene scene = new Scene(origin.address(), USERS);
        H2Peer one = H2Peer.client(scene.listener.port4());
        H2Peer other = H2Peer.client(scene.listener.port4())) {
      for (int i = 0; i < 50; i++) {
        one.request(2 * i + 1, true, "GET", "/users");
        other.request(2 * i + 1, true, "GET", "/users");
      }
      one.flush();
      other.flush();
      // In any order: only the last is waited for by name, the records count the rest.
      Waiting.until("all answered", () -> scene.records.size() == 100);
      assertEquals(2, origin.accepted.get());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 16_383, 16_384, 16_385, 65_535, 65_536, 3_000_001})
  void carriesBodiesOfAnySizeUnchanged(int size) throws Exception {
    byte[] body = new byte[size];
    new Random(size).nextBytes(body);
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              H2Peer callee = H2Peer.server(peer.socket(), 4, 1 << 24);
              callee.window(0, 1 << 24).flush();
              Answer request = body(callee);
              callee.headers(1, false, ":status", "200");
              Thread.startVirtualThread(() -> sendWithin(callee, request.body()));
              callee.rest();
            });
        Scene scene = new Scene(origin.address(), USERS);
        H2Peer client = H2Peer.client(scene.listener.port4(), 4, 1 << 24)) {
      client.window(0, 1 << 24);
      client.request(1, false, "POST", "/users").flush();
      Thread sending = Thread.startVirtualThread(() -> sendWithin(client, body));
      Answer answer = client.answer(1);
      sending.join();
      assertTrue(answer.whole());
      assertArrayEquals(body, answer.body());
    }
  }

  /** The engine's windows are not modelled here: half a window at a time is what it takes. */
  private static void sendWithin(H2Peer peer, byte[] body) {
    try {
      int at = 0;
      do {
        int part = Math.min(16_384, body.length - at);
        byte[] next = new byte[part];
        System.arraycopy(body, at, next, 0, part);
        at += part;
        peer.windows.acquire(part);
        synchronized (peer) {
          peer.data(1, at == body.length, next).flush();
        }
      } while (at < body.length);
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Answer body(H2Peer callee) throws IOException {
    java.io.ByteArrayOutputStream all = new java.io.ByteArrayOutputStream();
    Frame frame = section(callee, 1);
    while (frame != null && !frame.end()) {
      frame = callee.read();
      if (frame == null) {
        break;
      }
      if (frame.type() == H2Peer.DATA) {
        all.writeBytes(frame.payload());
      }
    }
    return new Answer(
        0,
        new io.netty.handler.codec.http2.DefaultHttp2Headers(),
        all.toByteArray(),
        new io.netty.handler.codec.http2.DefaultHttp2Headers(),
        true,
        -1);
  }

  // What is denied.

  @Test
  void deniesWithHttp1sBodyAndKeepsTheConnection() throws Exception {
    try (H2Origin origin = new H2Origin();
        Scene scene = new Scene(origin.address(), USERS);
        H2Peer client = H2Peer.client(scene.listener.port4())) {
      Answer answer = client.request(1, true, "GET", "/admin?x=1").flush().answer(1);
      assertEquals(403, answer.status());
      assertTrue(answer.text().contains("\"error\":\"denied\""), answer::text);
      assertTrue(answer.text().contains("\"from\":\"api\""), answer::text);
      AccessRecord record = onlyRecord(scene);
      assertEquals("/admin", Scene.said(record, "path"));
      assertEquals(403, Scene.status(record));
      assertEquals(answer.field("drawbridge-request-id"), record.requestId());
      assertEquals(0, origin.accepted.get());
      assertEquals(200, client.request(3, true, "GET", "/users").flush().answer(3).status());
    }
  }

  @Test
  void deniesARequestWhoseBodyIsOpenAndWantsNoMoreOfIt() throws Exception {
    try (H2Origin origin = new H2Origin();
        Scene scene = new Scene(origin.address(), USERS);
        H2Peer client = H2Peer.client(scene.listener.port4())) {
      client.request(1, false, "POST", "/admin").flush();
      assertTrue(client.answer(1).whole());
      assertEquals(0, await(client, H2Peer.RST_STREAM).code());
      client.data(1, true, new byte[10]);
      assertEquals(200, client.request(3, true, "GET", "/users").flush().answer(3).status());
      assertEquals(List.of("GET /users"), origin.takeHeads());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "application/grpc, application/grpc",
    "application/grpc+proto, application/grpc",
    "application/grpc-web+proto; charset=x, application/grpc-web+proto",
    "application/grpc-web-text, application/grpc-web-text"
  })
  void deniesGrpcByTrailersOnly(String type, String answered) throws Exception {
    try (H2Origin origin = new H2Origin();
        Scene scene = new Scene(origin.address(), USERS);
        H2Peer client = H2Peer.client(scene.listener.port4())) {
      client.request(1, false, "POST", "/pkg.Svc/Denied", "content-type", type).flush();
      Frame only = section(client, 1);
      assertTrue(only.end());
      assertEquals("200", only.field(":status"));
      assertEquals(answered, only.field("content-type"));
      assertEquals("7", only.field("grpc-status"));
      assertFalse(only.field("grpc-message").contains("rule"));
      assertEquals(0, await(client, H2Peer.RST_STREAM).code());
      AccessRecord record = onlyRecord(scene);
      assertEquals(Decision.DENY, record.decision());
      assertEquals(Reason.NO_RULE, record.reason());
      assertEquals(0, origin.accepted.get());
      client.request(3, true, "POST", "/pkg.Svc/Allowed", "content-type", type).flush();
      assertEquals(200, client.answer(3).status());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/pkg.Svc/Allowed?x=1", "/pkg.Svc/Allowe%64", "//pkg.Svc/Allowed", "/pkg.Svc/Allowed/",
        "/pkg.Svc//Allowed", "/pkg.Svc", "/a/pkg.Svc/Allowed", "/pkg.Svc/Allowed;x"
      })
  void refusesGrpcWhosePathIsNotAServiceAndAMethod(String path) throws Exception {
    try (H2Origin origin = new H2Origin();
        Scene scene = new Scene(origin.address(), "app=api may ANY /**");
        H2Peer client = H2Peer.client(scene.listener.port4())) {
      client.request(1, true, "POST", path, "content-type", "application/grpc").flush();
      Answer answer = client.answer(1);
      assertEquals("13", answer.field("grpc-status"));
      assertEquals(List.of(), origin.takeHeads());
    }
  }

  @Test
  void refusesAPathWithoutItsSlash() throws Exception {
    try (H2Origin origin = new H2Origin();
        Scene scene = new Scene(origin.address(), "app=api may ANY /**");
        H2Peer client = H2Peer.client(scene.listener.port4())) {
      client.request(1, true, "POST", "pkg.Svc/Denied", "content-type", "application/grpc").flush();
      assertEquals(1, client.answer(1).reset());
      assertEquals(List.of(), origin.takeHeads());
      assertEquals(Reason.HTTP_MALFORMED, onlyRecord(scene).reason());
    }
  }

  @Test
  void judgesPathsOnAllTheirReadings() throws Exception {
    try (H2Origin origin = new H2Origin();
        Scene scene =
            new Scene(origin.address(), "anyone may not ANY /denied", "app=api may ANY /**");
        H2Peer client = H2Peer.client(scene.listener.port4())) {
      int stream = 1;
      for (String path :
          List.of(
              "/denied",
              "/a/../denied",
              "/%64enied",
              "//denied",
              "/Denied",
              "/denied;x=1",
              "/a/..%2fdenied")) {
        Answer answer = client.request(stream, true, "GET", path).flush().answer(stream);
        assertEquals(403, answer.status(), path);
        stream += 2;
      }
      for (String path : List.of("/a#b", "/a%zz", "/a%00")) {
        Answer answer = client.request(stream, true, "GET", path).flush().answer(stream);
        assertEquals(400, answer.status(), path);
        stream += 2;
      }
      client.request(stream, true, "CONNECT", "/a").flush();
      assertEquals(405, client.answer(stream).status());
      assertEquals(List.of(), origin.takeHeads());
    }
  }

  // Bodies that are not what they should be.

  @ParameterizedTest
  @CsvSource({"10, 5", "10, 15", "0, 1"})
  void sendsNothingOfARequestWhoseBodyHasAnotherLength(int promised, int sent) throws Exception {
    try (H2Origin origin = new H2Origin();
        Scene scene = new Scene(origin.address(), USERS);
        H2Peer client = H2Peer.client(scene.listener.port4())) {
      client.request(1, false, "POST", "/users", "content-length", Integer.toString(promised));
      client.data(1, true, new byte[sent]).flush();
      assertEquals(1, client.answer(1).reset());
      assertEquals(Reason.HTTP_MALFORMED, onlyRecord(scene).reason());
      assertEquals(200, client.request(3, true, "GET", "/users").flush().answer(3).status());
      assertEquals(List.of("GET /users"), origin.takeHeads());
    }
  }

  @Test
  void neverEndsARequestWhoseLaterPartsAreTooFew() throws Exception {
    try (H2Origin origin = new H2Origin();
        Scene scene = new Scene(origin.address(), USERS);
        H2Peer client = H2Peer.client(scene.listener.port4())) {
      client.request(1, false, "POST", "/users", "content-length", "10");
      client.data(1, false, new byte[5]).flush();
      Waiting.until("the head has arrived", () -> !origin.heads.isEmpty());
      client.data(1, true, new byte[4]).flush();
      assertEquals(1, client.answer(1).reset());
      Waiting.until("a reset", () -> origin.resets.get() == 1);
      assertEquals(List.of(), origin.takeSeen());
    }
  }

  @ParameterizedTest
  @CsvSource({"10, 5", "10, 15"})
  void neverEndsAnAnswerOfAnotherLength(int promised, int sent) throws Exception {
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              H2Peer callee = H2Peer.server(peer.socket());
              section(callee, 1);
              callee.headers(
                  1, false, ":status", "200", "content-length", Integer.toString(promised));
              callee.data(1, true, new byte[sent]).flush();
              callee.rest();
            });
        Scene scene = new Scene(origin.address(), USERS);
        H2Peer client = H2Peer.client(scene.listener.port4())) {
      Answer answer = client.request(1, true, "GET", "/users").flush().answer(1);
      assertFalse(answer.whole());
      assertEquals(2, answer.reset());
      assertAllowed(Ending.UPSTREAM_BROKEN, onlyRecord(scene));
    }
  }

  // Failures behind the engine.

  @Test
  void answers502WhenTheCalleeRefusesAndDialsAgainForTheNext() throws Exception {
    InetSocketAddress nobody = nobody();
    try (Scene scene = new Scene(nobody, USERS);
        H2Peer client = H2Peer.client(scene.listener.port4())) {
      assertEquals(502, client.request(1, true, "GET", "/users").flush().answer(1).status());
      assertAllowed(Ending.UPSTREAM_REFUSED, onlyRecord(scene));
      client.request(3, true, "POST", "/pkg.Svc/Allowed", "content-type", "application/grpc");
      Answer answer = client.flush().answer(3);
      assertEquals(200, answer.status());
      assertEquals("14", answer.field("grpc-status"));
    }
  }

  @Test
  void answers502WhenTheCalleeDoesNotSpeakHttp2() throws Exception {
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> peer.send("HTTP/1.1 400 Bad Request\r\n\r\n"));
        Scene scene = new Scene(origin.address(), USERS);
        H2Peer client = H2Peer.client(scene.listener.port4())) {
      assertEquals(502, client.request(1, true, "GET", "/users").flush().answer(1).status());
      assertAllowed(Ending.UPSTREAM_BROKEN, onlyRecord(scene));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 8, 11, 13, 99})
  void mirrorsAResetWithItsCodeInBothDirections(int code) throws Exception {
    CountDownLatch reset = new CountDownLatch(1);
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              H2Peer callee = H2Peer.server(peer.socket());
              section(callee, 1);
              callee.headers(1, false, ":status", "200");
              callee.data(1, false, new byte[7]).reset(1, code).flush();
              section(callee, 3);
              if (await(callee, H2Peer.RST_STREAM).code() == code) {
                reset.countDown();
              }
            });
        Scene scene = new Scene(origin.address(), USERS);
        H2Peer client = H2Peer.client(scene.listener.port4())) {
      Answer answer = client.request(1, true, "GET", "/users").flush().answer(1);
      assertFalse(answer.whole());
      assertEquals(code, answer.reset());
      assertAllowed(Ending.UPSTREAM_BROKEN, onlyRecord(scene));
      client.request(3, false, "POST", "/users").reset(3, code).flush();
      assertTrue(reset.await(5, TimeUnit.SECONDS));
      assertAllowed(Ending.CLIENT_GONE, onlyRecord(scene));
    }
  }

  @Test
  void neverEndsAnAnswerThatTheCalleesConnectionCutShort() throws Exception {
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              H2Peer callee = H2Peer.server(peer.socket());
              section(callee, 1);
              callee.headers(1, false, ":status", "200");
              callee.data(1, false, new byte[7]).flush();
            });
        Scene scene = new Scene(origin.address(), USERS);
        H2Peer client = H2Peer.client(scene.listener.port4())) {
      Answer answer = client.request(1, true, "GET", "/users").flush().answer(1);
      assertFalse(answer.whole());
      assertEquals(2, answer.reset());
      assertEquals(0, await(client, H2Peer.GOAWAY).code());
      assertNull(client.read());
    }
  }

  @Test
  void drainsAsTheCalleeDoesAndRefusesWhatItDidNotTake() throws Exception {
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              H2Peer callee = H2Peer.server(peer.socket());
              section(callee, 3);
              callee.frame(H2Peer.GOAWAY, 0, 0, H2Peer.number(1, 0));
              callee.headers(1, true, ":status", "204").flush();
              callee.rest();
            });
        Scene scene = new Scene(origin.address(), USERS);
        H2Peer client = H2Peer.client(scene.listener.port4())) {
      client.request(1, true, "GET", "/users").request(3, true, "GET", "/users").flush();
      assertEquals(REFUSED_STREAM, client.answer(3).reset());
      assertEquals(204, client.answer(1).status());
      assertNull(client.read());
      assertEquals(1, client.goAwayLast);
      assertEquals(0, client.goAwayCode);
      assertEquals(2, scene.records.size());
    }
  }

  @Test
  void passesTheHeartbeatOfASlowJobOn() throws Exception {
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              H2Peer callee = H2Peer.server(peer.socket());
              section(callee, 1);
              for (int i = 0; i < 60; i++) {
                callee.headers(1, false, ":status", "102").flush();
              }
              callee.headers(1, true, ":status", "204").flush();
              callee.rest();
            });
        Scene scene = new Scene(origin.address(), USERS);
        H2Peer client = H2Peer.client(scene.listener.port4())) {
      client.request(1, true, "GET", "/users").flush();
      for (int i = 0; i < 60; i++) {
        assertEquals("102", await(client, H2Peer.HEADERS).field(":status"));
      }
      assertEquals("204", await(client, H2Peer.HEADERS).field(":status"));
    }
  }

  @Test
  void passesAnEarlyAnswerAndTheEndOfInterestInTheRequest() throws Exception {
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              H2Peer callee = H2Peer.server(peer.socket());
              section(callee, 1);
              callee.headers(1, true, ":status", "413").reset(1, 0).flush();
              callee.rest();
            });
        Scene scene = new Scene(origin.address(), USERS);
        H2Peer client = H2Peer.client(scene.listener.port4())) {
      client.request(1, false, "POST", "/users").flush();
      Answer answer = client.answer(1);
      assertTrue(answer.whole());
      assertEquals(413, answer.status());
      assertEquals(0, await(client, H2Peer.RST_STREAM).code());
      assertEquals(413, Scene.status(onlyRecord(scene)));
    }
  }

  @Test
  void tellsTheCalleeWhenTheClientIsGone() throws Exception {
    CountDownLatch reset = new CountDownLatch(1);
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              H2Peer callee = H2Peer.server(peer.socket());
              if (await(callee, H2Peer.RST_STREAM).code() == CANCEL) {
                reset.countDown();
              }
            });
        Scene scene = new Scene(origin.address(), USERS)) {
      try (H2Peer client = H2Peer.client(scene.listener.port4())) {
        client.request(1, false, "POST", "/users").data(1, false, new byte[100]).flush();
        Waiting.until("the callee is there", () -> origin.accepted.get() == 1);
        client.frame(H2Peer.PING, 0, 0, new byte[8]).flush();
        await(client, H2Peer.PING);
      }
      assertTrue(reset.await(5, TimeUnit.SECONDS));
      assertAllowed(Ending.CLIENT_GONE, onlyRecord(scene));
      Waiting.until("no connection", () -> scene.engine.stats().connections() == 0);
    }
  }

  @Test
  void answersWhatWasAskedBeforeTheClientEndedItsInput() throws Exception {
    try (H2Origin origin = new H2Origin();
        Scene scene = new Scene(origin.address(), USERS);
        H2Peer client = H2Peer.client(scene.listener.port4())) {
      client.request(1, true, "GET", "/users").flush();
      client.socket.shutdownOutput();
      assertEquals(200, client.answer(1).status());
      assertNull(client.read());
    }
  }
}
