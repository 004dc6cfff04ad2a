package dev.drawbridge.l7;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Peers;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who takes much of the engine takes it from himself: connections, memory, patience. */
@Timeout(60)
final class SharesTest {
  private static final String GET = "GET /users HTTP/1.1\r\nHost: db\r\n\r\n";
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  private static final String RULE = "anyone may GET /users";

  @BeforeAll
  static void watch() {
    Leaks.watch();
  }

  @AfterAll
  static void noLeaks() {
    assertEquals(List.of(), Leaks.found());
  }

  private static ScriptedOrigin answering() throws IOException {
    return new ScriptedOrigin(peer -> {
      for (String head = peer.head(); !head.isEmpty(); head = peer.head()) {
        peer.send(OK);
      }
    });
  }

  private static ScriptedOrigin silent() throws IOException {
    return new ScriptedOrigin(peer -> {
      String first = peer.head();
      assertEquals("", first.isEmpty() ? first : peer.head());
    });
  }

  private static long limited(Scene scene) {
    return scene.records.stream().filter(r -> r.ending() == Ending.LIMIT).count();
  }

  /** Opens that many connections, whatever becomes of them. */
  private static List<RawClient> crowd(InetAddress from, int port, int size, String first)
      throws IOException {
    List<RawClient> all = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      RawClient client = new RawClient(from, port);
      all.add(client);
      try {
        client.send(first);
      } catch (SocketException _) {
        // Turned away already.
      }
    }
    return all;
  }

  private static void close(List<RawClient> all) throws IOException {
    for (RawClient client : all) {
      client.close();
    }
  }

  // Connections.

  @Test
  void anIdleConnectionMakesRoomForANewOneOfTheSameCaller() throws Exception {
    EngineLimits defaults = EngineLimits.defaults();
    try (ScriptedOrigin origin = answering();
        Scene scene =
            new Scene(
                defaults.withConnections(defaults.connections(), 2, 2), origin.address(), RULE);
        RawClient one = new RawClient(scene.listener.port4());
        RawClient other = new RawClient(scene.listener.port4());
        RawClient third = new RawClient(scene.listener.port4())) {
      assertEquals(200, other.send(GET).answer().status());
      assertEquals(200, third.send(GET).answer().status());
      assertThrows(IOException.class, () -> one.send(GET).answer());
      assertEquals(1, limited(scene));
    }
  }

  @Test
  void busyConnectionsOfACallerLeaveNoRoomForHim() throws Exception {
    EngineLimits defaults = EngineLimits.defaults();
    try (ScriptedOrigin origin = silent();
        Scene scene =
            new Scene(
                defaults.withConnections(defaults.connections(), 2, 2), origin.address(), RULE);
        RawClient _ = new RawClient(scene.listener.port4()).send(GET);
        RawClient _ = new RawClient(scene.listener.port4()).send(GET)) {
      Waiting.until("both are busy", () -> origin.open.get() == 2);
      try (RawClient third = new RawClient(scene.listener.port4())) {
        assertThrows(SocketException.class, () -> third.send(GET).answer());
      }
      assertEquals(1, limited(scene));
      Waiting.until("two are left", () -> scene.engine.stats().connections() == 2);
    }
  }

  @Test
  void deniedIdleConnectionsOfOneHostUserDoNotLockOutAnother() throws Exception {
    manyOfOneAddressLeaveRoom(Peers.HOST, "GET /denied HTTP/1.1\r\nHost: db\r\n\r\n", false);
  }

  @Test
  void idleConnectionsOfOneAddressDoNotLockOutTheRestOfTheWorld() throws Exception {
    manyOfOneAddressLeaveRoom(Peers.WORLD, "", true);
  }

  @Test
  void allowedIdleConnectionsOfOneAddressDoNotEither() throws Exception {
    manyOfOneAddressLeaveRoom(Peers.WORLD, GET, true);
  }

  private static void manyOfOneAddressLeaveRoom(int peer, String first, boolean ownAddress)
      throws Exception {
    EngineLimits few = EngineLimits.defaults().withConnections(200, 50, 40);
    try (ScriptedOrigin origin = answering();
        Scene scene = new Scene(few, origin.address(), RULE)) {
      InetAddress hog = scene.address(peer, 0);
      List<RawClient> crowd = crowd(hog, scene.listener.port4(), 60, first);
      InetAddress victim = ownAddress ? scene.address(peer, 1) : hog;
      for (int i = 0; i < 20; i++) {
        try (RawClient other = new RawClient(victim, scene.listener.port4())) {
          assertEquals(200, other.send(GET).answer().status());
        }
      }
      close(crowd);
    }
  }

  @Test
  void whoOpensTooManyLosesHisOwnAndNobodyElsesOfTheWorld() throws Exception {
    EngineLimits few = EngineLimits.defaults().withConnections(200, 50, 40);
    try (ScriptedOrigin origin = answering();
        Scene scene = new Scene(few, origin.address(), RULE);
        RawClient quiet = new RawClient(scene.address(Peers.WORLD, 1), scene.listener.port4())) {
      // Longer idle than all that come, so the first to go if the world were one.
      assertEquals(200, quiet.send(GET).answer().status());
      List<RawClient> crowd =
          crowd(scene.address(Peers.WORLD, 0), scene.listener.port4(), 120, GET);
      Waiting.until("the crowd has lost its own", () -> limited(scene) >= 80);
      assertEquals(200, quiet.send(GET).answer().status());
      close(crowd);
    }
  }

  @Test
  void manyAddressesOfTheWorldLeaveRoomForAContainer() throws Exception {
    EngineLimits few = EngineLimits.defaults().withConnections(60, 1_000, 1_000);
    try (ScriptedOrigin origin = silent();
        Scene scene = new Scene(few, origin.address(), RULE)) {
      List<RawClient> crowd = new ArrayList<>();
      for (int address = 0; address < 20; address++) {
        InetAddress from = scene.address(Peers.WORLD, address);
        crowd.addAll(crowd(from, scene.listener.port4(), 3, GET));
      }
      Waiting.until("all are busy", () -> origin.open.get() >= 60);
      long before = limited(scene);
      try (RawClient api = new RawClient(scene.listener.port4()).send(GET)) {
        Waiting.until("it is taken", () -> origin.accepted.get() > 60);
        assertEquals(before + 1, limited(scene));
        assertTrue(api.socket.isConnected());
      }
      close(crowd);
    }
  }

  // Patience.

  @Test
  void closesAfterSoManyRefusalsInARow() throws Exception {
    EngineLimits strict =
        EngineLimits.defaults().withRefusals(3, EngineLimits.defaults().refusedIdleTimeout());
    String denied = "GET /denied HTTP/1.1\r\nHost: db\r\n\r\n";
    try (ScriptedOrigin origin = answering();
        Scene scene = new Scene(strict, origin.address(), RULE);
        RawClient client = new RawClient(scene.listener.port4())) {
      client.send(denied + denied + GET + denied + denied + denied + GET);
      List<Integer> statuses = client.answers().stream().map(RawClient.Answer::status).toList();
      assertEquals(List.of(403, 403, 200, 403, 403, 403), statuses);
    }
  }

  @Test
  void closesAfterSoManyRefusalsInARowOverHttp2() throws Exception {
    EngineLimits strict =
        EngineLimits.defaults().withRefusals(3, EngineLimits.defaults().refusedIdleTimeout());
    try (H2Origin origin = new H2Origin();
        Scene scene = new Scene(strict, origin.address(), RULE);
        H2Peer client = H2Peer.client(scene.listener.port4())) {
      for (int i = 0; i < 3; i++) {
        client.request(2 * i + 1, true, "GET", "/denied").flush();
        assertEquals(403, client.answer(2 * i + 1).status());
      }
      client.rest();
      assertEquals(11, client.goAwayCode);
    }
  }

  @Test
  void aRefusedConnectionIsNotKeptForLong() throws Exception {
    EngineLimits hasty = EngineLimits.defaults().withRefusals(100, Duration.ofMillis(200));
    try (ScriptedOrigin origin = answering();
        Scene scene = new Scene(hasty, origin.address(), RULE);
        RawClient allowed = new RawClient(scene.listener.port4());
        RawClient denied = new RawClient(scene.listener.port4())) {
      assertEquals(200, allowed.send(GET).answer().status());
      assertEquals(403, denied.send(GET.replace("users", "x")).answer().status());
      assertEquals(0, denied.answer().status());
      assertEquals(200, allowed.send(GET).answer().status());
    }
  }

  // Memory.

  private static final String UNFINISHED =
      "GET /users HTTP/1.1\r\nHost: db\r\n" + ("X: " + "y".repeat(1_000) + "\r\n").repeat(58);

  private static Scene scarce(ScriptedOrigin origin) throws Exception {
    return new Scene(
        EngineLimits.defaults().withHeldMemory(2 << 20),
        origin.address(),
        RULE,
        "anyone may GET /b");
  }

  @Test
  void unfinishedHeadsOfOneCallerAreBoundedInSumAndCostOthersNothing() throws Exception {
    try (ScriptedOrigin origin = answering();
        Scene scene = scarce(origin);
        RawClient victim = new RawClient(scene.listener.port4())) {
      assertEquals(200, victim.send(GET).answer().status());
      InetAddress hog = scene.address(Scene.EVE, 0);
      List<RawClient> crowd = crowd(hog, scene.listener.port4(), 100, UNFINISHED);
      assertTrue(scene.engine.stats().heldBytes() <= 3 << 20, scene.engine.stats()::toString);
      Waiting.until("some were ended", () -> limited(scene) > 10);
      assertEquals(200, victim.send(GET).answer().status());
      assertTrue(
          scene.records.stream()
              .filter(r -> r.ending() == Ending.LIMIT)
              .allMatch(r -> r.caller() == Scene.EVE));
      close(crowd);
      Waiting.until("nothing is held", () -> scene.engine.stats().connections() == 1);
      Waiting.until("all is given back", () -> scene.engine.stats().heldBytes() < 64 << 10);
    }
  }

  @Test
  void oneOfManyAddressesOfTheWorldPaysForItself() throws Exception {
    try (ScriptedOrigin origin = answering();
        Scene scene = scarce(origin)) {
      InetAddress victim = scene.address(Peers.WORLD, 1);
      try (RawClient other = new RawClient(victim, scene.listener.port4())) {
        assertEquals(200, other.send(GET).answer().status());
        InetAddress hog = scene.address(Peers.WORLD, 2);
        List<RawClient> crowd = crowd(hog, scene.listener.port4(), 100, UNFINISHED);
        Waiting.until("some were ended", () -> limited(scene) > 10);
        assertEquals(200, other.send(GET).answer().status());
        close(crowd);
      }
    }
  }

  @Test
  void answersThatNobodyReadsAreBoundedInSum() throws Exception {
    byte[] large = new byte[8 << 20];
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              for (String head = peer.head(); !head.isEmpty(); head = peer.head()) {
                if (head.startsWith("GET /b")) {
                  peer.send("HTTP/1.1 200 OK\r\nContent-Length: " + large.length + "\r\n\r\n");
                  peer.out().write(large);
                } else {
                  peer.send(OK);
                }
              }
            });
        Scene scene = scarce(origin);
        RawClient victim = new RawClient(scene.listener.port4())) {
      InetAddress hog = scene.address(Scene.EVE, 0);
      List<RawClient> crowd = crowd(hog, scene.listener.port4(), 60, GET.replace("users", "b"));
      Waiting.until("some were ended", () -> limited(scene) > 3);
      assertEquals(200, victim.send(GET).answer().status());
      assertTrue(scene.engine.stats().heldBytes() <= 3 << 20, scene.engine.stats()::toString);
      close(crowd);
    }
  }

  @Test
  void fieldsOfOpenStreamsAreBoundedInSum() throws Exception {
    String value = "v".repeat(15_000);
    try (ScriptedOrigin silent =
            new ScriptedOrigin(peer -> peer.in().transferTo(OutputStream.nullOutputStream()));
        Scene scene = scarce(silent)) {
      InetAddress hog = scene.address(Scene.EVE, 0);
      List<H2Peer> crowd = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        H2Peer client = H2Peer.client(hog, scene.listener.port4());
        crowd.add(client);
        try {
          for (int stream = 1; stream < 80; stream += 2) {
            client.request(stream, true, "GET", "/users", "x", value).flush();
          }
        } catch (SocketException _) {
          // Ended for it.
        }
      }
      Waiting.until("some were ended", () -> limited(scene) > 10);
      assertTrue(scene.engine.stats().heldBytes() <= 3 << 20, scene.engine.stats()::toString);
      for (H2Peer client : crowd) {
        client.close();
      }
    }
  }

  // Records.

  @Test
  void recordsKeepNamedLengthsOfWhatAPeerSays() throws Exception {
    String path = "/p" + "p".repeat(8_000);
    try (ScriptedOrigin origin = answering();
        Scene scene = new Scene(origin.address(), RULE);
        RawClient client = new RawClient(scene.listener.port4())) {
      client.send("GET " + path + " HTTP/1.1\r\nHost: db\r\n\r\n");
      assertEquals(403, client.answer().status());
      client.send("M".repeat(500) + " /users HTTP/1.1\r\nHost: db\r\n\r\n");
      assertEquals(403, client.answer().status());
      try (H2Peer two = H2Peer.client(scene.listener.port4())) {
        two.request(1, true, "GET", path + "p".repeat(40_000)).flush();
        assertEquals(414, two.answer(1).status());
      }
      Waiting.until("three records", () -> scene.records.size() >= 3);
      for (AccessRecord record : scene.records) {
        String kept = (String) Scene.said(record, "path");
        assertTrue(kept.length() <= EngineLimits.RECORDED_PATH, record::toString);
        String method = (String) Scene.said(record, "method");
        assertTrue(method.length() <= EngineLimits.RECORDED_METHOD, record::toString);
      }
    }
  }
}
