package dev.drawbridge.it.attack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.LabException;
import dev.drawbridge.testkit.Output;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The agent is killed again and again at random, also before it is ready, under traffic that is
 * allowed and traffic that is denied. System property {@code drawbridge.kills} sets how often.
 */
@Tag("it")
final class KillsTest {
  private static final int KILLS = Integer.getInteger("drawbridge.kills", 50);

  /** Every other one dies this soon, mostly before it is ready; the others this long after. */
  private static final int LIFE_MILLIS = 1_500;

  private static final int WORK_MILLIS = 500;

  private static final long SEED = Long.getLong("drawbridge.seed", System.nanoTime());

  private static Ground ground;
  private static Sink target;
  private static Sink open;

  @BeforeAll
  static void startTraffic() {
    ground = Ground.open();
    String netRaw = "drawbridge.capabilities=net-raw";
    idle("target", "app=target", netRaw, "drawbridge.policy.in=app=good may connect any");
    idle("open", "app=open", netRaw);
    idle("good", "app=good");
    idle("evil", "app=evil");
    idle("shut", "app=shut", "drawbridge.policy.out=may connect 9 on app=x");
    ground.start(
        "db",
        Ground.labels("app=db", "drawbridge.policy.read=app=good may GET /users port 80"),
        "/bin/db");
    target = ground.sink("target");
    open = ground.sink("open");
    Await.until("requests are served", Ground.SOON, () -> get("/users").equals("200"));
  }

  private static void idle(String name, String... labels) {
    ground.idle(name, Ground.labels(labels).toArray(String[]::new));
  }

  @AfterAll
  static void stopEverything() {
    if (ground != null) {
      ground.close();
    }
  }

  private static String get(String path) {
    Output output =
        ground
            .docker()
            .run(
                "exec",
                "good",
                "curl",
                "-s",
                "-m",
                "3",
                "-o",
                "/dev/null",
                "-w",
                "%{http_code}",
                "http://" + ground.address4("db") + path);
    return output.out();
  }

  private static void inBackground(String container, String script) {
    ground.docker().must("exec", "-d", container, "/bin/sh", "-c", script);
  }

  private static String output(String container, String file) {
    try {
      Path path = ground.shared(container).resolve(file);
      return Files.exists(path) ? Files.readString(path) : "";
    } catch (IOException e) {
      throw new LabException("cannot read " + file + ": " + e.getMessage(), e);
    }
  }

  private static long requestsFor(String path) {
    return output("db", "access.log").lines().filter(line -> line.contains(" " + path)).count();
  }

  /** A loop in the container until file stop exists; a breath between rounds. */
  private static String loop(String deed) {
    return "until [ -e /common/stop ]; do " + deed + "; sleep 0.1; done";
  }

  private static String doors(String run, String address, Sink sink, String doors) {
    return "/bin/attack send %s %s %d %s >>/lab/%s.out"
        .formatted(run, address, sink.base(), doors, run);
  }

  private static void traffic() {
    String doors = "tcp mptcp tcp-fastopen udp udp-connected sendmmsg icmp-ping-socket";
    String target4 = ground.address4("target");
    String target6 = ground.address6("target");
    inBackground(
        "evil",
        loop(
            doors("evil4", target4, target, doors) + ";" + doors("evil6", target6, target, doors)));
    inBackground("shut", loop(doors("shut4", ground.address4("open"), open, doors)));
    // Ports of their own: what arrives without a token is told apart by its port.
    Sink own = ground.sink("target");
    inBackground(
        "good",
        loop(
            doors("good4", target4, own, "tcp udp")
                + ";"
                + doors("good6", target6, own, "tcp udp")));
    for (int i = 0; i < 4; i++) {
      String address = i % 2 == 0 ? target4 : target6;
      inBackground(
          "good",
          "/bin/attack stream %s %d /common/stop >/lab/stream%d.out"
              .formatted(address, own.base() + 30 + i, i));
      String file = "stream" + i + ".out";
      Await.until(
          "a stream flows", Ground.SOON, () -> output("good", file).contains("established"));
    }
    String db = "http://" + ground.address4("db");
    inBackground("good", loop("curl -s -m 2 -o /dev/null " + db + "/users " + db + "/admin"));
  }

  @Test
  void fiftyKillsLetNothingDeniedThroughAndBreakNothingAllowed() {
    System.out.println("kills: -Ddrawbridge.seed=" + SEED);
    Random random = new Random(SEED);
    traffic();
    int ready = 0;
    int failedClosed = 0;
    for (int i = 0; i < KILLS; i++) {
      if (i % 2 == 0) {
        Await.until(
            "the agent is ready", Ground.SOON, () -> ground.agent().log().contains("ready in"));
      }
      int millis = random.nextInt(i % 2 == 0 ? WORK_MILLIS : LIFE_MILLIS);
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(millis));
      ready += ground.agent().log().contains("ready in") ? 1 : 0;
      ground.agent().kill();
      if (i % 10 == 0) {
        long before = requestsFor("/users");
        assertEquals("000", get("/users"), "a request without an engine has no answer");
        assertEquals(before, requestsFor("/users"), "and does not arrive");
        failedClosed++;
      }
      ground.agent().startAndLeave();
    }
    ground.agent().kill();
    ground.agent().start();
    assertEquals("200", get("/users"), "what needs the engine recovers with the agent");
    assertEquals("403", get("/admin"));
    // Row 56 of the connectivity tests: an orderly restart breaks no more than a kill does.
    ground.agent().stop();
    ground.agent().start();
    List<String> streams = end();
    System.out.printf(
        "kills: %d, of them %d after the agent was ready; streams: %s; requests served: %d, without an"
            + " engine refused: %d%n",
        KILLS + 1, ready, streams, requestsFor("/users"), failedClosed);
    nothingDeniedArrived();
    for (String stream : streams) {
      assertTrue(stream.startsWith("ENDED\tsent\t"), stream);
      assertTrue(Long.parseLong(stream.substring(11)) > 10L * KILLS, "it stood still: " + stream);
    }
    for (String run : List.of("good4", "good6")) {
      Map<String, Long> said =
          output("good", run + ".out")
              .lines()
              .map(line -> line.split("\t", 3)[1])
              .collect(Collectors.groupingBy(word -> word, Collectors.counting()));
      assertEquals(List.of("sent"), List.copyOf(said.keySet()), run + ": " + said);
    }
    assertEquals(0, requestsFor("/admin"), "a denied request arrived");
    assertNotEquals(0, requestsFor("/users"));
  }

  private static void nothingDeniedArrived() {
    target.settle();
    open.settle();
    List<String> doors = Ground.doors();
    List<String> wrong = new ArrayList<>();
    for (int i = 0; i < doors.size(); i++) {
      for (String run : List.of("evil4", "evil6")) {
        wrong.add(target.arrived(run, doors.get(i), i));
      }
      wrong.add(open.arrived("shut4", doors.get(i), i));
    }
    wrong.removeIf(String::isEmpty);
    assertEquals(List.of(), wrong, "what is denied arrived");
    assertTrue(output("evil", "evil4.out").lines().count() > KILLS, "the attackers did not attack");
    assertTrue(output("shut", "shut4.out").lines().count() > KILLS, "the attackers did not attack");
  }

  /** Ends all traffic; what the streams say of themselves. */
  private static List<String> end() {
    try {
      Files.writeString(ground.shared("common").resolve("stop"), "");
    } catch (IOException e) {
      throw new LabException("cannot end the traffic: " + e.getMessage(), e);
    }
    List<String> ends = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      String file = "stream" + i + ".out";
      Await.until("a stream ends", Ground.SOON, () -> output("good", file).contains("ENDED"));
      ends.add(output("good", file).lines().toList().getLast());
    }
    return ends;
  }
}
