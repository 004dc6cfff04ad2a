package dev.drawbridge.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.Distribution;
import dev.drawbridge.testkit.EngineLab;
import dev.drawbridge.testkit.LabAgent;
import dev.drawbridge.testkit.LabImage;
import dev.drawbridge.testkit.Output;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Issue 12, A6: a container with a restart policy that was refused because the agent was away comes
 * back with the agent; what stays down is a problem by name.
 */
@Tag("it")
final class ComebackTest {
  private static final Duration SOON = Duration.ofSeconds(20);

  private static EngineLab lab;
  private static LabAgent agent;

  @BeforeAll
  static void start() {
    lab = EngineLab.start();
    LabImage.importInto(lab);
    agent = LabAgent.start(lab, Distribution.locate());
  }

  @AfterAll
  static void stop() {
    if (lab != null) {
      lab.close();
    }
  }

  private static Output run(String name, String... options) {
    List<String> arguments =
        new ArrayList<>(List.of("run", "-d", "--name", name, "--stop-timeout", "1"));
    arguments.addAll(List.of(options));
    arguments.addAll(List.of(LabImage.NAME, "sleep", "1000"));
    return lab.docker().run(arguments.toArray(String[]::new));
  }

  private static boolean runs(String name) {
    return lab.docker().inspect(name, "{{.State.Running}}").equals("true");
  }

  private static List<String> down() {
    List<String> names = new ArrayList<>();
    for (JsonElement element : agent.api("/v1/problems").getAsJsonArray()) {
      JsonObject problem = element.getAsJsonObject();
      if (problem.get("code").getAsString().equals("DB0512")) {
        names.add(problem.get("container").getAsString());
      }
    }
    return names;
  }

  private static void remove(String... names) {
    for (String name : names) {
      lab.docker().run("rm", "-f", name);
    }
  }

  @Test
  void runRestartAndBootWithoutTheAgent() {
    assertTrue(run("booted", "--restart", "always").ok());
    assertTrue(run("restarted", "--restart", "unless-stopped").ok());
    assertTrue(run("plain").ok());
    assertTrue(run("stopped", "--restart", "unless-stopped").ok());
    lab.docker().must("stop", "stopped");
    agent.kill();
    assertFalse(run("fresh", "--restart", "always").ok());
    assertFalse(lab.docker().run("restart", "restarted").ok());
    assertFalse(lab.docker().run("restart", "plain").ok());
    // An engine that boots starts what should run, once.
    lab.docker().must("kill", "booted");
    lab.restart();
    assertFalse(runs("booted"));
    assertFalse(runs("fresh"));

    agent.start();

    for (String name : List.of("booted", "fresh", "restarted")) {
      assertTrue(Await.within(SOON, () -> runs(name)), name);
    }
    assertTrue(Await.within(SOON, () -> down().equals(List.of("plain"))), () -> "" + down());
    assertFalse(runs("stopped"));
    assertFalse(runs("plain"));
    assertEquals(
        List.of(), agent.api("/v1/status").getAsJsonObject().getAsJsonArray("unattached").asList());
    lab.docker().must("start", "plain");
    assertTrue(Await.within(SOON, () -> down().isEmpty()), () -> "" + down());
    remove("booted", "fresh", "restarted", "plain", "stopped");
  }

  @Test
  void whatCannotComeBackIsAProblemUntilItIsGone() {
    assertTrue(run("owner").ok());
    assertTrue(run("guest", "--restart", "always", "--network", "container:owner").ok());
    agent.kill();
    lab.docker().must("kill", "guest");
    assertFalse(lab.docker().run("start", "guest").ok());
    remove("owner");

    agent.start();

    assertTrue(Await.within(SOON, () -> down().equals(List.of("guest"))), () -> "" + down());
    remove("guest");
    assertTrue(Await.within(SOON, () -> down().isEmpty()), () -> "" + down());
  }
}
