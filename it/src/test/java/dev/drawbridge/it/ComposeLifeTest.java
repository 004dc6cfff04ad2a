package dev.drawbridge.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.Distribution;
import dev.drawbridge.testkit.Docker;
import dev.drawbridge.testkit.EngineLab;
import dev.drawbridge.testkit.LabAgent;
import dev.drawbridge.testkit.LabException;
import dev.drawbridge.testkit.LabImage;
import dev.drawbridge.testkit.Output;
import dev.drawbridge.testkit.Shell;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What compose does with containers in their lives, by whichever docker-compose is in PATH. */
@Tag("it")
final class ComposeLifeTest {
  private static final String FILE =
      """
      services:
        db:
          image: drawbridge-lab
          command: [sh, -c, "mkdir -p /lab; exec /bin/db"]
          labels:
            app: db
            drawbridge.policy.read: app=api may GET /users
          healthcheck:
            test: [CMD, curl, -sf, "http://127.0.0.1/users"]
            interval: 1s
            retries: 60
        api:
          image: drawbridge-lab
          command: [sleep, "100000"]
          labels:
            app: api
          depends_on:
            db:
              condition: service_healthy
        side:
          image: drawbridge-lab
          command: [sleep, "100000"]
          network_mode: service:api
          labels:
            app: side
        other:
          image: drawbridge-lab
          command: [sleep, "100000"]
          labels:
            app: other
      """;

  private static EngineLab lab;
  private static Path file;

  @BeforeAll
  static void startTheProject() throws IOException {
    lab = EngineLab.start();
    LabImage.importInto(lab);
    LabAgent.start(lab, Distribution.locate());
    file = lab.directory().resolve("compose.yaml");
    Files.writeString(file, FILE);
    compose("up", "-d");
  }

  @AfterAll
  static void stopEverything() {
    if (lab != null) {
      lab.close();
    }
  }

  private static String compose(String... arguments) {
    List<String> command =
        new ArrayList<>(List.of("docker-compose", "-p", "life", "-f", file.toString()));
    command.addAll(List.of(arguments));
    Output output = Shell.run(Duration.ofMinutes(3), docker().environment(), command);
    if (!output.ok()) {
      throw new LabException(String.join(" ", command) + ": " + output.text());
    }
    return output.out().strip();
  }

  private static Docker docker() {
    return lab.docker();
  }

  /** Every container of a service. */
  private static List<String> of(String service) {
    List<String> ids = compose("ps", "-q", service).lines().toList();
    assertTrue(!ids.isEmpty(), service + " has no container");
    return ids;
  }

  private static void everyContainerGetsWhatTheRulesSay() {
    for (String api : of("api")) {
      for (String other : of("other")) {
        assertEquals(Trio.AS_THE_RULES_SAY, Trio.answers(docker(), "db", api, other));
      }
    }
  }

  @Test
  void healthIsAskedAndServicesFindEachOther() {
    String db = of("db").getFirst();
    Await.until(
        "it is healthy",
        Duration.ofSeconds(60),
        () -> docker().inspect(db, "{{.State.Health.Status}}").equals("healthy"));
    everyContainerGetsWhatTheRulesSay();
  }

  @Test
  void aServiceInAnothersNetworkHasItsOwnLabels() {
    String api = of("api").getFirst();
    String side = of("side").getFirst();
    assertEquals(
        docker().must("exec", api, "cat", "/proc/self/net/fib_trie"),
        docker().must("exec", side, "cat", "/proc/self/net/fib_trie"),
        "not one network");
    assertEquals("200", Trio.status(docker(), api, "db/users"));
    assertEquals("000", Trio.status(docker(), side, "db/users"));
  }

  @Test
  void eachOfSeveralIsAsTheOne() {
    compose("up", "-d", "--no-recreate", "--scale", "other=3");
    assertEquals(3, of("other").size());
    everyContainerGetsWhatTheRulesSay();
    compose("up", "-d", "--no-recreate", "--scale", "other=1");
    assertEquals(1, of("other").size());
    everyContainerGetsWhatTheRulesSay();
  }

  @Test
  void whatIsMadeAgainIsWhatItWas() {
    String before = of("db").getFirst();
    compose("up", "-d", "--no-deps", "--force-recreate", "db");
    assertNotEquals(before, of("db").getFirst());
    everyContainerGetsWhatTheRulesSay();
  }
}
