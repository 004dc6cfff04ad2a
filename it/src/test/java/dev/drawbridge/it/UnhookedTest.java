package dev.drawbridge.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.drawbridge.bpf.linux.Cgroups;
import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.Distribution;
import dev.drawbridge.testkit.EngineLab;
import dev.drawbridge.testkit.LabAgent;
import dev.drawbridge.testkit.LabImage;
import dev.drawbridge.testkit.Output;
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

/** Containers that start past the hook, and those that keep capabilities, on a real engine. */
@Tag("it")
final class UnhookedTest {
  private static final Duration SOON = Duration.ofSeconds(20);

  private static EngineLab lab;
  private static LabAgent agent;
  private static String server;

  @BeforeAll
  static void startEngineAndAgent() throws IOException {
    lab = EngineLab.start();
    LabImage.importInto(lab);
    agent = LabAgent.start(lab, Distribution.locate());
    unhooked("deny");
    run("server", "drawbridge", "/bin/db");
    server = lab.docker().inspect("server", "{{.NetworkSettings.IPAddress}}");
    assertTrue(
        Await.within(SOON, () -> lab.docker().run("exec", "server", "curl", "-s", url()).ok()),
        "the server never answered itself");
  }

  @AfterAll
  static void stopEngineAndAgent() {
    if (lab != null) {
      lab.close();
    }
  }

  private static String url() {
    return "http://" + (server == null ? "127.0.0.1" : server) + "/users";
  }

  /** Starts the agent again with this value of the key. */
  private static void unhooked(String value) {
    agent.stop();
    agent.configure("unhooked", new JsonPrimitive(value));
    agent.start();
  }

  private static void run(String name, String runtime, String... command) {
    List<String> line = new ArrayList<>(List.of("run", "-d", "--name", name, "--runtime", runtime));
    line.addAll(List.of(LabImage.NAME, "/bin/sh", "-c"));
    line.add("mkdir -p /lab; exec " + String.join(" ", command));
    lab.docker().must(line.toArray(String[]::new));
  }

  private static Output get(String container) {
    return lab.docker().run("exec", container, "curl", "-sS", "-m", "3", "-o", "/dev/null", url());
  }

  private static boolean has(String container, String code) {
    for (JsonElement element : agent.api("/v1/problems").getAsJsonArray()) {
      JsonObject problem = element.getAsJsonObject();
      if (problem.get("code").getAsString().equals(code)
          && problem.get("container").getAsString().equals(container)) {
        return true;
      }
    }
    return false;
  }

  @Test
  void deniedContainerReachesNothingUntilItIsAdopted() throws IOException {
    agent.kill();
    try {
      run("stray", "runc", "sleep", "1000");
      Output refused = get("stray");
      assertEquals(7, refused.status(), "connect is refused at once: " + refused.text());
      Output udp = lab.docker().run("exec", "stray", "busybox", "tftp", "-g", "-r", "x", server);
      assertTrue(udp.text().contains("Operation not permitted"), udp.text());
      Output ping = lab.docker().run("exec", "stray", "ping", "-c", "1", "-W", "1", server);
      assertNotEquals(0, ping.status(), ping.text());
      assertTrue(
          lab.docker().run("exec", "server", "curl", "-s", "-m", "3", url()).ok(),
          "the guarded one is left alone");
    } finally {
      agent.start();
    }
    assertTrue(
        Await.within(SOON, () -> get("stray").ok()),
        "never adopted: " + agent.api("/v1/endpoints"));
    assertTrue(has("stray", "DB0501"));
    assertFalse(has("", "DB0508"), agent.api("/v1/problems").toString());

    unhooked("allow");
    agent.kill();
    try {
      run("free", "runc", "sleep", "1000");
      assertTrue(get("free").ok(), "allow is the default");
    } finally {
      agent.start();
      unhooked("deny");
    }
  }

  /** While its process is in another's cgroup nothing of it can be told from that other's. */
  @Test
  void whoCouldNotBeGuardedAtFirstIsWithoutAnybodysReport() throws IOException {
    agent.kill();
    run("late", "runc", "sleep", "1000");
    String pid = lab.docker().inspect("late", "{{.State.Pid}}");
    Path own = Cgroups.ofPid(Integer.parseInt(pid));
    Path elsewhere = Files.createDirectory(own.resolveSibling(lab.id() + "-elsewhere"));
    try {
      Files.writeString(elsewhere.resolve("cgroup.procs"), pid);
      agent.start();
      Await.until("it cannot be guarded", SOON, () -> attachment("late").equals("none"));
      Files.writeString(own.resolve("cgroup.procs"), pid);
      Await.until("it is guarded", SOON, () -> attachment("late").equals("listener"));
    } finally {
      lab.docker().must("rm", "-f", "late");
      Files.delete(elsewhere);
    }
  }

  private static String attachment(String container) {
    for (JsonElement element : agent.api("/v1/endpoints").getAsJsonArray()) {
      JsonObject endpoint = element.getAsJsonObject();
      if (endpoint.get("name").getAsString().equals(container)) {
        return endpoint.get("attachment").getAsString();
      }
    }
    return "";
  }

  private static String said() {
    return agent.api("/v1/problems") + "\n" + agent.api("/v1/endpoints") + "\n" + agent.log();
  }

  @Test
  void whoKeepsNetRawIsClosedAtItsInterfaceAndWhoHasMoreIsNotEnforceable() {
    run("hooked", "drawbridge", "sleep", "1000");
    run("raw", "runc", "sleep", "1000");
    for (String more : List.of("NET_RAW", "SYS_ADMIN")) {
      lab.docker()
          .must(
              "run",
              "-d",
              "--name",
              "has-" + more,
              "--cap-add",
              more,
              "--label",
              "drawbridge.capabilities=net-raw",
              LabImage.NAME,
              "/bin/sleep",
              "1000");
    }
    assertTrue(Await.within(SOON, () -> has("has-SYS_ADMIN", "DB0507")), said());
    for (String closed : List.of("hooked", "raw", "has-NET_RAW")) {
      assertFalse(has(closed, "DB0507"), said());
    }
  }
}
