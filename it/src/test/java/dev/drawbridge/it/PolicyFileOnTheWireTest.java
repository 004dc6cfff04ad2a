package dev.drawbridge.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.Distribution;
import dev.drawbridge.testkit.EngineLab;
import dev.drawbridge.testkit.LabAgent;
import dev.drawbridge.testkit.LabImage;
import dev.drawbridge.testkit.LabNetwork;
import dev.drawbridge.testkit.Shell;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What only policy files say, between containers that are never made anew. */
@Tag("it")
final class PolicyFileOnTheWireTest {
  private static final Duration SOON = Duration.ofSeconds(20);

  /** What curl says when connect() is refused. */
  private static final String REFUSED = "000";

  private static EngineLab lab;
  private static LabAgent agent;

  @BeforeAll
  static void startEngineAndAgent() {
    lab = EngineLab.start();
    LabImage.importInto(lab);
    agent = LabAgent.start(lab, Distribution.locate());
    run("db", "/bin/db", "com.docker.compose.project=shop", "com.docker.compose.service=db");
    run("free", "/bin/db", "app=free");
    run("api", "sleep 100000", "com.docker.compose.project=shop", "com.docker.compose.service=api");
    run("prometheus", "sleep 100000", "app=prometheus");
    for (String server : List.of("db", "free")) {
      Await.until(server + " answers", SOON, () -> get("prometheus", server).equals("200"));
    }
  }

  @AfterAll
  static void stopEngineAndAgent() {
    if (lab != null) {
      lab.close();
    }
  }

  private static void run(String name, String command, String... labels) {
    List<String> line = new ArrayList<>(List.of("run", "-d", "--name", name));
    for (String label : labels) {
      line.addAll(List.of("--label", label));
    }
    line.addAll(List.of(LabImage.NAME, "/bin/sh", "-c", "mkdir -p /lab; exec " + command));
    lab.docker().must(line.toArray(String[]::new));
  }

  private static String get(String from, String to) {
    return get(from, to, "/users");
  }

  private static String get(String from, String to, String path) {
    return lab.docker()
        .run(
            "exec",
            from,
            "curl",
            "-sS",
            "-m",
            "5",
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
            "http://" + address(to) + path)
        .out()
        .strip();
  }

  private static String address(String name) {
    return lab.docker().inspect(name, "{{.NetworkSettings.IPAddress}}");
  }

  private static void policy(String... lines) throws IOException {
    long before = generation();
    Path fresh = agent.policyDirectory().resolve("test.new");
    Files.writeString(fresh, String.join("\n", lines) + "\n");
    Files.move(
        fresh,
        agent.policyDirectory().resolve("test.policy"),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
    Await.until("the policy is in force", SOON, () -> generation() > before);
  }

  private static long generation() {
    return agent.api("/v1/status").getAsJsonObject().get("generation").getAsLong();
  }

  private static boolean auditedRequest(String path) {
    for (JsonElement element : agent.api("/v1/flows?last=200").getAsJsonArray()) {
      JsonObject flow = element.getAsJsonObject();
      if (flow.get("audited").getAsBoolean() && flow.toString().contains(path)) {
        return true;
      }
    }
    return false;
  }

  @Test
  void aProjectIsClosedAuditedAndOpenedWithoutAContainerMadeAnew() throws IOException {
    policy("project:shop is closed");
    assertEquals(REFUSED, get("api", "db"));
    assertEquals(REFUSED, get("prometheus", "db"));
    assertEquals("200", get("prometheus", "free"));

    policy("project:shop is closed", "project:shop is audited");
    assertEquals("200", get("api", "db"));
    assertEquals("200", get("prometheus", "db"));

    policy("project:shop is closed", "project:shop is audited by request");
    assertEquals("200", get("api", "db", "/users?seen"));
    assertTrue(
        Await.within(SOON, () -> auditedRequest("/users")),
        agent.api("/v1/flows?last=20")::toString);

    policy(
        "project:shop is closed",
        "project:shop is audited",
        "anyone may not connect 80 on project:shop");
    assertEquals(REFUSED, get("api", "db"));
  }

  @Test
  void aRuleThatAddsOpensWhatIsClosedAndClosesNothing() throws IOException {
    policy("project:shop is closed", "app=prometheus may also GET /users on containers");
    assertEquals("200", get("prometheus", "db"));
    assertEquals("403", get("prometheus", "db", "/other"));
    assertEquals(REFUSED, get("api", "db"));
    assertEquals("200", get("prometheus", "free", "/other"));
  }

  @Test
  void groupsAndPlainNamesOfServices() throws IOException {
    policy(
        "group databases = service:db, app=nobody",
        "project:shop is closed",
        "service:api may connect 80 on group:databases");
    assertEquals("200", get("api", "db"));
    assertEquals(REFUSED, get("prometheus", "db"));
    policy(
        "group databases = app=nobody",
        "project:shop is closed",
        "service:api may connect 80 on group:databases");
    assertEquals(REFUSED, get("api", "db"));
  }

  /** Its answers leave by the connection that came in, through the engine or not. */
  @Test
  void theWorldReachesAPublishedPortWhateverTheCalleeMaySend() throws IOException {
    lab.docker()
        .must(
            "run",
            "-d",
            "--name",
            "door",
            "-p",
            "18090:80",
            "--label",
            "app=door",
            "--label",
            "drawbridge.policy.in=anyone may GET /users port 80",
            LabImage.NAME,
            "/bin/sh",
            "-c",
            "mkdir -p /lab; exec /bin/db");
    Await.until("door answers", SOON, () -> get("prometheus", "door").equals("200"));
    for (List<String> lines :
        List.of(
            List.of("app=api may connect 1 on app=nothing"),
            List.of("app=door may connect on containers for caller"),
            List.of(
                "app=door may connect on containers for caller",
                "app=api may connect 443 on internet",
                "anyone may not connect 80,443 on lan"))) {
      policy(lines.toArray(String[]::new));
      assertEquals("200", fromTheWorld("/users"), lines::toString);
      assertEquals("403", fromTheWorld("/admin"), lines::toString);
    }
  }

  private static String fromTheWorld(String path) {
    return Shell.run(
            lab.network()
                .inWorld(
                    "curl",
                    "-sS",
                    "-m",
                    "5",
                    "-o",
                    "/dev/null",
                    "-w",
                    "%{http_code}",
                    "http://" + LabNetwork.HOST_ADDRESS + ":18090" + path)
                .toArray(String[]::new))
        .out()
        .strip();
  }
}
