package dev.drawbridge.l7;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.l7.RawClient.Answer;
import dev.drawbridge.policy.Reason;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import java.util.zip.Deflater;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

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

  /** `docker exec` through a proxy of the socket, and others: refused by name, not taken off. */
  @Test
  void anUpgradeToAnotherProtocolIsRefusedByName() throws Exception {
    for (String protocol : new String[] {"tcp", "SPDY/3.1", "foo, bar"}) {
      try (ScriptedOrigin origin = switching(peer -> peer.in().readAllBytes());
          Scene scene = new Scene(origin.address(), "app=api may ANY /**");
          RawClient client = new RawClient(scene.listener.port4())) {
        client.send(
            "POST /exec HTTP/1.1\r\nHost: db\r\nConnection: Upgrade\r\nUpgrade: "
                + protocol
                + "\r\nContent-Length: 0\r\n\r\n");
        Answer answer = client.answer();
        assertEquals(501, answer.status());
        assertTrue(answer.text().contains("websocket"), answer::text);
        assertEquals(0, origin.accepted.get());
      }
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
