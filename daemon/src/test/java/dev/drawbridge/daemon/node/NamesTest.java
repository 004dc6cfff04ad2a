package dev.drawbridge.daemon.node;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.PolicyInput;
import dev.drawbridge.policy.http.HttpRequest;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

final class NamesTest {
  private static final Map<String, Map<String, String>> CONTAINERS =
      Map.of("db", Map.of("drawbridge.policy.read", "anyone may GET /users"));

  /** A record may come when its rule is gone: it is named by the generation that judged. */
  @Test
  void rulesAreNamedByTheGenerationOfTheVerdict() {
    NodeState first = VerdictAnswersTest.state(CONTAINERS, "");
    int rule = first.policy().judge(2, 256, 80, users()).rule();
    var now = new AtomicReference<>(first);
    Names names = new Names(now::get);
    assertEquals("db", names.nameOf(256));
    Policy next = first.policy().next(new PolicyInput(6, List.of(), first.hostPolicy(), false));
    now.set(
        new NodeState(
            next,
            first.containers(),
            Map.of(),
            first.hostPolicy(),
            new NodeState.Known(List::of),
            true,
            Map.of()));
    assertEquals("drawbridge.policy.read", names.rule(5, rule).orElseThrow().origin());
    assertEquals(Optional.empty(), names.rule(6, rule));
    assertEquals(Optional.empty(), names.rule(5, 0));
  }

  private static HttpRequest users() {
    return HttpRequest.of("GET", "/users");
  }
}
