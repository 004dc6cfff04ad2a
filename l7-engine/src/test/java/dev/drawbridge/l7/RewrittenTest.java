package dev.drawbridge.l7;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Peers;
import dev.drawbridge.policy.Reason;
import java.io.IOException;
import java.net.SocketException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A namespace in which somebody may change what the engine sends onward. */
final class RewrittenTest {
  private static final String GET = "GET /users HTTP/1.1\r\nHost: db\r\n\r\n";

  @BeforeAll
  static void watch() {
    Leaks.watch();
  }

  @AfterAll
  static void noLeaks() {
    assertEquals(List.of(), Leaks.found());
  }

  @Test
  void connectionsFromBeforeEnd() throws Exception {
    try (RecordingOrigin origin = new RecordingOrigin();
        Scene scene = new Scene(origin.address(), "app=api may GET /users");
        RawClient client = new RawClient(scene.listener.port4())) {
      assertEquals(200, client.send(GET).answer().status());
      scene.listener.mayBeRewritten();
      assertThrows(SocketException.class, client.socket.getInputStream()::read);
      try (RawClient next = new RawClient(scene.listener.port4())) {
        assertEquals(200, next.send(GET).answer().status());
      }
    }
  }

  /** SPEC L7, as the kernel does at connect: this one was on its way before the kernel knew. */
  @ParameterizedTest
  @ValueSource(ints = {Peers.WORLD, Peers.HOST, Peers.EXEMPT, Peers.FIRST_NETWORK})
  void nothingIsSentToWhereNobodyJudges(int callee) throws Exception {
    try (RecordingOrigin origin = new RecordingOrigin();
        Scene scene = new Scene(origin.address())) {
      scene.publishEgress("may GET /users on anyone");
      scene.callee = callee;
      scene.listener.mayBeRewritten();
      try (RawClient client = new RawClient(scene.listener.port4())) {
        assertThrows(IOException.class, () -> refused(client));
      }
      Waiting.until("a record", () -> !scene.records.isEmpty());
      AccessRecord record = scene.records.remove();
      assertEquals(Decision.DENY, record.decision());
      assertEquals(Reason.CALLER_REWRITES, record.reason());
    }
  }

  /** A reset, or the end. */
  private static void refused(RawClient client) throws IOException {
    client.send(GET);
    if (client.socket.getInputStream().read() < 0) {
      throw new IOException("closed");
    }
  }
}
