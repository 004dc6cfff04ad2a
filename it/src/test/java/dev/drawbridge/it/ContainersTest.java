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
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.testcontainers.containers.Container.ExecResult;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.utility.DockerImageName;

/**
 * What a program that starts containers through Docker's API sees, here by testcontainers and
 * docker-java.
 */
@Tag("it")
final class ContainersTest {
  private static final Map<String, String> DB =
      Map.of("app", "db", "drawbridge.policy.read", "app=api may GET /users");

  private static EngineLab lab;
  private static LabAgent agent;
  private static Path link;

  @BeforeAll
  static void startEngineAndAgent() throws IOException {
    link = Path.of("target/engine.sock").toAbsolutePath();
    Files.deleteIfExists(link);
    lab = EngineLab.start();
    Files.createSymbolicLink(link, lab.socket());
    LabImage.importInto(lab);
    agent = LabAgent.start(lab, Distribution.locate());
    // docker-java asks for a newer API than Debian's engine has, and does not negotiate.
    System.setProperty(
        "api.version", lab.docker().must("version", "--format", "{{.Server.APIVersion}}"));
  }

  @AfterAll
  static void stopEngineAndAgent() throws IOException {
    if (lab != null) {
      lab.close();
    }
    Files.deleteIfExists(link);
  }

  private static GenericContainer<?> container(
      Map<String, String> labels, String command, String ready) {
    GenericContainer<?> container = new GenericContainer<>(DockerImageName.parse(LabImage.NAME));
    container.withLabels(labels);
    container.withCommand("/bin/sh", "-c", "mkdir -p /lab; exec " + command);
    container.waitingFor(Wait.forSuccessfulCommand(ready));
    return container;
  }

  private static GenericContainer<?> server(Map<String, String> labels) {
    return container(labels, "/bin/db", "curl -s http://127.0.0.1:8081/");
  }

  private static GenericContainer<?> caller(String app) {
    return container(Map.of("app", app), "/bin/asker", "[ -p /lab/ask ]");
  }

  private static String address(GenericContainer<?> container) {
    return lab.docker().inspect(container.getContainerId(), "{{.NetworkSettings.IPAddress}}");
  }

  private static ExecResult get(GenericContainer<?> caller, GenericContainer<?> callee, String path)
      throws IOException, InterruptedException {
    return caller.execInContainer(
        "curl",
        "-sS",
        "-m",
        "5",
        "-o",
        "/dev/null",
        "-w",
        "%{http_code}",
        "http://" + address(callee) + path);
  }

  @Test
  void labelsDecideBetweenContainersOfTheDefaultBridge() throws Exception {
    try (GenericContainer<?> db = server(DB);
        GenericContainer<?> api = caller("api");
        GenericContainer<?> stranger = caller("other")) {
      db.start();
      api.start();
      stranger.start();
      assertEquals("200", get(api, db, "/users").getStdout());
      assertEquals("403", get(api, db, "/admin").getStdout());
      ExecResult refused = get(stranger, db, "/users");
      assertEquals("000", refused.getStdout());
      assertEquals(7, refused.getExitCode(), refused.getStderr());
    }
  }

  @Test
  void containerThatBypassedTheHookIsFoundAttachedAndReported() throws Exception {
    agent.register("runc");
    try (GenericContainer<?> db = server(DB);
        GenericContainer<?> stranger = caller("other")) {
      db.start();
      stranger.start();
      String name = db.getContainerName().substring(1);
      assertTrue(
          Await.within(Duration.ofSeconds(10), () -> attachmentOf(name).equals("LISTENER")),
          "the listener never attached to " + name + ": " + agent.api("/v1/endpoints"));
      assertEquals("000", get(stranger, db, "/users").getStdout());
    } finally {
      agent.register("drawbridge");
    }
  }

  private static String attachmentOf(String name) {
    for (JsonElement element : agent.api("/v1/endpoints").getAsJsonArray()) {
      JsonObject endpoint = element.getAsJsonObject();
      if (endpoint.get("name").getAsString().equals(name)) {
        return endpoint.get("attachment").getAsString().toUpperCase(java.util.Locale.ROOT);
      }
    }
    return "";
  }
}
