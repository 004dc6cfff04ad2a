package dev.drawbridge.l7;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.l7.RawClient.Answer;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Reason;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReference;
import java.util.zip.Deflater;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A WebSocket passes as it is, until policy ends it. Not a peer of its own: frames are bytes. */
final class WebSocketTest {
  private static final String RULE = "app=api may GET /chat";
  private static final String UPGRADE =
      "GET /chat HTTP/1.1\r\nHost: db\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
          + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
          + "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
  private static final String SWITCHED =
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
          + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
          + "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
  private static final byte[] CLOSE_1008 = {(byte) 0x88, 2, 3, (byte) 0xf0};

  @BeforeAll
  static void watch() {
    Leaks.watch();
  }

  @AfterAll
  static void noLeaks() {
    assertEquals(List.of(), Leaks.found());
  }

  /** A frame; masked with a key if the client sends it. */
  private static byte[] frame(int first, boolean masked, byte... payload) {
    var out = new ByteArrayOutputStream();
    int mask = masked ? 0x80 : 0;
    out.write(first);
    if (payload.length < 126) {
      out.write(mask | payload.length);
    } else if (payload.length < 1 << 16) {
      out.write(mask | 126);
      out.write(payload.length >> 8);
      out.write(payload.length);
    } else {
      out.write(mask | 127);
      for (int shift = 56; shift >= 0; shift -= 8) {
        out.write((int) ((long) payload.length >> shift));
      }
    }
    byte[] key = {1, 2, 3, 4};
    byte[] body = payload.clone();
    if (masked) {
      out.writeBytes(key);
      for (int i = 0; i < body.length; i++) {
        body[i] ^= key[i & 3];
      }
    }
    out.writeBytes(body);
    return out.toByteArray();
  }

  private static byte[] join(byte[]... parts) {
    var out = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }

  private static byte[] deflated(byte[] bytes) {
    Deflater deflater = new Deflater(9, true);
    deflater.setInput(bytes);
    deflater.finish();
    byte[] out = new byte[bytes.length + 64];
    int size = deflater.deflate(out);
    deflater.end();
    return Arrays.copyOf(out, size);
  }

  /** Text in fragments around a ping, binary, compressed, empty, and closes of several codes. */
  private static byte[] conversation(boolean masked) {
    byte[] noise = new byte[70_000];
    new Random(3).nextBytes(noise);
    return join(
        frame(0x01, masked, (byte) 'h', (byte) 'e'),
        frame(0x89, masked, (byte) 1, (byte) 2),
        frame(0x00, masked, (byte) 'l'),
        frame(0x80, masked, (byte) 'o'),
        frame(0x82, masked, noise),
        frame(0x82, masked, Arrays.copyOf(noise, 300)),
        frame(0xc1, masked, deflated(noise)),
        frame(0x8a, masked),
        frame(0x82, masked),
        frame(0x88, masked, (byte) 3, (byte) 0xe8, (byte) 'o', (byte) 'k'),
        frame(0x88, masked, (byte) 0x0f, (byte) 0xa0));
  }

  private static ScriptedOrigin switching(ScriptedOrigin.Script then) throws IOException {
    return new ScriptedOrigin(peer -> {
      if (peer.head().startsWith("GET /chat ")) {
        peer.send(SWITCHED);
        then.run(peer);
      }
    });
  }

  private static RawClient open(Scene scene) throws IOException {
    RawClient client = new RawClient(scene.listener.port4());
    Answer answer = client.send(UPGRADE).answer();
    assertEquals(101, answer.status());
    assertTrue(answer.head().contains("Sec-WebSocket-Extensions: permessage-deflate"));
    return client;
  }

  /** Some clients say that there is no body. */
  @Test
  void isOpenedThoughALengthOfNothingIsSaid() throws Exception {
    try (ScriptedOrigin origin = switching(peer -> peer.in().readAllBytes());
        Scene scene = new Scene(origin.address(), RULE);
        RawClient client = new RawClient(scene.listener.port4())) {
      client.send(UPGRADE.replace("\r\n\r\n", "\r\nContent-Length: 0\r\n\r\n"));
      assertEquals(101, client.answer().status());
    }
  }

  private static String asking(String method, String path, String upgrades) {
    return method
        + " "
        + path
        + " HTTP/1.1\r\nHost: db\r\nConnection: Upgrade\r\n"
        + upgrades
        + "Content-Length: 0\r\n\r\n";
  }

  private static AccessRecord record(Scene scene) throws Exception {
    Waiting.until("a record", () -> !scene.records.isEmpty());
    return scene.records.remove();
  }

  private static ScriptedOrigin answering(Queue<String> heads) throws IOException {
    return new ScriptedOrigin(peer -> {
      for (String head = peer.head(); !head.isEmpty(); head = peer.head()) {
        heads.add(head.toLowerCase(Locale.ROOT));
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      }
    });
  }

  /** `docker exec` through a proxy of the socket, and others: refused by name, not taken off. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "Upgrade: tcp\r\n",
        "Upgrade: SPDY/3.1\r\n",
        "Upgrade: foo, bar\r\n",
        "Upgrade: ,foo\r\n",
        "Upgrade: foo\r\nUpgrade: bar\r\n",
        "Upgrade: foo, websocket\r\n"
      })
  void anUpgradeToAnotherProtocolIsRefusedByName(String upgrades) throws Exception {
    try (ScriptedOrigin origin = switching(peer -> peer.in().readAllBytes());
        Scene scene = new Scene(origin.address(), "app=api may ANY /**");
        RawClient client = new RawClient(scene.listener.port4())) {
      Answer answer = client.send(asking("POST", "/exec", upgrades)).answer();
      assertEquals(501, answer.status());
      assertTrue(answer.head().startsWith("HTTP/1.1 501 Not Implemented\r\n"), answer::head);
      assertTrue(answer.text().contains("\"error\":\"unsupported\""), answer::text);
      assertTrue(answer.text().contains("\"reason\":\"http-upgrade\""), answer::text);
      assertTrue(answer.text().contains("with header Upgrade=NAME"), answer::text);
      // docker takes the end of the connection for the old way to say yes.
      assertFalse(answer.head().contains("Connection: close"), answer::head);
      assertEquals(-1, client.socket.getInputStream().read());
      AccessRecord record = record(scene);
      assertEquals(Reason.HTTP_UPGRADE, record.reason());
      assertEquals(Decision.DENY, record.decision());
      assertEquals("/exec", Scene.said(record, "path"));
      assertEquals(501, Scene.status(record));
      assertEquals(0, origin.accepted.get());
      assertEquals(0, scene.records.size());
    }
  }

  @Test
  void aDeniedRequestIsDeniedWhateverItUpgradesTo() throws Exception {
    Queue<String> heads = new ConcurrentLinkedQueue<>();
    try (ScriptedOrigin origin = answering(heads);
        Scene scene = new Scene(origin.address(), "app=api may ANY /users");
        RawClient client = new RawClient(scene.listener.port4())) {
      Answer answer = client.send(asking("POST", "/exec", "Upgrade: tcp\r\n")).answer();
      assertEquals(403, answer.status());
      assertTrue(answer.text().contains("\"reason\":\"no-rule\""), answer::text);
      assertEquals(Reason.NO_RULE, record(scene).reason());
      assertEquals(0, origin.accepted.get());
      assertEquals(200, client.send(asking("GET", "/users", "")).answer().status());
      assertEquals(501, client.send(asking("GET", "/users", "Upgrade: x\r\n")).answer().status());
      assertEquals(1, heads.size());
    }
  }

  @Test
  void anUpgradeToAnotherProtocolIsCarriedWhereItOnlyAudits() throws Exception {
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              String head = peer.head();
              peer.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: tcp\r\n\r\n");
              peer.send(head);
              peer.out().write(peer.in().readNBytes(4));
            });
        Scene scene = new Scene(origin.address(), "app=api may ANY /exec", "mode audit");
        RawClient client = new RawClient(scene.listener.port4())) {
      String asked = asking("POST", "/exec", "Upgrade: tcp\r\n");
      assertEquals(101, client.send(asked + "\0\1").answer().status());
      AccessRecord request = record(scene);
      assertEquals("http1", request.asked().protocol());
      assertEquals("POST", Scene.said(request, "method"));
      assertEquals("/exec", Scene.said(request, "path"));
      assertEquals(Reason.HTTP_UPGRADE, request.reason());
      assertTrue(request.verdict().audited());
      byte[] seen = client.socket.getInputStream().readNBytes(asked.length());
      assertEquals(asked, new String(seen, StandardCharsets.US_ASCII));
      client.send("\2\3").endOutput();
      assertArrayEquals(new byte[] {0, 1, 2, 3}, client.socket.getInputStream().readAllBytes());
      AccessRecord tunnel = record(scene);
      assertEquals("tunnel", tunnel.asked().protocol());
      assertEquals(Reason.HTTP_UPGRADE, tunnel.reason());
      assertTrue(tunnel.verdict().audited());
    }
  }

  @Test
  void whatAnAuditWouldDenyKeepsItsReason() throws Exception {
    try (ScriptedOrigin origin = switching(peer -> peer.in().readAllBytes());
        Scene scene = new Scene(origin.address(), "app=api may ANY /users", "mode audit");
        RawClient client = new RawClient(scene.listener.port4())) {
      client.send(asking("GET", "/chat", "Upgrade: tcp\r\n"));
      assertEquals(Reason.NO_RULE, record(scene).reason());
      assertEquals(101, client.answer().status());
    }
  }

  @Test
  void anUpgradeGoesOnOnAKeptConnectionWhereItOnlyAudits() throws Exception {
    Queue<String> heads = new ConcurrentLinkedQueue<>();
    try (ScriptedOrigin origin = answering(heads);
        Scene scene = new Scene(origin.address(), "app=api may ANY /**", "mode audit");
        RawClient client = new RawClient(scene.listener.port4())) {
      for (String upgrades : List.of("", "Upgrade: tcp\r\n", "")) {
        assertEquals("ok", client.send(asking("POST", "/exec", upgrades)).answer().text());
        AccessRecord record = record(scene);
        assertEquals(Decision.ALLOW, record.decision());
        assertEquals(!upgrades.isEmpty(), record.reason() == Reason.HTTP_UPGRADE);
      }
      assertEquals(1, origin.accepted.get());
      assertEquals(1, heads.stream().filter(head -> head.contains("\r\nupgrade: tcp")).count());
      assertEquals(3, heads.size());
    }
  }

  /** Who asks for these takes an ordinary answer as well; and an empty list asks for nothing. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "Upgrade: h2c\r\n",
        "Upgrade: HTTP/3.0\r\n",
        "Upgrade: tls/1.0,HTTP/1.1\r\n",
        "Upgrade: foo, TLS/1.2\r\n",
        "Upgrade: foo\r\nUpgrade: h2c\r\n",
        "Upgrade: ,\r\n",
        "Upgrade: \r\n",
        "Upgrade: websocket\r\n"
      })
  void whatIsOptionalIsTakenOff(String upgrades) throws Exception {
    Queue<String> heads = new ConcurrentLinkedQueue<>();
    try (ScriptedOrigin origin = answering(heads);
        Scene scene = new Scene(origin.address(), "app=api may ANY /**");
        RawClient client = new RawClient(scene.listener.port4())) {
      assertEquals("ok", client.send(asking("POST", "/exec", upgrades)).answer().text());
      assertEquals(1, heads.size());
      assertFalse(heads.remove().contains("upgrade"));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Upgrade: foo, websocket\r\n",
        "Upgrade: websocket , h2c\r\n",
        "Upgrade: foo\r\nUpgrade: websocket\r\n"
      })
  void isOpenedBesideAnotherWish(String upgrades) throws Exception {
    try (ScriptedOrigin origin = switching(peer -> peer.in().readAllBytes());
        Scene scene = new Scene(origin.address(), RULE);
        RawClient client = new RawClient(scene.listener.port4())) {
      assertEquals(101, client.send(asking("GET", "/chat", upgrades)).answer().status());
    }
  }

  // Upgrades to what a rule names.

  private static final String EXEC = "app=api may POST /exec/** with header Upgrade=tcp";
  private static final String BODY = "{\"Detach\":false,\"Tty\":false}";
  private static final String START =
      "POST /exec/1/start HTTP/1.1\r\nHost: db\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"
          + "Content-Type: application/json\r\nContent-Length: "
          + BODY.length()
          + "\r\n\r\n"
          + BODY;
  private static final String HIJACKED =
      "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\n"
          + "Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n";

  /** What `docker exec` says and hears, standard input and its end included. */
  private static ScriptedOrigin engineOfContainers(Queue<String> seen) throws IOException {
    return new ScriptedOrigin(peer -> {
      String head = peer.head();
      seen.add(head);
      seen.add(new String(peer.in().readNBytes(BODY.length()), StandardCharsets.US_ASCII));
      peer.send(HIJACKED);
      peer.send("\1\0\0\0\0\0\0\2hi");
      byte[] input = peer.in().readAllBytes();
      peer.out().write(input);
    });
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void dockerExecIsCarriedWhereARuleNamesTheUpgrade(boolean singly) throws Exception {
    Queue<String> seen = new ConcurrentLinkedQueue<>();
    try (ScriptedOrigin origin = engineOfContainers(seen);
        Scene scene = new Scene(origin.address(), "app=api may GET /_ping", EXEC);
        RawClient client = new RawClient(scene.listener.port4())) {
      if (singly) {
        client.sendSingly(START.getBytes(StandardCharsets.US_ASCII));
      } else {
        client.send(START);
      }
      Answer answer = client.answer();
      assertEquals(101, answer.status());
      assertTrue(answer.head().contains("\r\nUpgrade: tcp\r\n"), answer::head);
      assertTrue(answer.head().contains("\r\nConnection: Upgrade\r\n"), answer::head);
      assertTrue(answer.head().contains("docker.raw-stream"), answer::head);
      assertEquals(10, client.socket.getInputStream().readNBytes(10).length);
      client.send("GET /denied HTTP/1.1\r\n\r\n").endOutput();
      assertEquals(
          "GET /denied HTTP/1.1\r\n\r\n",
          new String(client.socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII));
      String head = seen.remove();
      assertTrue(head.contains("\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"), head);
      assertEquals(BODY, seen.remove());
      AccessRecord record = record(scene);
      assertEquals(Decision.ALLOW, record.decision());
      assertEquals(Reason.RULE_ALLOWS, record.reason());
      assertEquals(101, Scene.status(record));
      assertEquals(0, scene.records.size());
    }
  }

  /** Input that does not wait for the answer belongs to the tunnel, and to no request. */
  @Test
  void whatComesBeforeTheAnswerToAnUpgradeIsOfTheTunnelOnceThereIsOne() throws Exception {
    Queue<String> seen = new ConcurrentLinkedQueue<>();
    try (ScriptedOrigin origin = engineOfContainers(seen);
        Scene scene = new Scene(origin.address(), EXEC);
        RawClient client = new RawClient(scene.listener.port4())) {
      client.send(START + "early").endOutput();
      assertEquals(101, client.answer().status());
      byte[] rest = client.socket.getInputStream().readAllBytes();
      assertTrue(new String(rest, StandardCharsets.US_ASCII).endsWith("hiearly"));
    }
  }

  @Test
  void whatFollowsARefusedUpgradeIsJudgedAsARequest() throws Exception {
    Queue<String> heads = new ConcurrentLinkedQueue<>();
    try (ScriptedOrigin origin = answering(heads);
        Scene scene = new Scene(origin.address(), EXEC);
        RawClient client = new RawClient(scene.listener.port4())) {
      client.send(asking("POST", "/exec/1/start", "Upgrade: tcp\r\n") + asking("GET", "/x", ""));
      assertEquals(200, client.answer().status());
      assertEquals(403, client.answer().status());
      assertEquals(1, heads.size());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        "HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nUpgrade: tcp\r\n\r\n",
        "HTTP/1.1 101 X\r\nUpgrade: tcp\r\n\r\n",
        "HTTP/1.1 101 X\r\nConnection: Upgrade\r\n\r\n"
      })
  void anUpgradeToWhatNobodyAskedForIsNone(String answer) throws Exception {
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              peer.head();
              peer.send(answer);
              peer.in().readAllBytes();
            });
        Scene scene = new Scene(origin.address(), EXEC);
        RawClient client = new RawClient(scene.listener.port4())) {
      client.send(asking("POST", "/exec/1/start", "Upgrade: tcp\r\n"));
      assertEquals(502, client.answer().status());
    }
  }

  /** The callee must not make a tunnel of the rest of a body. */
  @Test
  void anUpgradeBeforeTheRequestIsWholeIsNone() throws Exception {
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              peer.head();
              peer.send(HIJACKED);
              peer.in().readAllBytes();
            });
        Scene scene = new Scene(origin.address(), EXEC);
        RawClient client = new RawClient(scene.listener.port4())) {
      client.send(START.substring(0, START.length() - 5));
      assertEquals(502, client.answer().status());
    }
  }

  @Test
  void eachClosedSideHasToNameTheUpgrade() throws Exception {
    try (ScriptedOrigin origin = engineOfContainers(new ConcurrentLinkedQueue<>());
        Scene scene = new Scene(origin.address(), EXEC)) {
      scene.publishEgress("may ANY /** on app=db");
      try (RawClient client = new RawClient(scene.listener.port4())) {
        assertEquals(501, client.send(START).answer().status());
      }
      scene.publishEgress(
          "may ANY /** on app=db", "may POST /** with header Upgrade=tcp on app=db");
      try (RawClient client = new RawClient(scene.listener.port4())) {
        assertEquals(101, client.send(START).answer().status());
      }
    }
  }

  @Test
  void aTunnelEndsWhenItsRuleNamesTheUpgradeNoMore() throws Exception {
    try (ScriptedOrigin origin = engineOfContainers(new ConcurrentLinkedQueue<>());
        Scene scene = new Scene(origin.address(), EXEC);
        RawClient client = new RawClient(scene.listener.port4())) {
      assertEquals(101, client.send(START).answer().status());
      client.socket.getInputStream().readNBytes(10);
      scene.publish(EXEC, "app=api may GET /other");
      assertEquals(0, client.socket.getInputStream().available());
      scene.publish("app=api may POST /exec/**");
      assertThrows(SocketException.class, () -> client.socket.getInputStream().read());
      AccessRecord record = record(scene);
      assertEquals(Reason.LATE_DENY, record.reason());
      assertEquals(101, Scene.status(record));
      Waiting.until("the callee's connection is closed", () -> origin.open.get() == 0);
    }
  }

  @Test
  void passesEveryFrameInBothDirectionsAsItIs() throws Exception {
    byte[] asked = conversation(true);
    byte[] answered = conversation(false);
    AtomicReference<byte[]> got = new AtomicReference<>(new byte[0]);
    try (ScriptedOrigin origin =
            switching(peer -> {
              Thread writer = Thread.ofVirtual().start(() -> write(peer, answered));
              got.set(peer.in().readNBytes(asked.length));
              writer.join();
              peer.in().readAllBytes();
            });
        Scene scene = new Scene(origin.address(), RULE);
        RawClient client = open(scene)) {
      client.send(asked);
      assertArrayEquals(answered, client.socket.getInputStream().readNBytes(answered.length));
      client.endOutput();
      assertEquals(-1, client.socket.getInputStream().read());
      assertArrayEquals(asked, got.get());
    }
  }

  private static void write(ScriptedOrigin.Peer peer, byte[] bytes) {
    try {
      peer.out().write(bytes);
    } catch (IOException _) {
      // The reader at the other end fails then.
    }
  }

  @Test
  void passesSingleBytes() throws Exception {
    byte[] asked = Arrays.copyOf(conversation(true), 600);
    try (ScriptedOrigin origin =
            switching(peer -> {
              for (int octet = peer.in().read(); octet >= 0; octet = peer.in().read()) {
                peer.out().write(octet);
              }
            });
        Scene scene = new Scene(origin.address(), RULE);
        RawClient client = open(scene)) {
      client.sendSingly(asked);
      assertArrayEquals(asked, client.socket.getInputStream().readNBytes(asked.length));
    }
  }

  @Test
  void carriesOnInOneDirectionAfterTheOtherHasEnded() throws Exception {
    byte[] late = conversation(false);
    try (ScriptedOrigin origin =
            switching(peer -> {
              peer.in().readAllBytes();
              peer.out().write(late);
            });
        Scene scene = new Scene(origin.address(), RULE);
        RawClient client = open(scene)) {
      client.endOutput();
      assertArrayEquals(late, client.socket.getInputStream().readAllBytes());
    }
  }

  @Test
  void passesAMessageOf64MebibytesAsItIs() throws Exception {
    int size = 64 << 20;
    AtomicReference<byte[]> hash = new AtomicReference<>(new byte[0]);
    try (ScriptedOrigin origin =
            switching(peer -> {
              hash.set(digest(peer.in(), size + 14));
              peer.out().write(hash.get());
              peer.in().readAllBytes();
            });
        Scene scene = new Scene(origin.address(), RULE);
        RawClient client = open(scene)) {
      byte[] message = frame(0x82, true, noise(size));
      assertEquals(size + 14, message.length);
      client.send(message);
      byte[] there = client.socket.getInputStream().readNBytes(32);
      assertArrayEquals(MessageDigest.getInstance("SHA-256").digest(message), there);
    }
  }

  private static byte[] noise(int size) {
    byte[] noise = new byte[size];
    new Random(9).nextBytes(noise);
    return noise;
  }

  private static byte[] digest(InputStream in, long size) throws Exception {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    byte[] buffer = new byte[64 << 10];
    long left = size;
    while (left > 0) {
      int read = in.read(buffer, 0, (int) Math.min(left, buffer.length));
      if (read < 0) {
        break;
      }
      digest.update(buffer, 0, read);
      left -= read;
    }
    return digest.digest();
  }

  @Test
  void closesWith1008OnBothSidesWhenPolicyRevokesIt() throws Exception {
    byte[] answered = conversation(false);
    byte[] asked = frame(0x81, true, (byte) 'x');
    AtomicReference<byte[]> end = new AtomicReference<>();
    try (ScriptedOrigin origin =
            switching(peer -> {
              peer.out().write(answered);
              peer.in().readNBytes(asked.length);
              peer.send("\u0081\u0001y");
              end.set(peer.in().readAllBytes());
            });
        Scene scene = new Scene(origin.address(), RULE);
        RawClient client = open(scene)) {
      client.send(asked);
      assertArrayEquals(answered, client.socket.getInputStream().readNBytes(answered.length));
      client.socket.getInputStream().readNBytes(3);
      scene.publish("app=api may GET /other");
      assertArrayEquals(CLOSE_1008, client.socket.getInputStream().readAllBytes());
      Waiting.until("the callee has its end", () -> end.get() != null);
      byte[] masked = {(byte) 0x88, (byte) 0x82, 0, 0, 0, 0, 3, (byte) 0xf0};
      assertArrayEquals(masked, end.get());
      Waiting.until("a record", () -> scene.records.size() == 1);
      AccessRecord record = scene.records.remove();
      assertEquals(Reason.LATE_DENY, record.reason());
      assertEquals(101, Scene.status(record));
    }
  }

  @Test
  void resetsTheClientWhenItsFrameIsNotWhole() throws Exception {
    byte[] part = Arrays.copyOf(frame(0x82, false, new byte[1000]), 500);
    try (ScriptedOrigin origin =
            switching(peer -> {
              peer.out().write(part);
              peer.in().readAllBytes();
            });
        Scene scene = new Scene(origin.address(), RULE);
        RawClient client = open(scene)) {
      client.socket.getInputStream().readNBytes(part.length);
      scene.publish("app=api may GET /other");
      assertThrows(SocketException.class, () -> client.socket.getInputStream().read());
      Waiting.until("the callee's connection is closed", () -> origin.open.get() == 0);
    }
  }

  @Test
  void resetsTheCalleeWhenItsFrameIsNotWhole() throws Exception {
    AtomicReference<String> end = new AtomicReference<>("");
    try (ScriptedOrigin origin =
            switching(peer -> {
              try {
                peer.in().readNBytes(5);
                peer.send("\u0081\u0001y");
                peer.in().readAllBytes();
                end.set("ended");
              } catch (IOException _) {
                end.set("reset");
              }
            });
        Scene scene = new Scene(origin.address(), RULE);
        RawClient client = open(scene)) {
      client.send(Arrays.copyOf(frame(0x81, true, new byte[100]), 5));
      client.socket.getInputStream().readNBytes(3);
      scene.publish("app=api may GET /other");
      assertArrayEquals(CLOSE_1008, client.socket.getInputStream().readAllBytes());
      Waiting.until("the callee has its end", () -> !end.get().isEmpty());
      assertEquals("reset", end.get());
    }
  }

  @Test
  void onlyAMatching101OpensATunnel() throws Exception {
    for (String wrong :
        List.of(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n",
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                + "Upgrade: websocket, h2c\r\n\r\n")) {
      try (ScriptedOrigin origin =
              new ScriptedOrigin(peer -> {
                peer.head();
                peer.send(wrong);
                peer.in().readAllBytes();
              });
          Scene scene = new Scene(origin.address(), RULE);
          RawClient client = new RawClient(scene.listener.port4())) {
        assertEquals(502, client.send(UPGRADE).answer().status(), wrong);
      }
    }
    for (String ordinary : List.of("200 OK", "403 Forbidden", "426 Upgrade Required")) {
      try (ScriptedOrigin origin =
              new ScriptedOrigin(peer -> {
                while (!peer.head().isEmpty()) {
                  peer.send("HTTP/1.1 " + ordinary + "\r\nContent-Length: 2\r\n\r\nno");
                }
              });
          Scene scene = new Scene(origin.address(), RULE);
          RawClient client = new RawClient(scene.listener.port4())) {
        assertEquals("no", client.send(UPGRADE).answer().text());
        assertEquals(403, client.send("GET /no HTTP/1.1\r\nHost: db\r\n\r\n").answer().status());
      }
    }
  }
}
