package dev.drawbridge.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.Distribution;
import dev.drawbridge.testkit.EngineLab;
import dev.drawbridge.testkit.LabAgent;
import dev.drawbridge.testkit.Output;
import dev.drawbridge.testkit.Shell;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** {@code drawbridge selftest} on a real engine: where all is well, and where it is not. */
@Tag("it")
final class SelftestTest {
  private static final Duration SOON = Duration.ofSeconds(60);

  private static EngineLab lab;
  private static LabAgent agent;

  /** What the front door has started on this lab's host, as its own words for it. */
  private static Path home;

  @BeforeAll
  static void startEngineAndAgent() throws IOException {
    lab = EngineLab.start();
    agent = LabAgent.start(lab, Distribution.locate());
    home = lab.directory().resolve("agent");
    Files.createSymbolicLink(home.resolve("dist"), agent.distribution().root());
  }

  @AfterAll
  static void stopEngineAndAgent() throws IOException {
    if (lab != null) {
      endOf(home.resolve("agent.pid"));
      lab.close();
    }
  }

  /** The agent that the client has started in the place of the lab's. */
  private static void endOf(Path file) throws IOException {
    if (Files.exists(file)) {
      long pid = Long.parseLong(Files.readString(file).split(" ", 2)[0]);
      ProcessHandle.of(pid)
          .ifPresent(process -> {
            process.destroy();
            assertTrue(Await.within(SOON, () -> !process.isAlive()), "the agent does not end");
          });
      Files.delete(file);
    }
  }

  @AfterEach
  void nothingIsLeft() {
    assertEquals("", lab.docker().must("ps", "-aq"));
    assertEquals("", lab.docker().must("image", "ls", "-q"));
    assertEquals(
        Set.of("bridge", "host", "none"),
        new TreeSet<>(
            lab.docker().must("network", "ls", "--format", "{{.Name}}").lines().toList()));
  }

  private static Map<String, String> environment() {
    Map<String, String> all = new HashMap<>(lab.docker().environment());
    all.put("DRAWBRIDGE_JAVA_HOME", System.getProperty("java.home"));
    all.put("DRAWBRIDGE_RUN", home.toString());
    all.put("DRAWBRIDGE_HOME", home.toString());
    return all;
  }

  private static List<String> command(String... options) {
    List<String> words = new ArrayList<>();
    words.add(agent.distribution().client().toString());
    words.add("selftest");
    words.addAll(List.of(options));
    return lab.onHost(words.toArray(String[]::new));
  }

  private static Output selftest(String... options) {
    return Shell.run(Duration.ofMinutes(2), environment(), command(options));
  }

  /** Has the door know the agent that the lab has started. */
  private static void doorKnowsTheAgent() throws IOException {
    Files.writeString(home.resolve("agent.pid"), agent.pid() + " " + startOf(agent.pid()) + "\n");
  }

  private static String startOf(long pid) throws IOException {
    String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
    return stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1)[19];
  }

  /** The lab's own agent instead of the one that the client has started. */
  private static void giveBack() throws IOException {
    endOf(home.resolve("agent.pid"));
    agent.kill();
    agent.start();
  }

  @Test
  void whereAllIsWellEveryRowIsAsExpected() {
    Output done = selftest();
    assertEquals(0, done.status(), done.text());
    assertTrue(done.out().contains("9 of 9 as expected, 1 not asked"), done.text());
    assertTrue(done.out().contains("--restart-agent"), done.text());
  }

  @Test
  void aHostThatDeniesIsARowThatDiffersWithTheReason() throws IOException {
    Path file = agent.policyDirectory().resolve("selftest.policy");
    long before = generation();
    Files.writeString(file, "anyone may not connect 5432 on containers\n");
    try {
      Await.until("the policy holds", SOON, () -> generation() > before);
      Output done = selftest("--json");
      assertEquals(1, done.status(), done.text());
      JsonObject report = JsonParser.parseString(done.out()).getAsJsonObject();
      assertFalse(report.get("asExpected").getAsBoolean(), done.text());
      List<String> differ = new ArrayList<>();
      for (JsonElement element : report.getAsJsonArray("rows")) {
        JsonObject row = element.getAsJsonObject();
        if (row.get("outcome").getAsString().equals("differs")) {
          differ.add(row.get("number").getAsString());
          assertEquals(
              "refused at connect, nothing arrived", row.get("actual").getAsString(), done.text());
          assertTrue(row.get("why").getAsString().contains("rule-denies"), done.text());
        }
      }
      assertEquals(List.of("2a"), differ, done.text());
    } finally {
      long with = generation();
      Files.delete(file);
      Await.until("the policy is gone", SOON, () -> generation() > with);
    }
  }

  private static long generation() {
    return agent.api("/v1/status").getAsJsonObject().get("generation").getAsLong();
  }

  @Test
  void withoutTheRuntimeItCannotBeTried() {
    // An engine that is told of no runtimes keeps those that it had.
    JsonObject other = new JsonObject();
    other.addProperty("path", "runc");
    JsonObject runtimes = new JsonObject();
    runtimes.add("other", other);
    JsonObject daemon = new JsonObject();
    daemon.add("runtimes", runtimes);
    daemon.addProperty("default-runtime", "runc");
    lab.configure(daemon);
    lab.reload();
    try {
      Output done = selftest();
      assertEquals(2, done.status(), done.text());
      assertTrue(done.err().contains("docker knows no runtime \"drawbridge\""), done.text());
      assertTrue(done.err().contains("drawbridge install"), done.text());
    } finally {
      agent.register("drawbridge");
    }
  }

  @Test
  void withoutAnAgentOrAnEngineItCannotBeTried() {
    Output engineless =
        Shell.run(
            SOON,
            with("DOCKER_HOST", "unix://" + lab.directory().resolve("nobody.sock")),
            command());
    assertEquals(2, engineless.status(), engineless.text());
    assertTrue(engineless.err().contains("docker does not answer"), engineless.text());
    agent.kill();
    try {
      Output agentless = selftest();
      assertEquals(2, agentless.status(), agentless.text());
      assertTrue(agentless.err().contains("the agent cannot be reached"), agentless.text());
    } finally {
      agent.start();
    }
  }

  private static Map<String, String> with(String name, String value) {
    Map<String, String> all = environment();
    all.put(name, value);
    return all;
  }

  @Test
  void anAgentThatIsAwayIsAskedForAndComesBack() throws IOException {
    long before = agent.pid();
    doorKnowsTheAgent();
    try {
      Output done = selftest("--restart-agent");
      assertEquals(0, done.status(), done.text());
      assertTrue(done.out().contains("15 of 15 as expected"), done.text());
      assertFalse(ProcessHandle.of(before).isPresent(), "it was never killed");
      assertTrue(agent.api("/v1/status").getAsJsonObject().get("ready").getAsBoolean());
    } finally {
      giveBack();
    }
  }

  @Test
  void whoIsInterruptedLeavesNothingAndTheAgentRuns() throws Exception {
    doorKnowsTheAgent();
    try {
      // The first container is there; and the agent is away.
      for (String row : List.of("1  ", "5a ")) {
        interruptAfter(row);
        nothingIsLeft();
        assertTrue(agent.api("/v1/status").getAsJsonObject().get("ready").getAsBoolean(), row);
      }
    } finally {
      giveBack();
    }
  }

  private static void interruptAfter(String row) throws Exception {
    Path said = lab.directory().resolve("interrupted.out");
    ProcessBuilder builder =
        new ProcessBuilder(command("--restart-agent"))
            .redirectErrorStream(true)
            .redirectOutput(said.toFile());
    builder.environment().putAll(environment());
    Process client = builder.start();
    try {
      assertTrue(
          Await.within(SOON, () -> text(said).lines().anyMatch(line -> line.startsWith(row))),
          () -> text(said));
      client.destroy();
      assertTrue(client.waitFor(60, TimeUnit.SECONDS), () -> text(said));
      assertEquals(143, client.exitValue(), () -> text(said));
    } finally {
      client.destroyForcibly();
    }
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return "";
    }
  }
}
