package dev.drawbridge.it.attack;

import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.LabException;
import dev.drawbridge.testkit.Output;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/**
 * The agent is killed, and a neighbour in the same network namespace takes the ports that the
 * engine listened on: it gets nothing of what was meant for the engine.
 */
@Tag("it")
final class DeadAgentTest {
  private static final int LISTENING = 0x0A;
  private static final int LAST_BASE = 65_536 - Sink.PORTS;
  private static final long AT_ONCE_MILLIS = 1_000;

  private final Tricks tricks = new Tricks();

  @TestFactory
  Stream<DynamicTest> everyTrickEndsAsItsRowSays() {
    try (Ground ground = Ground.open()) {
      ground.start(
          "db",
          Ground.labels("app=db", "drawbridge.policy.read=app=good may GET /users port 80"),
          "/bin/db");
      ground.idle("good", Ground.labels("app=good").toArray(String[]::new));
      ground.startElsewhere(
          "neighbour",
          List.of("--network", "container:good", "--label", "app=neighbour"),
          "/bin/sleep",
          "100000");
      tricks.row("the agent lives: a request", "200", () -> get(ground, false));
      tricks.row("the agent lives: a request by IPv6", "200", () -> get(ground, true));
      int port4 = port(ground, "tcp", "0100007F");
      int port6 = port(ground, "tcp6", "0".repeat(24) + "01000000");
      SortedSet<Integer> ports = new TreeSet<>(List.of(port4, port6));
      ground.agent().kill();
      tricks.row("killed: a request", "refused at once", () -> get(ground, false));
      List<Sink> sinks = take(ground, ports);
      for (boolean v6 : List.of(false, true)) {
        tricks.row(
            "killed, the port is a neighbour's: a request by " + (v6 ? "IPv6" : "IPv4"),
            "refused at once",
            () -> get(ground, v6));
      }
      // Whoever has read the number may as well go there without being sent.
      tricks.row(
          "killed, the port is a neighbour's: 127.0.0.1 itself",
          "refused",
          () -> direct(ground, "127.0.0.1", port4));
      tricks.row(
          "killed, the port is a neighbour's: ::1 itself",
          "refused",
          () -> direct(ground, "::1", port6));
      tricks.row("what the neighbour got", "[]", () -> got(sinks, ports).toString());
      ground.agent().start();
      tricks.row(
          "the agent is back: a request",
          "200",
          () -> {
            Await.within(Ground.SOON, () -> get(ground, false).equals("200"));
            return get(ground, false);
          });
    }
    return tricks.tests("dead agent");
  }

  private static String get(Ground ground, boolean v6) {
    String host = v6 ? "[" + ground.address6("db") + "]" : ground.address4("db");
    long began = System.nanoTime();
    Output output =
        ground
            .docker()
            .run(
                "exec",
                "good",
                "curl",
                "-g",
                "-s",
                "-m",
                "3",
                "-o",
                "/dev/null",
                "-w",
                "%{http_code} %{time_total}",
                "http://" + host + "/users");
    String[] said = output.out().split(" ", 2);
    if (!said[0].equals("000")) {
      return said[0];
    }
    return Double.parseDouble(said[1]) * 1_000 < AT_ONCE_MILLIS
        ? "refused at once"
        : "refused after " + (System.nanoTime() - began) / 1_000_000 + " ms";
  }

  /** The port that something listens on at that address of the namespace: the engine's. */
  private static int port(Ground ground, String table, String address) {
    Path file = Path.of("/proc", ground.pid("good"), "net", table);
    try {
      for (String line : Files.readAllLines(file).stream().skip(1).toList()) {
        String[] fields = line.strip().split("\\s+", -1);
        if (fields[1].startsWith(address + ":") && Integer.parseInt(fields[3], 16) == LISTENING) {
          return Integer.parseInt(fields[1].substring(address.length() + 1), 16);
        }
      }
    } catch (IOException e) {
      throw new LabException("cannot read " + file + ": " + e.getMessage(), e);
    }
    throw new LabException("nobody listens on " + address + " in the namespace of good");
  }

  /** A sink takes many ports on both families; one may cover both. */
  private static List<Sink> take(Ground ground, SortedSet<Integer> ports) {
    List<Sink> sinks = new ArrayList<>();
    int next = 0;
    for (int port : ports) {
      if (port >= next) {
        int base = Math.min(port, LAST_BASE);
        sinks.add(Sink.start(ground, "neighbour", base));
        next = base + Sink.PORTS;
      }
    }
    return sinks;
  }

  private static String direct(Ground ground, String address, int port) {
    Output output =
        ground
            .docker()
            .run("exec", "good", "/bin/attack", "send", "direct", address, "" + port, "tcp");
    Ground.Said said = Ground.said(output.out()).get("tcp");
    return said == null || said.sent() ? output.text() : "refused";
  }

  private static List<String> got(List<Sink> sinks, SortedSet<Integer> ports) {
    List<String> lines = new ArrayList<>();
    for (Sink sink : sinks) {
      for (String line : sink.lines()) {
        boolean connection = line.startsWith("ACCEPT ") || line.startsWith("DATA ");
        if (connection && ports.contains(Integer.parseInt(line.split(" ", 3)[1]))) {
          lines.add(line);
        }
      }
    }
    return lines;
  }
}
