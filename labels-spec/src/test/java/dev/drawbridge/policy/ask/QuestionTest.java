package dev.drawbridge.policy.ask;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Ports;
import dev.drawbridge.policy.Scene;
import dev.drawbridge.policy.Verdict;
import dev.drawbridge.policy.http.HttpRequest;
import dev.drawbridge.policy.tls.TlsAsk;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class QuestionTest {
  private static final Scene SHOP =
      new Scene()
          .container("api", "app=api")
          .container("db", "app=db", "app=api may GET /users", "app=api may connect 5432");

  private static Question ask(int port, String method) {
    return new Question(
        SHOP.number("api"),
        SHOP.number("db"),
        Ports.TCP,
        port,
        Optional.of(HttpRequest.of(method, "/users")));
  }

  @Test
  void requestsAreJudgedWherePortsCarryRequests() {
    assertEquals(Decision.ALLOW, ask(80, "GET").verdict(SHOP.policy()).decision());
    assertEquals(Decision.DENY, ask(80, "PUT").verdict(SHOP.policy()).decision());
    assertTrue(ask(80, "PUT").needsEngine(SHOP.policy()));
  }

  @Test
  void requestOnAPortThatAConnectRuleOpensIsNotRead() {
    assertEquals(Decision.ALLOW, ask(5432, "PUT").verdict(SHOP.policy()).decision());
    assertFalse(ask(5432, "PUT").needsEngine(SHOP.policy()));
  }

  @Test
  void requestWithoutAPortIsReadAsOne() {
    assertEquals(Decision.DENY, ask(0, "PUT").verdict(SHOP.policy()).decision());
    assertEquals(Decision.ALLOW, ask(0, "GET").verdict(SHOP.policy()).decision());
  }

  @Test
  void explanationIsOfTheSameVerdict() {
    for (int port : new int[] {0, 80, 5432}) {
      for (String method : new String[] {"GET", "PUT"}) {
        Question question = ask(port, method);
        assertEquals(question.verdict(SHOP.policy()), question.explain(SHOP.policy()).verdict());
      }
    }
  }

  @Test
  void serverNamesAreJudgedWherePortsAreRead() {
    var scene =
        new Scene()
            .container("api", "app=api")
            .container("db", "app=db", "app=api may open tls to a.b", "app=api may connect 5432");
    for (int port : new int[] {0, 443, 5432}) {
      for (String name : new String[] {"a.b", "c.d"}) {
        var question =
            new Question(
                scene.number("api"),
                scene.number("db"),
                Ports.TCP,
                port,
                Optional.of(new TlsAsk(name)));
        boolean allowed = name.equals("a.b") || port == 5432;
        Verdict verdict = question.verdict(scene.policy());
        assertEquals(allowed ? Decision.ALLOW : Decision.DENY, verdict.decision());
        assertEquals(verdict, question.explain(scene.policy()).verdict());
      }
    }
  }
}
