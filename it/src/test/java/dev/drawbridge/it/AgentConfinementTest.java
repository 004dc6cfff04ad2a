package dev.drawbridge.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.bpf.linux.ThreadTurns;
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
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The agent with the capabilities of its systemd unit and no others: it starts, guards, judges in
 * the kernel and in the engine, and takes over after its end.
 */
@Tag("it")
final class AgentConfinementTest {
  private static final Duration SOON = Duration.ofSeconds(20);
  private static final Path UNIT =
      Path.of(String.valueOf(System.getProperty("drawbridge.checkout")))
          .resolve("install/systemd/drawbridge.service");

  private static EngineLab lab;
  private static LabAgent agent;

  @BeforeAll
  static void startConfined() throws IOException {
    lab = EngineLab.start();
    LabImage.importInto(lab);
    agent =
        LabAgent.startConfined(
            lab,
            Distribution.locate(),
            List.of("setpriv", "--bounding-set", "-all" + capabilities(), "--no-new-privs"));
    run("db", "app=db", "drawbridge.policy.read=app=api may GET /users", "/bin/db");
    run("api", "app=api", "tier=inner", "sleep 1000");
    run("other", "app=other", "tier=outer", "sleep 1000");
    assertTrue(Await.within(SOON, () -> ask("api", "/users").equals("200")), ask("api", "/users"));
  }

  @AfterAll
  static void stop() {
    if (lab != null) {
      lab.close();
    }
  }

  /** As setpriv wants them: {@code ,+bpf,+net_admin}. */
  private static String capabilities() throws IOException {
    return Stream.of(setting("CapabilityBoundingSet").split(" ", -1))
        .map(name -> ",+" + name.replace("CAP_", "").toLowerCase(Locale.ROOT))
        .collect(Collectors.joining());
  }

  private static String setting(String key) throws IOException {
    List<String> lines =
        Files.readAllLines(UNIT).stream().filter(line -> line.startsWith(key + "=")).toList();
    assertEquals(1, lines.size(), key);
    return lines.getFirst().substring(key.length() + 1);
  }

  private static void run(String name, String label, String other, String command) {
    List<String> arguments =
        new ArrayList<>(
            List.of("run", "-d", "--tmpfs", "/lab", "--name", name, "-l", label, "-l", other));
    arguments.add(LabImage.NAME);
    arguments.addAll(List.of(command.split(" ", -1)));
    lab.docker().must(arguments.toArray(String[]::new));
  }

  private static String ask(String caller, String path) {
    String url =
        "http://" + lab.docker().inspect("db", "{{.NetworkSettings.IPAddress}}") + ":80" + path;
    Output output =
        lab.docker()
            .run(
                "exec",
                caller,
                "curl",
                "-s",
                "-m",
                "5",
                "-o",
                "/dev/null",
                "-w",
                "%{http_code}",
                url);
    return output.ok() ? output.out().strip() : "curl " + output.status();
  }

  @Test
  void itHasNoOtherCapability() throws IOException {
    List<String> status = Files.readAllLines(Path.of("/proc", "" + agent.pid(), "status"));
    assertTrue(status.contains("NoNewPrivs:\t1"));
    long effective =
        status.stream()
            .filter(line -> line.startsWith("CapEff:"))
            .map(line -> Long.parseLong(line.substring(7).strip(), 16))
            .findFirst()
            .orElseThrow();
    assertEquals(setting("CapabilityBoundingSet").split(" ", -1).length, Long.bitCount(effective));
  }

  @Test
  void itJudgesRequestsAndConnections() {
    assertEquals("200", ask("api", "/users"));
    assertEquals("403", ask("api", "/admin"));
    assertEquals("curl 7", ask("other", "/users"));
  }

  @Test
  void itsLoopsHaveShortTurns() throws IOException {
    List<Path> loops;
    try (Stream<Path> threads = Files.list(Path.of("/proc", "" + agent.pid(), "task"))) {
      loops = threads.filter(AgentConfinementTest::isLoop).toList();
    }
    assertFalse(loops.isEmpty());
    // Zero before Linux 6.12, which has no such thing.
    boolean known = !ThreadTurns.of(0).isZero();
    for (Path loop : loops) {
      Duration turn = ThreadTurns.of(Integer.parseInt(loop.getFileName().toString()));
      assertEquals(known ? Duration.ofNanos(100_000) : Duration.ZERO, turn);
    }
  }

  private static boolean isLoop(Path thread) {
    try {
      return Files.readString(thread.resolve("comm")).matches("drawbridge-l7-[0-9]\\s*");
    } catch (IOException _) {
      return false;
    }
  }

  @Test
  void itTakesOverWhatItPinned() {
    agent.kill();
    agent.start();
    assertTrue(Await.within(SOON, () -> ask("api", "/users").equals("200")), ask("api", "/users"));
    assertEquals("403", ask("api", "/admin"));
    assertEquals("curl 7", ask("other", "/users"));
    assertEquals(
        List.of(), agent.api("/v1/status").getAsJsonObject().getAsJsonArray("unattached").asList());
  }
}
