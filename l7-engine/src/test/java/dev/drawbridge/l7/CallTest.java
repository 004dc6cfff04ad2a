package dev.drawbridge.l7;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.l7.RawClient.Answer;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Reason;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** gRPC-Web by HTTP/1.1. */
final class CallTest {
  private static final String RULE = "app=api may call shop.Cart/Get";

  @BeforeAll
  static void watch() {
    Leaks.watch();
  }

  @AfterAll
  static void noLeaks() {
    assertEquals(List.of(), Leaks.found());
  }

  private static String call(String path, String type) {
    return "POST "
        + path
        + " HTTP/1.1\r\nHost: db\r\nContent-Type: "
        + type
        + "\r\nContent-Length: 5\r\n\r\n\0\0\0\0\0";
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "application/grpc-web",
        "application/grpc-web+proto",
        "application/grpc-web-text",
        "application/grpc-web-text+proto",
        "application/grpc"
      })
  void deniesAsGrpcWebSaysIt(String type) throws Exception {
    try (RecordingOrigin origin = new RecordingOrigin();
        Scene scene = new Scene(origin.address(), RULE);
        RawClient client = new RawClient(scene.listener.port4())) {
      for (int i = 0; i < 2; i++) {
        Answer answer = client.send(call("/shop.Cart/Put", type)).answer();
        assertEquals(200, answer.status());
        assertTrue(answer.head().contains("\r\nContent-Type: " + type + "\r\n"), answer::head);
        assertTrue(answer.head().contains("\r\nGrpc-Status: 7\r\n"), answer::head);
        assertTrue(answer.head().contains("\r\nGrpc-Message: "), answer::head);
        assertEquals("", answer.text());
      }
      assertEquals(
          200, client.send(call("/shop.Cart/Get", type + "; charset=utf-8")).answer().status());
      assertEquals(1, origin.takeSeen().size());
      AccessRecord record = scene.records.remove();
      assertEquals(Decision.DENY, record.decision());
      assertEquals(Reason.NO_RULE, record.reason());
      assertEquals("/shop.Cart/Put", Scene.said(record, "path"));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"application/json", "application/grpcx", "application/connect+proto"})
  void allowsNoOtherContentType(String type) throws Exception {
    try (RecordingOrigin origin = new RecordingOrigin();
        Scene scene = new Scene(origin.address(), RULE);
        RawClient client = new RawClient(scene.listener.port4())) {
      assertEquals(403, client.send(call("/shop.Cart/Get", type)).answer().status());
      assertEquals(0, origin.takeSeen().size());
    }
  }

  @Test
  void deniesAPathWhateverTheContentType() throws Exception {
    try (RecordingOrigin origin = new RecordingOrigin();
        Scene scene =
            new Scene(
                origin.address(), "app=api may ANY /**", "anyone may not call shop.Cart/Put");
        RawClient client = new RawClient(scene.listener.port4())) {
      assertEquals(403, client.send(call("/shop.Cart/Put", "text/plain")).answer().status());
      assertEquals(403, client.send(call("/shop.Cart%2fPut", "text/plain")).answer().status());
      assertEquals(403, client.send(call("//shop.Cart/Put", "text/plain")).answer().status());
      String get = "GET /shop.Cart/Put?message=x HTTP/1.1\r\nHost: db\r\n\r\n";
      assertEquals(403, client.send(get).answer().status());
      assertEquals(200, client.send(call("/shop.Cart/Get", "text/plain")).answer().status());
      assertEquals(1, origin.takeSeen().size());
    }
  }
}
