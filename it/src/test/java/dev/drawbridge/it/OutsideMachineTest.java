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
import dev.drawbridge.testkit.LabNetwork;
import dev.drawbridge.testkit.Output;
import dev.drawbridge.testkit.Shell;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * 12.A1, of machines outside: a container under a rule of HTTP sees of a server on another machine
 * what it would see without us, as closely as can be. The other machine is a network namespace
 * behind a cable.
 */
@Tag("it")
final class OutsideMachineTest {
  private static final Duration SOON = Duration.ofSeconds(20);
  private static final String WORLD = LabNetwork.WORLD_ADDRESS;

  /** An address of that machine from which no answer comes back. */
  private static final String MUTE = "198.51.100.3";

  private static EngineLab lab;
  private static LabAgent agent;
  private static Process server;

  @BeforeAll
  static void startAll() throws IOException {
    lab = EngineLab.start();
    LabImage.importInto(lab);
    agent = LabAgent.start(lab, Distribution.locate());
    Path files = Files.createDirectories(lab.directory().resolve("www"));
    for (String name : List.of("ok", "secret")) {
      Files.writeString(files.resolve(name), name + "\n");
    }
    server =
        new ProcessBuilder(
                lab.network()
                    .inWorld("busybox", "httpd", "-f", "-p", "8080", "-h", files.toString()))
            .redirectErrorStream(true)
            .redirectOutput(lab.directory().resolve("httpd.log").toFile())
            .start();
    world("ip", "addr", "add", MUTE + "/24", "dev", "up0");
    world("ip", "rule", "add", "from", MUTE, "blackhole");
    lab.docker()
        .must(
            "run",
            "-d",
            "--name",
            "web",
            "--label",
            "drawbridge.policy.b=may GET /ok on " + WORLD + " port 8080,8081",
            "--label",
            "drawbridge.policy.c=may GET /ok on " + MUTE,
            "--label",
            "drawbridge.policy.d=may GET /ok on 198.51.100.77",
            LabImage.NAME,
            "sleep",
            "100000");
    Await.until(
        "the server answers", SOON, () -> curl("http://" + WORLD + ":8080/ok").equals("200 0"));
  }

  @AfterAll
  static void stopAll() {
    if (server != null) {
      server.destroyForcibly();
    }
    if (lab != null) {
      lab.close();
    }
  }

  private static String world(String... command) {
    Output output = Shell.run(Shell.DEADLINE, Map.of(), lab.network().inWorld(command));
    assertEquals(0, output.status(), output::text);
    return output.out();
  }

  private static Output in(String command) {
    return lab.docker().run("exec", "web", "/bin/sh", "-c", command);
  }

  private static String curl(String url) {
    return in("curl -sS -m 25 -o /dev/null -w '%{http_code} %{exitcode}' '" + url + "'")
        .out()
        .strip();
  }

  /** Connections that the machine outside has been asked for. */
  private static long asked() {
    String counted = world("sh", "-c", "cat /proc/net/snmp");
    List<String> lines = counted.lines().filter(line -> line.startsWith("Tcp:")).toList();
    List<String> names = List.of(lines.get(0).split(" "));
    List<String> values = List.of(lines.get(1).split(" "));
    return Long.parseLong(values.get(names.indexOf("InSegs")));
  }

  private static List<JsonObject> flows(String query) {
    List<JsonObject> found = new ArrayList<>();
    for (JsonElement flow : agent.api("/v1/flows?last=200&" + query).getAsJsonArray()) {
      found.add(flow.getAsJsonObject());
    }
    return found;
  }

  /**
   * curl 56: it has received a reset, and no answer of ours; 7: so soon that it takes the
   * connection for refused, and would try another address.
   */
  @Test
  void aPortNobodyListensAtIsAResetAndNoAnswer() {
    for (int i = 0; i < 5; i++) {
      String said = curl("http://" + WORLD + ":8081/ok");
      assertTrue(said.equals("000 56") || said.equals("000 7"), said);
    }
    String nc = in("nc " + WORLD + " 8081 </dev/zero").text();
    assertTrue(nc.contains("reset") || nc.contains("Broken pipe"), nc);
    List<JsonObject> refused = flows("port=8081&ending=upstream-refused");
    assertFalse(refused.isEmpty());
    for (JsonObject flow : refused) {
      assertEquals("allow", flow.get("verdict").getAsString());
      assertEquals("upstream-refused", flow.get("ending").getAsString());
    }
  }

  @Test
  void aMachineThatIsNotThereIsAResetToo() {
    assertEquals("000 56", curl("http://198.51.100.77/ok"));
  }

  @Test
  void aMachineThatDoesNotAnswerIsAResetAfterTheTimeForIt() {
    assertEquals("000 56", curl("http://" + MUTE + ":8080/ok"));
    assertFalse(flows("ending=upstream-timeout").isEmpty());
  }

  @Test
  void oneThatListensIsReachedByRequestsThatMay() {
    for (int i = 0; i < 20; i++) {
      assertEquals("200 0", curl("http://" + WORLD + ":8080/ok"));
      assertEquals("403 0", curl("http://" + WORLD + ":8080/secret"));
    }
  }

  /** Who asks for a port of which no rule speaks is refused here, and nothing is sent. */
  @Test
  void aPortThatNoRuleNamesIsNotDialled() {
    assertEquals("200 0", curl("http://" + WORLD + ":8080/ok"));
    Await.until(
        "the last connection is over",
        SOON,
        () -> world("ss", "-Htn", "state", "established").isBlank());
    long before = asked();
    assertEquals("000 7", curl("http://" + WORLD + ":8082/ok"));
    assertEquals(before, asked());
  }

  /** 12.D2: of what the kernel has refused, the line that refused it, which is one that refuses. */
  @Test
  void observeNamesTheLineThatRefused() throws IOException {
    assertEquals("000 7", curl("http://" + WORLD + ":8083/ok"));
    Await.until("it is recorded", SOON, () -> !flows("port=8083&verdict=denied").isEmpty());
    Output said = agent.client("observe", "-v", "--denied", "--port", "8083");
    assertEquals(0, said.status(), said::text);
    String place = said.out().strip().replaceFirst("(?s).*  at ", "");
    assertTrue(place.matches("[a-z0-9_]+\\.(bpf\\.c|h):[0-9]+"), said::out);
    String[] parts = place.split(":", 2);
    Path sources =
        Path.of(String.valueOf(System.getProperty("drawbridge.checkout")))
            .resolve("bpf/src/main/bpf");
    Path file =
        Files.exists(sources.resolve(parts[0]))
            ? sources.resolve(parts[0])
            : sources.resolve("include").resolve(parts[0]);
    String line = Files.readAllLines(file).get(Integer.parseInt(parts[1]) - 1);
    assertTrue(line.contains("db_"), place + ": " + line);
    assertFalse(agent.client("observe", "--denied", "--port", "8083").out().contains("  at "));
  }

  /** 12.D2: the labels of a container are said once. */
  @Test
  void jsonHasNoRepeatedLabels() {
    for (int i = 0; i < 3; i++) {
      assertEquals("000 7", curl("http://" + WORLD + ":8084/ok"));
    }
    Await.until("all are recorded", SOON, () -> flows("port=8084&verdict=denied").size() >= 3);
    List<String> lines =
        agent.client("observe", "--json", "--denied", "--port", "8084").out().lines().toList();
    assertTrue(lines.size() >= 3);
    assertEquals(
        1, lines.stream().filter(line -> line.contains("\"name\":\"web\",\"labels\"")).count());
    List<String> all =
        agent
            .client("observe", "-v", "--json", "--denied", "--port", "8084")
            .out()
            .lines()
            .toList();
    assertEquals(
        all.size(),
        all.stream().filter(line -> line.contains("\"name\":\"web\",\"labels\"")).count());
  }
}
