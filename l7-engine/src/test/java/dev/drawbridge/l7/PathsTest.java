package dev.drawbridge.l7;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.l7.streams.Paths;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.http.Headers;
import dev.drawbridge.policy.http.HttpRequest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Every generated path, read and judged without a network. */
final class PathsTest {
  private static final int PORT = 80;

  @Test
  void judgesEveryGeneratedPathOnAllItsReadings() {
    Map<List<String>, Policy> policies = new HashMap<>();
    List<String> wrong = new ArrayList<>();
    List<Paths.Path> all = Paths.all();
    for (Paths.Path one : all) {
      Policy policy =
          policies.computeIfAbsent(
              one.rules(), rules -> Scene.policy(1, rules.toArray(String[]::new)));
      int mark = one.path().indexOf('?');
      String path = mark < 0 ? one.path() : one.path().substring(0, mark);
      String query = mark < 0 ? "" : one.path().substring(mark + 1);
      HttpRequest request = HttpRequest.read("GET", path, query, "a.test", Headers.NONE);
      Decision decision = policy.judge(Scene.API, Scene.DB, PORT, request).decision();
      if ((decision == Decision.ALLOW) != one.passes()) {
        wrong.add(one.id() + " " + one.path() + " passes " + one.passes() + ": " + decision);
      }
    }
    assertTrue(all.size() > 10_000, "only " + all.size() + " paths");
    assertEquals(List.of(), wrong, () -> String.join("\n", wrong));
  }
}
