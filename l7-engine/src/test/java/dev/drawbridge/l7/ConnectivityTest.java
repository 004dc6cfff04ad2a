package dev.drawbridge.l7;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.drawbridge.l7.tls.Hellos;
import dev.drawbridge.policy.Peers;
import dev.drawbridge.policy.Reason;
import java.net.SocketException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Rows 34 to 42 and 50 of Cilium's connectivity tests, as far as an engine alone can show them:
 * layer 7 and server names, without interception. The rows' other halves need real containers.
 */
final class ConnectivityTest {
  private static final byte[] ACCESS_DENIED = {21, 3, 3, 0, 2, 2, 49};

  private RecordingOrigin origin;
  private Scene scene;

  @BeforeAll
  static void watch() {
    Leaks.watch();
  }

  @AfterAll
  static void noLeaks() {
    assertEquals(List.of(), Leaks.found());
  }

  @org.junit.jupiter.api.BeforeEach
  void start() throws Exception {
    origin = new RecordingOrigin();
    scene = new Scene(origin.address());
  }

  @org.junit.jupiter.api.AfterEach
  void stop() throws Exception {
    scene.close();
    origin.close();
  }

  private int ask(String method, String path, String... fields) throws Exception {
    Waiting.until("the one before is gone", () -> scene.engine.stats().connections() == 0);
    int status = askNow(method, path, fields);
    Waiting.until("it is gone", () -> scene.engine.stats().connections() == 0);
    return status;
  }

  private int askNow(String method, String path, String... fields) throws Exception {
    try (RawClient client = new RawClient(scene.listener.port4())) {
      StringBuilder head = new StringBuilder(method + " " + path + " HTTP/1.1\r\nHost: db\r\n");
      for (String field : fields) {
        head.append(field).append("\r\n");
      }
      return client.send(head.append("Content-Length: 0\r\n\r\n").toString()).answer().status();
    }
  }

  /** The connection is refused as a whole, which the kernel does where there is one. */
  private void isTurnedAway(Reason reason) throws Exception {
    scene.records.clear();
    assertThrows(SocketException.class, () -> ask("GET", "/"));
    Waiting.until("a record", () -> !scene.records.isEmpty());
    assertEquals(reason, scene.records.remove().reason());
  }

  @Test
  void row34IngressPathsAndASecretHeader() throws Exception {
    String[] rules = {
      "app=api may GET /",
      "app=api may GET /public",
      "app=api may GET /private with header X-Very-Secret-Token=42"
    };
    scene.publish(rules);
    assertEquals(200, ask("GET", "/"));
    assertEquals(200, ask("GET", "/public"));
    assertEquals(403, ask("GET", "/private"));
    assertEquals(403, ask("GET", "/private", "X-Very-Secret-Token: 41"));
    assertEquals(403, ask("GET", "/private", "X-Very-Secret-Token: 42", "X_Very-Secret-Token: 1"));
    assertEquals(200, ask("GET", "/private", "X-Very-Secret-Token: 42"));
    scene.publish("app=other may GET /");
    isTurnedAway(Reason.NO_RULE);
  }

  /** Containers do not name ports: the number stands for the name. */
  @Test
  void row35IngressByPort() throws Exception {
    int port = origin.address().getPort();
    scene.publish("app=api may GET /public port " + port);
    assertEquals(200, ask("GET", "/public"));
    assertEquals(403, ask("GET", "/private"));
    scene.publish("app=api may GET /public port " + (port == 1 ? 2 : port - 1));
    isTurnedAway(Reason.NO_RULE);
  }

  /** No tiers: may-not wins, so that the rest is what a may-not names. */
  @Test
  void row36OneMayTheRestMayNot() throws Exception {
    scene.publish("anyone may GET /**", "app!=api may not connect");
    assertEquals(200, ask("GET", "/"));
    assertEquals(403, ask("POST", "/"));
    scene.publish("anyone may GET /**", "app=api may not connect");
    isTurnedAway(Reason.RULE_DENIES);
  }

  @Test
  void row37EgressMethods() throws Exception {
    scene.publishEgress("may POST /** on app=db");
    assertEquals(200, ask("POST", "/"));
    assertEquals(403, ask("GET", "/"));
    scene.publishEgress("may POST /** on app=other");
    isTurnedAway(Reason.NO_RULE);
  }

  @Test
  void row38EgressPaths() throws Exception {
    scene.publishEgress("may GET / on app=db");
    assertEquals(200, ask("GET", "/"));
    assertEquals(403, ask("GET", "/private"));
    scene.publishEgress("may GET / on app=db port 1");
    isTurnedAway(Reason.NO_RULE);
  }

  /** Whether a hello with that name reaches the callee. */
  private boolean opens(String name) throws Exception {
    int before = origin.accepted.get();
    try (RawClient client = new RawClient(scene.listener.port4())) {
      client.send(Hellos.hello(name));
      client.endOutput();
      byte[] answer = client.socket.getInputStream().readAllBytes();
      boolean reached = origin.accepted.get() > before;
      if (!reached) {
        assertArrayEquals(ACCESS_DENIED, answer);
      }
      return reached;
    }
  }

  @Test
  void row39ServerNames() throws Exception {
    scene.publishEgress("may open tls to one.example on app=db");
    assertEquals(true, opens("one.example"));
    assertEquals(false, opens("two.example"));
    assertEquals(false, opens("x.one.example"));
    scene.publishEgress("may open tls to ** on app=db", "may not open tls to two.example");
    assertEquals(true, opens("one.example"));
    assertEquals(false, opens("two.example"));
  }

  @Test
  void row40ServerNamePatterns() throws Exception {
    scene.publishEgress("may open tls to *.example on app=db");
    assertEquals(true, opens("one.example"));
    assertEquals(false, opens("a.one.example"));
    assertEquals(false, opens("example"));
    scene.publishEgress("may open tls to **.example on app=db");
    assertEquals(true, opens("a.one.example"));
    assertEquals(false, opens("one.test"));
    scene.publishEgress("may open tls to o*e.ex*le on app=db");
    assertEquals(true, opens("one.example"));
    assertEquals(true, opens("one.exile"));
    assertEquals(false, opens("two.example"));
  }

  /** TLS is not opened: a rule on headers allows nothing in it, on a range of ports too. */
  @Test
  void row41HeadersInTlsAreNotSeen() throws Exception {
    scene.publishEgress("may GET / on app=db port 1024-65535 with header X-Very-Secret-Token=42");
    assertEquals(false, opens("one.example"));
    Waiting.until("a record", () -> !scene.records.isEmpty());
    assertEquals(Reason.TLS_UNDER_HTTP_RULE, scene.records.remove().reason());
    assertEquals(200, ask("GET", "/", "X-Very-Secret-Token: 42"));
  }

  @Test
  void row42WithoutTheHeaderNothingPasses() throws Exception {
    scene.publishEgress("may GET / on app=db with header X-Very-Secret-Token=42");
    assertEquals(false, opens("one.example"));
    assertEquals(403, ask("GET", "/"));
  }

  /** From outside through a published port; what a container may ask for is another matter. */
  @Test
  void row50TheWorldThroughAPublishedPort() throws Exception {
    scene.caller = Peers.WORLD;
    scene.publish("world may GET /", "app=api may GET /internal");
    assertEquals(200, ask("GET", "/"));
    assertEquals(403, ask("GET", "/internal"));
    scene.caller = Scene.API;
    assertEquals(200, ask("GET", "/internal"));
    assertEquals(403, ask("GET", "/"));
    scene.caller = Peers.WORLD;
    scene.publishEgress("may GET /private on app=db");
    assertEquals(200, ask("GET", "/"));
  }
}
