package dev.drawbridge.it.attack;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.LabNetwork;
import dev.drawbridge.testkit.Output;
import dev.drawbridge.testkit.Shell;
import java.io.BufferedReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * More new flows and connections than the kernel's maps hold, by one container or by the world from
 * forged addresses: who waits for an answer gets it, and who calls is let in.
 */
@Tag("it")
final class FloodTest {
  /** More than any map of flows or connections holds. */
  private static final String FLOWS = "80000";

  private static final String SYNS = "40000";
  private static final int CALLS = 40;
  private static final String QUESTIONS = "5353";
  private static final String OPEN = "5400";
  private static final String PUBLISHED = "18080";

  /** The world's, but nobody's. */
  private static final String FORGED = "198.51.100.30";

  private final Table table = new Table("flood");

  @Test
  void whoFloodsHarmsNobodyElse() throws Exception {
    try (Ground ground = Ground.open();
        ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
      ground.idle("flooder", labels("app=flooder"));
      ground.idle(
          "asker",
          options(
              List.of("-p", OPEN + ":" + OPEN + "/udp"),
              "app=asker",
              "drawbridge.policy.out=may connect " + QUESTIONS + "/udp on world",
              "drawbridge.policy.in=world may connect " + OPEN + "/udp"));
      ground.start(
          "db",
          List.of(
              options(
                  List.of("-p", PUBLISHED + ":80"),
                  "app=db",
                  "drawbridge.policy.api=app=api may GET /users port 80",
                  "drawbridge.policy.world=world may GET /users port 80")),
          "/bin/db");
      ground.idle("api", labels("app=api"));
      table.row(
          "an answer that comes after another container's flood",
          "answered",
          answered(ground, pool, () -> flood(ground)));
      table.row(
          "an answer that comes after a flood of the world",
          "answered",
          answered(ground, pool, () -> forge(ground, "udp", OPEN, FLOWS)));
      Future<?> syns = pool.submit(() -> forge(ground, "tcp", PUBLISHED, SYNS));
      table.row(
          "calls of a container during a SYN flood of the world",
          CALLS + " answered",
          calls(syns, () -> inside(ground)));
      syns.get();
      syns = pool.submit(() -> forge(ground, "tcp", PUBLISHED, SYNS));
      table.row(
          "calls of the world during it", CALLS + " answered", calls(syns, () -> outside(ground)));
      syns.get();
      table.row("what is denied is denied all the same", "403", status(ground, "/admin"));
    }
    assertEquals("", table.verdict());
  }

  private static String[] labels(String... labels) {
    return options(List.of(), labels);
  }

  private static String[] options(List<String> options, String... labels) {
    List<String> all = new ArrayList<>(options);
    all.addAll(Ground.labels(labels));
    return all.toArray(String[]::new);
  }

  private static void flood(Ground ground) {
    assertEquals(
        FLOWS,
        ground
            .docker()
            .must("exec", "flooder", "/bin/attack", "flood", "198.18.0.1", FLOWS)
            .strip());
  }

  private static void forge(Ground ground, String protocol, String port, String count) {
    List<String> command =
        ground
            .lab()
            .network()
            .inWorld(
                Ground.attacker().toString(),
                "forge",
                protocol,
                LabNetwork.HOST_ADDRESS,
                port,
                count,
                FORGED);
    Shell.must(command.toArray(String[]::new));
  }

  /** What becomes of a question that the world answers when the flood is over. */
  private static String answered(Ground ground, ExecutorService pool, Runnable flood)
      throws IOException, InterruptedException, ExecutionException {
    Process world =
        new ProcessBuilder(
                ground.lab().network().inWorld(Ground.attacker().toString(), "answer", QUESTIONS))
            .start();
    try (BufferedReader said = world.inputReader(UTF_8)) {
      assertEquals("ready", said.readLine());
      Future<Output> asks =
          pool.submit(() ->
              ground
                  .docker()
                  .run("exec", "asker", "/bin/attack", "ask", LabNetwork.WORLD_ADDRESS, QUESTIONS));
      assertEquals("asked", said.readLine());
      flood.run();
      world.outputWriter(UTF_8).append("now\n").flush();
      return asks.get().text().strip();
    } finally {
      world.destroyForcibly().waitFor();
    }
  }

  /** One call of many. */
  private interface Call {
    String status();
  }

  /** While it lasts, and on until there were enough. */
  private static String calls(Future<?> flood, Call call) {
    int answered = 0;
    List<String> others = new ArrayList<>();
    for (int i = 0; i < CALLS; i++) {
      String status = call.status();
      if (status.equals("200")) {
        answered++;
      } else {
        others.add(status + (flood.isDone() ? " after it" : " during it"));
      }
    }
    return answered + " answered" + (others.isEmpty() ? "" : ", " + others);
  }

  private static String inside(Ground ground) {
    return status(ground, "/users");
  }

  private static String status(Ground ground, String path) {
    return ground
        .docker()
        .run(
            "exec",
            "api",
            "curl",
            "-s",
            "-m",
            seconds(),
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
            "http://db" + path)
        .text()
        .strip();
  }

  private static String outside(Ground ground) {
    return Shell.run(
            ground
                .lab()
                .network()
                .inWorld(
                    "curl",
                    "-s",
                    "-m",
                    seconds(),
                    "-o",
                    "/dev/null",
                    "-w",
                    "%{http_code}",
                    "http://" + LabNetwork.HOST_ADDRESS + ":" + PUBLISHED + "/users")
                .toArray(String[]::new))
        .text()
        .strip();
  }

  private static String seconds() {
    return Long.toString(Await.patient(Ground.SOON).toSeconds());
  }
}
