package dev.drawbridge.it.attack;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/**
 * The 28 known tricks, each by its number and name, from inside real containers. Where the product
 * does less than it should, the row expects what happens today and docs/threat-model.md says so.
 */
@Tag("it")
final class TricksTest {

  @TestFactory
  Stream<DynamicTest> everyTrickEndsAsItsRowSays() throws IOException {
    Tricks tricks = new Tricks();
    try (Ground ground = Ground.open()) {
      people(ground);
      new SenderTricks(ground, tricks).tryAll();
      new LifeTricks(ground, tricks).tryAll();
    }
    for (int number = 1; number <= 28; number++) {
      String start = number + " ";
      assertTrue(
          tricks.rows().stream().anyMatch(row -> row.title().startsWith(start)),
          "trick " + number + " was not tried");
    }
    return tricks.tests("28 tricks");
  }

  private static void people(Ground ground) {
    String raw = "drawbridge.capabilities=net-raw";
    String shut = "drawbridge.policy.out=may connect 9 on app=x";
    idle(ground, "open", "app=open", raw);
    idle(ground, "target", "app=target", raw, "drawbridge.policy.in=app=good may connect any");
    idle(ground, "web", "app=web", raw, "drawbridge.policy.in=app=good may GET /users");
    idle(ground, "shut", "app=shut", shut);
    idle(ground, "shutraw", "app=shut", raw, shut);
    idle(ground, "good", "app=good");
    idle(ground, "goodraw", "app=good", raw);
    idle(ground, "evil", "app=evil");
    idle(ground, "free", "app=free");
    idle(ground, "pinger", "app=pinger", "drawbridge.policy.out=may connect any on app=open");
    ground.start(
        "db",
        Ground.labels("app=db", "drawbridge.policy.read=app=good may GET /users port 80"),
        "/bin/db");
  }

  private static void idle(Ground ground, String name, String... labels) {
    ground.idle(name, Ground.labelled(labels));
  }
}
