package dev.drawbridge.l7;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Peers;
import dev.drawbridge.policy.Reason;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Callees that no kernel of ours can be asked about: whether they listen, only they can say. */
final class OutsideTest {
  private static final String GET = "GET /users HTTP/1.1\r\nHost: db\r\n\r\n";
  private static final String DENIED = "GET /secret HTTP/1.1\r\nHost: db\r\n\r\n";
  private static final String USERS = "may GET /users on world";
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

  @BeforeAll
  static void watch() {
    Leaks.watch();
  }

  @AfterAll
  static void noLeaks() {
    assertEquals(List.of(), Leaks.found());
  }

  private static Scene outside(InetSocketAddress where, String... rulesOfTheCaller)
      throws Exception {
    return outside(EngineLimits.defaults(), where, rulesOfTheCaller);
  }

  private static Scene outside(EngineLimits limits, InetSocketAddress where, String... rules)
      throws Exception {
    Scene scene = new Scene(limits, where);
    scene.callee = Peers.WORLD;
    scene.publishEgress(rules);
    return scene;
  }

  private static InetSocketAddress nobody() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return new InetSocketAddress(socket.getInetAddress(), socket.getLocalPort());
    }
  }

  private static AccessRecord onlyRecord(Scene scene) throws Exception {
    Waiting.until("a record", () -> !scene.records.isEmpty());
    assertEquals(1, scene.records.size(), scene.records::toString);
    return scene.records.remove();
  }

  private static void isReset(RawClient client) {
    assertThrows(SocketException.class, () -> client.socket.getInputStream().read());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", GET, DENIED, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\u0016\u0003\u0001"})
  void whoIsRefusedThereIsResetBeforeAnyByteWhateverHeSays(String says) throws Exception {
    try (Scene scene = outside(nobody(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      assertThrows(
          SocketException.class,
          () -> {
            client.send(says);
            client.socket.getInputStream().read();
          });
      AccessRecord record = onlyRecord(scene);
      assertEquals(Ending.UPSTREAM_REFUSED, record.ending());
      assertTrue(record.decision() != Decision.DENY, record::toString);
      assertEquals(Peers.WORLD, record.callee());
      assertEquals(1, scene.engine.stats().upstreamFailures());
      Waiting.until("no connection", () -> scene.engine.stats().connections() == 0);
    }
  }

  /** A listener whose queue is full answers no SYN, as a machine that is away. */
  @Test
  void whoIsNotAnsweredInTimeIsReset() throws Exception {
    Duration soon = Duration.ofMillis(200);
    EngineLimits hasty =
        EngineLimits.defaults()
            .withTimeouts(Duration.ofSeconds(30), soon, soon.multipliedBy(3), soon, soon, soon);
    try (ServerSocket full = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      List<Socket> filling = new ArrayList<>();
      var where = new InetSocketAddress(full.getInetAddress(), full.getLocalPort());
      for (int i = 0; i < 2; i++) {
        filling.add(new Socket(where.getAddress(), where.getPort()));
      }
      try (Scene scene = outside(hasty, where, USERS);
          RawClient client = new RawClient(scene.listener.port4())) {
        client.send(GET);
        isReset(client);
        assertEquals(Ending.UPSTREAM_TIMEOUT, onlyRecord(scene).ending());
      }
      for (Socket one : filling) {
        one.close();
      }
    }
  }

  @Test
  void whatIsAskedGoesOverTheConnectionThatStands() throws Exception {
    AtomicInteger asked = new AtomicInteger();
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              while (!peer.head().isEmpty()) {
                asked.incrementAndGet();
                peer.send(OK);
              }
            });
        Scene scene = outside(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      Waiting.until("it stands", () -> origin.accepted.get() == 1);
      for (int i = 0; i < 3; i++) {
        assertEquals("ok", client.send(GET).answer().text());
      }
      assertEquals(1, origin.accepted.get());
      assertEquals(3, asked.get());
    }
  }

  @Test
  void nothingGoesThereBeforeItIsAllowedAndWhoIsDeniedKeepsNoConnection() throws Exception {
    AtomicInteger octets = new AtomicInteger();
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              String head = peer.head();
              octets.addAndGet(head.length());
              peer.send(OK);
            });
        Scene scene = outside(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      assertEquals(403, client.send(DENIED).answer().status());
      Waiting.until("it is let go of", () -> origin.accepted.get() == 1 && origin.open.get() == 0);
      assertEquals(0, octets.get());
      // Asked for what it may, it dials anew.
      assertEquals("ok", client.send(GET).answer().text());
      assertEquals(2, origin.accepted.get());
    }
  }

  @Test
  void whereTheCallerHasNoRightAtThatPortNobodyDials() throws Exception {
    try (ScriptedOrigin origin = new ScriptedOrigin(peer -> peer.in().readAllBytes());
        Scene scene = outside(origin.address(), "may GET /users on 192.0.2.1");
        RawClient client = new RawClient(scene.listener.port4())) {
      isReset(client);
      assertEquals(Reason.NO_RULE, onlyRecord(scene).reason());
      assertEquals(0, origin.accepted.get());
    }
  }

  /** Of a container its kernel was asked. */
  @Test
  void aContainerIsNotDialledBeforeItIsAskedSomething() throws Exception {
    try (ScriptedOrigin origin = new ScriptedOrigin(peer -> peer.in().readAllBytes());
        Scene scene = new Scene(origin.address(), "app=api may GET /users");
        RawClient client = new RawClient(scene.listener.port4())) {
      assertEquals(403, client.send(DENIED).answer().status());
      assertEquals(0, origin.accepted.get());
    }
  }

  @Test
  void aClientThatHasSaidAllBeforeTheConnectionStandsIsAnswered() throws Exception {
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              peer.head();
              peer.send(OK);
            });
        Scene scene = outside(origin.address(), USERS)) {
      for (int i = 0; i < 50; i++) {
        try (RawClient client = new RawClient(scene.listener.port4())) {
          client.send(GET).endOutput();
          assertEquals("ok", client.answer().text());
        }
      }
    }
  }

  /** As `nc -z` and health checks do. */
  @Test
  void aClientThatOnlyLooksWhetherItIsOpenLeavesNothing() throws Exception {
    try (ScriptedOrigin origin = new ScriptedOrigin(peer -> peer.in().readAllBytes());
        Scene scene = outside(origin.address(), USERS)) {
      for (int i = 0; i < 50; i++) {
        new RawClient(scene.listener.port4()).close();
      }
      Waiting.until("no connection", () -> scene.engine.stats().connections() == 0);
      Waiting.until("none there either", () -> origin.open.get() == 0);
      Waiting.until("nothing is held", () -> scene.engine.stats().heldBytes() == 0);
      assertEquals(List.of(), List.copyOf(scene.records));
    }
  }

  @Test
  void aClientThatLeavesInTheMiddleOfWhatItAsksLeavesNothingThere() throws Exception {
    try (ScriptedOrigin origin = new ScriptedOrigin(peer -> peer.in().readAllBytes());
        Scene scene = outside(origin.address(), USERS)) {
      try (RawClient client = new RawClient(scene.listener.port4())) {
        client.send("GET /users HTTP/1.1\r\nHo");
        Waiting.until("it stands", () -> origin.open.get() == 1);
      }
      Waiting.until("none there either", () -> origin.open.get() == 0);
      Waiting.until("nothing is held", () -> scene.engine.stats().heldBytes() == 0);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aServerThatEndsItUnaskedEndsTheClientsToo(boolean reset) throws Exception {
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              if (reset) {
                peer.reset();
              } else {
                peer.send("421 too many connections\r\n");
              }
            });
        Scene scene = outside(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      if (reset) {
        isReset(client);
      } else {
        // Not a byte of what it said: the client may not read what it was not judged for.
        assertEquals(-1, client.socket.getInputStream().read());
      }
      Ending ending = onlyRecord(scene).ending();
      // A reset may come before it is known that the connection stood.
      assertTrue(
          ending == Ending.UPSTREAM_BROKEN || (reset && ending == Ending.UPSTREAM_REFUSED),
          ending::toString);
    }
  }

  /** Servers of HTTP/2 send their settings as soon as they have a connection. */
  @Test
  void whatTheServerSaysFirstIsNotLost() throws Exception {
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              H2Peer callee = H2Peer.server(peer.socket());
              for (H2Peer.Frame frame = callee.read(); frame != null; frame = callee.read()) {
                if (frame.stream() == 1 && frame.end()) {
                  callee.headers(1, true, ":status", "204").flush();
                }
              }
            });
        Scene scene = outside(origin.address(), USERS);
        H2Peer client = H2Peer.client(scene.listener.port4())) {
      client.request(1, true, "GET", "/users");
      assertEquals(204, client.flush().answer(1).status());
      assertEquals(1, origin.accepted.get());
    }
  }

  /** The callee has accepted before the engine knows: nobody is dialled twice for that. */
  @Test
  void aPolicyThatChangesInTheMomentOfDiallingDialsNobodyTwice() throws Exception {
    for (int round = 0; round < 20; round++) {
      var scene = new CompletableFuture<Scene>();
      try (ScriptedOrigin origin =
              new ScriptedOrigin(peer -> {
                scene.get(20, TimeUnit.SECONDS).publishEgress("may connect on world");
                peer.send("hello\n");
                peer.out().write(peer.in().readAllBytes());
              });
          Scene opened = outside(origin.address(), USERS)) {
        scene.complete(opened);
        try (RawClient client = new RawClient(opened.listener.port4())) {
          byte[] hello = client.socket.getInputStream().readNBytes(6);
          assertEquals("hello\n", new String(hello, StandardCharsets.US_ASCII));
          client.send("echo\n").endOutput();
          byte[] rest = client.socket.getInputStream().readAllBytes();
          assertEquals("echo\n", new String(rest, StandardCharsets.US_ASCII));
          assertEquals(1, origin.accepted.get(), "round " + round);
        }
      }
    }
  }

  /** Where policy has nothing read any more while it is dialled, it is carried all the same. */
  @Test
  void aPolicyThatChangesMeanwhileCounts() throws Exception {
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              peer.send("hello\n");
              peer.out().write(peer.in().readAllBytes());
            });
        Scene scene = outside(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      Waiting.until("it stands", () -> origin.accepted.get() == 1);
      scene.publishEgress("may connect on world");
      assertEquals('h', client.socket.getInputStream().read());
      client.send("echo\n").endOutput();
      byte[] all = client.socket.getInputStream().readAllBytes();
      assertEquals("ello\necho\n", new String(all, StandardCharsets.US_ASCII));
      assertEquals(1, origin.accepted.get());
    }
    try (ScriptedOrigin origin = new ScriptedOrigin(peer -> peer.in().readAllBytes());
        Scene scene = outside(origin.address(), USERS);
        RawClient client = new RawClient(scene.listener.port4())) {
      Waiting.until("it stands", () -> origin.accepted.get() == 1);
      scene.publishEgress("nobody may connect", "may connect 9 on world");
      assertEquals(-1, client.socket.getInputStream().read());
      Waiting.until("it is let go of", () -> origin.open.get() == 0);
    }
  }

  /** Who connects and says nothing makes no more connections there than he may have here. */
  @Test
  void theConnectionsThatAreDialledAreWithinTheSharesOfWhoAsks() throws Exception {
    EngineLimits few = EngineLimits.defaults().withConnections(100, 8, 8);
    try (ScriptedOrigin origin = new ScriptedOrigin(peer -> peer.in().readAllBytes());
        Scene scene = outside(few, origin.address(), USERS)) {
      List<RawClient> clients = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        clients.add(new RawClient(scene.listener.port4()));
      }
      Waiting.until("all were seen", () -> scene.engine.stats().accepted() == 40);
      Waiting.until("no more than the share", () -> origin.open.get() <= 8);
      Waiting.until("nor here", () -> scene.engine.stats().connections() <= 8);
      for (RawClient client : clients) {
        client.close();
      }
      Waiting.until("none is left", () -> origin.open.get() == 0);
      Waiting.until("nothing is held", () -> scene.engine.stats().heldBytes() == 0);
    }
  }
}
