package dev.drawbridge.l7;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drawbridge.l7.tls.Hellos;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Reason;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Every protocol and every way to end: the verdict is one fact of a record, the ending another. */
final class EndingsTest {
  private static final String USERS = "app=api may ANY /users";
  private static final int INITIAL_WINDOW = 4;
  private static final int CANCEL = 8;

  @BeforeAll
  static void watch() {
    Leaks.watch();
  }

  @AfterAll
  static void noLeaks() {
    assertEquals(List.of(), Leaks.found());
  }

  /** What is spoken, and by which rules it is allowed. */
  enum Spoken {
    HTTP1,
    HTTP2,
    GRPC,
    TLS,
    KAFKA,
    TUNNEL;

    String[] rules() {
      return switch (this) {
        case HTTP1, HTTP2 -> new String[] {USERS};
        case GRPC -> new String[] {"app=api may call pkg.Svc/Get"};
        case TLS -> new String[] {"app=api may open tls to db.internal"};
        case KAFKA -> new String[] {"app=api may produce t"};
        case TUNNEL -> new String[] {USERS, "mode audit"};
      };
    }

    boolean isHttp() {
      return this == HTTP1 || this == HTTP2 || this == GRPC;
    }

    /** Whether so many have come to the callee; Kafka dials before it reads. */
    boolean isUnderWay(ScriptedOrigin origin, Scene scene, int count) {
      return origin.accepted.get() == count
          && (this != KAFKA || scene.engine.stats().requests() == count);
    }

    /** Begins what is allowed; all of it, or all but the end of a body. */
    Socket ask(int port, boolean whole) throws IOException {
      return switch (this) {
        case HTTP1 -> raw(port, bytes("POST /users HTTP/1.1\r\nHost: db\r\n" + body(whole)));
        case TLS -> raw(port, Hellos.hello("db.internal"));
        case KAFKA -> raw(port, produce());
        case TUNNEL -> raw(port, bytes("EHLO x\n\n"));
        case HTTP2, GRPC -> {
          H2Peer client = H2Peer.client(port);
          if (this == GRPC) {
            client.request(
                1,
                whole,
                "POST",
                "/pkg.Svc/Get",
                "content-type",
                "application/grpc",
                "te",
                "trailers");
          } else {
            client.request(1, whole, "POST", "/users");
          }
          yield client.flush().socket;
        }
      };
    }

    /** Produce, version 3, of nothing into partition 0 of t; wants an answer. */
    private static byte[] produce() {
      ByteBuffer frame = ByteBuffer.allocate(64);
      frame.putInt(0).putShort((short) 0).putShort((short) 3).putInt(7).putShort((short) -1);
      frame.putShort((short) -1).putShort((short) 1).putInt(1000).putInt(1);
      frame.putShort((short) 1).put((byte) 't').putInt(1).putInt(0).putInt(0);
      frame.putInt(0, frame.position() - 4);
      return Arrays.copyOf(frame.array(), frame.position());
    }

    private static String body(boolean whole) {
      return "Content-Length: " + (whole ? "0\r\n\r\n" : "5\r\n\r\nab");
    }

    private static byte[] bytes(String text) {
      return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static Socket raw(int port, byte[] bytes) throws IOException {
      return new RawClient(port).send(bytes).socket;
    }

    /** Reads what was asked, as the callee gets it. */
    Optional<H2Peer> read(ScriptedOrigin.Peer peer) throws Exception {
      switch (this) {
        case HTTP1 -> peer.head();
        case TLS, TUNNEL, KAFKA -> peer.in().readNBytes(8);
        case HTTP2, GRPC -> {
          H2Peer callee = H2Peer.server(peer.socket());
          for (H2Peer.Frame frame = callee.read(); frame != null; frame = callee.read()) {
            if (frame.type() == H2Peer.HEADERS) {
              return Optional.of(callee);
            }
          }
        }
      }
      return Optional.empty();
    }

    void answer(ScriptedOrigin.Peer peer) throws Exception {
      Optional<H2Peer> callee = read(peer);
      switch (this) {
        case HTTP1 -> peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        case KAFKA -> peer.send("\0\0\0\4\0\0\0\7");
        case TLS, TUNNEL -> peer.send("answer");
        case HTTP2 -> callee.orElseThrow().headers(1, true, ":status", "204").flush();
        case GRPC ->
            callee
                .orElseThrow()
                .headers(1, false, ":status", "200", "content-type", "application/grpc")
                .headers(1, true, "grpc-status", "5")
                .flush();
      }
      peer.in().readAllBytes();
    }
  }

  static Stream<Arguments> all() {
    List<Arguments> all = new ArrayList<>();
    for (Spoken spoken : Spoken.values()) {
      for (Ending ending : Ending.values()) {
        boolean timed = ending == Ending.UPSTREAM_TIMEOUT || ending == Ending.TIMED_OUT;
        // Of a call nobody knows when it should be answered.
        boolean patient = spoken == Spoken.GRPC && ending == Ending.UPSTREAM_TIMEOUT;
        if (ending != Ending.LIMIT && !patient && (spoken.isHttp() || !timed)) {
          all.add(Arguments.of(spoken, ending));
        }
      }
    }
    return all.stream();
  }

  @ParameterizedTest
  @MethodSource("all")
  void keepsTheVerdictAndSaysHowItEnded(Spoken spoken, Ending ending) throws Exception {
    Duration soon = Duration.ofMillis(200);
    boolean timed = ending == Ending.UPSTREAM_TIMEOUT || ending == Ending.TIMED_OUT;
    EngineLimits limits =
        timed
            ? EngineLimits.defaults()
                .withTimeouts(Duration.ofSeconds(30), soon, soon.multipliedBy(3), soon, soon, soon)
            : EngineLimits.defaults();
    try (ScriptedOrigin origin = new ScriptedOrigin(peer -> play(peer, spoken, ending));
        Scene scene =
            new Scene(
                limits,
                ending == Ending.UPSTREAM_REFUSED ? nobody() : origin.address(),
                spoken.rules())) {
      scene.kernelRefuses = ending == Ending.UNAVAILABLE;
      Socket client = spoken.ask(scene.listener.port4(), ending != Ending.TIMED_OUT);
      switch (ending) {
        case COMPLETED -> {
          client.getInputStream().read();
          if (!spoken.isHttp()) {
            client.shutdownOutput();
          }
        }
        case CLIENT_GONE -> {
          Waiting.until("the callee has it", () -> spoken.isUnderWay(origin, scene, 1));
          client.setSoLinger(true, 0);
          client.close();
        }
        case RESET -> {
          Waiting.until("the callee has it", () -> spoken.isUnderWay(origin, scene, 1));
          scene.listener.close();
        }
        case DRAINED -> {
          Waiting.until("the callee has it", () -> spoken.isUnderWay(origin, scene, 1));
          scene.engine.finish();
          scene.engine.cutOff();
        }
        case UPSTREAM_REFUSED,
            UPSTREAM_BROKEN,
            UPSTREAM_TIMEOUT,
            UNAVAILABLE,
            TIMED_OUT,
            LIMIT -> {}
      }
      Waiting.until("a record", () -> !scene.records.isEmpty());
      AccessRecord record = scene.records.remove();
      client.close();
      assertEquals(ending, record.ending(), record::toString);
      assertEquals(spoken.name().toLowerCase(Locale.ROOT), record.asked().protocol());
      assertEquals(Decision.ALLOW, record.decision(), record::toString);
      assertEquals(spoken == Spoken.TUNNEL ? Reason.NOT_HTTP : Reason.RULE_ALLOWS, record.reason());
      assertEquals(0, scene.engine.stats().denied());
      if (ending == Ending.COMPLETED && spoken == Spoken.GRPC) {
        assertEquals("call pkg.Svc/Get 5", record.asked().text());
      }
    }
  }

  private static void play(ScriptedOrigin.Peer peer, Spoken spoken, Ending ending)
      throws Exception {
    switch (ending) {
      case COMPLETED -> spoken.answer(peer);
      case UPSTREAM_BROKEN -> {
        spoken.read(peer);
        peer.reset();
      }
      case UPSTREAM_REFUSED,
          UPSTREAM_TIMEOUT,
          UNAVAILABLE,
          CLIENT_GONE,
          TIMED_OUT,
          LIMIT,
          DRAINED,
          RESET ->
          peer.in().readAllBytes();
    }
  }

  private static InetSocketAddress nobody() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return new InetSocketAddress(socket.getInetAddress(), socket.getLocalPort());
    }
  }

  @ParameterizedTest
  @CsvSource({"reset,CLIENT_GONE", "close,CLIENT_GONE", "fault,RESET"})
  void aDeniedStreamKeepsItsReasonWhateverItsClientDoesNext(String what, Ending ending)
      throws Exception {
    try (ScriptedOrigin origin = new ScriptedOrigin(peer -> peer.in().readAllBytes());
        Scene scene = new Scene(origin.address(), USERS);
        // Without a window the engine's own answer cannot end before the client does something.
        H2Peer client = H2Peer.client(scene.listener.port4(), INITIAL_WINDOW, 0)) {
      client.request(1, false, "GET", "/secret").flush();
      Waiting.until("denied", () -> scene.engine.stats().denied() > 0);
      switch (what) {
        case "reset" -> client.reset(1, CANCEL).flush();
        case "close" -> client.socket.close();
        default -> client.headers(1, false, "neither", "first nor last").flush();
      }
      Waiting.until("a record", () -> !scene.records.isEmpty());
      AccessRecord record = scene.records.remove();
      assertEquals(Decision.DENY, record.decision());
      assertEquals(Reason.NO_RULE, record.reason());
      assertEquals(ending, record.ending());
    }
  }

  @Test
  void aDeniedStreamKeepsItsReasonWhenItsConnectionIsAtFault() throws Exception {
    try (ScriptedOrigin origin = new ScriptedOrigin(peer -> peer.in().readAllBytes());
        Scene scene = new Scene(origin.address(), USERS);
        H2Peer client = H2Peer.client(scene.listener.port4(), INITIAL_WINDOW, 0)) {
      client.request(1, true, "GET", "/secret").request(3, false, "POST", "/users").flush();
      Waiting.until("denied", () -> scene.engine.stats().denied() == 1);
      client.frame(H2Peer.PUSH_PROMISE, 0, 1, new byte[4]).flush();
      Waiting.until("all records", () -> scene.records.size() == 3);
      List<String> said =
          scene.records.stream()
              .map(r -> r.asked().protocol() + " " + r.reason().slug() + " " + r.ending().slug())
              .sorted()
              .toList();
      assertEquals(
          List.of("http2 no-rule reset", "http2 rule-allows reset", "tcp http-malformed reset"),
          said);
    }
  }

  @ParameterizedTest
  @EnumSource(Spoken.class)
  void whatIsUnderWayWhenRoomIsNeededKeepsItsVerdict(Spoken spoken) throws Exception {
    EngineLimits defaults = EngineLimits.defaults();
    try (ScriptedOrigin origin = new ScriptedOrigin(peer -> peer.in().readAllBytes());
        Scene scene =
            new Scene(defaults.withConnections(3, 10, 10), origin.address(), spoken.rules())) {
      List<Socket> all = new ArrayList<>();
      for (int i = 1; i <= 3; i++) {
        all.add(spoken.ask(scene.listener.port4(), true));
        int there = i;
        Waiting.until("the callee has it", () -> spoken.isUnderWay(origin, scene, there));
      }
      scene.caller = Scene.EVE;
      all.add(new RawClient(scene.listener.port4()).socket);
      Waiting.until("a record", () -> !scene.records.isEmpty());
      AccessRecord record = scene.records.remove();
      assertEquals(Ending.LIMIT, record.ending(), record::toString);
      assertEquals(Decision.ALLOW, record.decision(), record::toString);
      for (Socket one : all) {
        one.close();
      }
    }
  }
}
