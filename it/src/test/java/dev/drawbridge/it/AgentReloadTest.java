package dev.drawbridge.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.Distribution;
import dev.drawbridge.testkit.EngineLab;
import dev.drawbridge.testkit.LabAgent;
import dev.drawbridge.testkit.LabImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** SIGHUP changes what is enforced, by the same agent, with the containers running. */
@Tag("it")
final class AgentReloadTest {
  private static final Duration SOON = Duration.ofSeconds(20);

  private static EngineLab lab;
  private static LabAgent agent;
  private static String server;

  @BeforeAll
  static void startEngineAndAgent() {
    lab = EngineLab.start();
    LabImage.importInto(lab);
    agent = LabAgent.start(lab, Distribution.locate());
    run("server", "drawbridge", "mkdir -p /lab; exec /bin/db");
    run("client", "drawbridge", "exec sleep 1000");
    server = lab.docker().inspect("server", "{{.NetworkSettings.IPAddress}}");
    Await.until("the client is answered", SOON, () -> get("client"));
  }

  @AfterAll
  static void stopEngineAndAgent() {
    if (lab != null) {
      lab.close();
    }
  }

  private static void run(String name, String runtime, String command) {
    lab.docker()
        .must(
            "run",
            "-d",
            "--name",
            name,
            "--runtime",
            runtime,
            LabImage.NAME,
            "/bin/sh",
            "-c",
            command);
  }

  private static boolean get(String container) {
    return lab.docker()
        .run(
            "exec",
            container,
            "curl",
            "-sS",
            "-m",
            "3",
            "-o",
            "/dev/null",
            "http://" + server + "/users")
        .ok();
  }

  /** Returns when the file has been read again, and what it says is in force. */
  private static void reload(String key, JsonElement value) {
    long before = readAgain();
    agent.configure(key, value);
    agent.hangUp();
    Await.until("the configuration is read again", SOON, () -> readAgain() > before);
  }

  private static long readAgain() {
    return agent.log().lines().filter(line -> line.contains("was read again")).count();
  }

  private static JsonObject problem(String code) {
    for (JsonElement element : agent.api("/v1/problems").getAsJsonArray()) {
      if (element.getAsJsonObject().get("code").getAsString().equals(code)) {
        return element.getAsJsonObject();
      }
    }
    return new JsonObject();
  }

  private static String text(JsonObject problem, String field) {
    return problem.has(field) ? problem.get(field).getAsString() : "";
  }

  private static JsonArray exempt() {
    return agent.api("/v1/status").getAsJsonObject().getAsJsonArray("exempt");
  }

  @Test
  void defaultDenyClosesAndOpensAndAWrongFileChangesNothing() throws IOException {
    long pid = agent.pid();
    assertEquals("ALLOW", verdict());

    reload("defaultDeny", new JsonPrimitive(true));
    assertFalse(get("client"), "a container that no rule selects is closed");
    assertEquals("DENY", verdict(), "the API says what the wire does");
    assertEquals(new JsonObject(), problem("DB0521"));

    String good = Files.readString(agent.configuration());
    Files.writeString(
        agent.configuration(), good.replace("\"defaultDeny\":true", "\"defaultDney\":false"));
    agent.hangUp();
    Await.until("the wrong file is told", SOON, () -> problem("DB0521").has("code"));
    assertEquals("error", text(problem("DB0521"), "severity"));
    assertTrue(
        text(problem("DB0521"), "message")
            .contains("\"defaultDney\"; did you mean \"defaultDeny\"?"),
        () -> problem("DB0521").toString());
    assertFalse(get("client"), "what was in force stays");

    Files.writeString(agent.configuration(), good);
    reload("flowRecords", new JsonPrimitive(500));
    assertTrue(
        text(problem("DB0521"), "message").endsWith(": flowRecords"),
        "what waits for a restart is told by name");
    assertEquals("warning", text(problem("DB0521"), "severity"));

    agent.configure("flowRecords", new JsonPrimitive(2048));
    reload("defaultDeny", new JsonPrimitive(false));
    assertTrue(get("client"), "it is open again");
    assertEquals(new JsonObject(), problem("DB0521"));
    assertEquals(pid, agent.pid());
    assertEquals(1, agent.log().lines().filter(line -> line.startsWith("ready in ")).count());
  }

  private static String verdict() {
    return agent
        .api("/v1/verdict?from=client&to=server&port=80")
        .getAsJsonObject()
        .get("verdict")
        .getAsString()
        .toUpperCase(Locale.ROOT);
  }

  @Test
  void whatStartsWithoutTheHookIsRefusedAfterAReloadAndLetAfterAnother() {
    reload("unhooked", new JsonPrimitive("deny"));
    assertTrue(get("client"), "who is guarded is not cut off");
    assertEquals(new JsonObject(), problem("DB0508"));
    agent.kill();
    try {
      run("stray", "runc", "exec sleep 1000");
      assertFalse(get("stray"), "no agent has adopted it");
    } finally {
      agent.start();
    }
    Await.until("it is adopted", SOON, () -> get("stray"));

    reload("unhooked", new JsonPrimitive("allow"));
    agent.kill();
    try {
      run("free", "runc", "exec sleep 1000");
      assertTrue(get("free"));
    } finally {
      agent.start();
    }
  }

  @Test
  void whoIsExemptIsSaidByTheListOfTheMoment() throws IOException {
    run("plain", "drawbridge", "exec sleep 1000");
    JsonArray list = new JsonArray();
    list.add("pl*");
    reload("exempt", list);
    assertEquals(0, exempt().size(), "who is guarded and runs stays so");

    lab.docker().must("restart", "-t", "0", "plain");
    Await.until("it starts unguarded", SOON, () -> exempt().size() == 1);
    Path noted =
        lab.directory()
            .resolve("agent/state/exempt")
            .resolve(lab.docker().inspect("plain", "{{.Id}}"));
    Await.until("the shim may let it start", SOON, () -> Files.exists(noted));

    reload("exempt", new JsonArray());
    Await.until("it is guarded", SOON, () -> exempt().isEmpty() && attached("plain"));
    assertFalse(Files.exists(noted), "the shim no longer lets it start without an agent");
    assertTrue(get("plain"));
  }

  private static boolean attached(String name) {
    for (JsonElement element : agent.api("/v1/endpoints").getAsJsonArray()) {
      JsonObject endpoint = element.getAsJsonObject();
      if (endpoint.get("name").getAsString().equals(name)) {
        return !endpoint.get("attachment").getAsString().equals("none");
      }
    }
    return false;
  }
}
