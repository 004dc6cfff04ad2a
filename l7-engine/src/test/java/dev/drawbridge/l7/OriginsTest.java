package dev.drawbridge.l7;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.drawbridge.l7.CaseFiles.Case;
import dev.drawbridge.l7.Generated.PathCase;
import dev.drawbridge.l7.RealOrigin.Line;
import dev.drawbridge.l7.streams.Stream.Request;
import dev.drawbridge.policy.Decision;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The streams and paths of HTTP/1 against servers of four kinds. */
@Tag("it")
final class OriginsTest {
  private static final String[] DENY_DENIED = CasesTest.DENY_DENIED;

  private static final long PATIENCE_NANOS = 2_000_000_000L;
  private static final long POLL_NANOS = 1_000_000L;

  /** How a stream is sent. */
  private enum Way {
    WHOLE,
    SINGLY,
    REUSED
  }

  private final List<String> violations = new ArrayList<>();
  private int clean;

  /** Node ends the connection after HTTP/1.0, whatever was asked: what follows is not answered. */
  private boolean endsAfter10;

  @ParameterizedTest
  @ValueSource(strings = {"nginx", "apache2", "node", "jetty"})
  void keepsTheOneRuleBefore(String name, @TempDir Path directory) throws Exception {
    List<Case> cases = Generated.all();
    endsAfter10 = name.equals("node");
    int runs = 0;
    int paths;
    try (RealOrigin origin = RealOrigin.start(name, directory);
        Scene scene = new Scene(origin.address(), DENY_DENIED)) {
      int number = 0;
      for (Case one : cases) {
        number++;
        for (Way way : Way.values()) {
          if (way == Way.SINGLY && one.bytes().length > 3000) {
            continue;
          }
          if (way != Way.WHOLE
              && one.exact() != null
              && number % 8 != (way == Way.SINGLY ? 1 : 2)) {
            continue;
          }
          runs++;
          String violation = check(origin, scene, one, way);
          if (!violation.isEmpty()) {
            violations.add(one.id() + " " + way + " strict " + one.strict() + ": " + violation);
          }
        }
      }
      paths = paths(origin, scene);
    }
    System.out.println(
        name
            + ": "
            + cases.size()
            + " streams in "
            + runs
            + " runs, "
            + paths
            + " paths, "
            + violations.size()
            + " violations");
    assertTrue(cases.size() > 3000 && paths > 900, cases.size() + " and " + paths);
    if (!violations.isEmpty()) {
      fail(violations.size() + " violations:\n" + String.join("\n", violations));
    }
  }

  private String check(RealOrigin origin, Scene scene, Case one, Way way) throws Exception {
    scene.records.clear();
    try (RawClient client = new RawClient(scene.listener.port4())) {
      if (way == Way.REUSED) {
        client.send("GET /first HTTP/1.1\r\nHost: a.test\r\n\r\n");
        if (client.answer().status() >= 300) {
          return "the clean request before it failed";
        }
        scene.records.clear();
      }
      if (way == Way.SINGLY) {
        client.sendSingly(one.bytes());
      } else {
        try {
          client.send(one.bytes());
        } catch (IOException _) {
          // Refused before the end.
        }
      }
      if (one.accepted()) {
        // Jetty answers no request after the client's end, with an engine between them or without.
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        while (passed(scene) < allowed(one) && System.nanoTime() < deadline) {
          LockSupport.parkNanos(POLL_NANOS);
        }
      }
      client.endOutput();
      client.answers();
    }
    Waiting.until("no connection", () -> scene.engine.stats().connections() == 0);
    long passed = passed(scene);
    List<Line> lines = new ArrayList<>(afterACleanRequest(origin, scene));
    // On a busy machine Apache may log the one of an earlier connection after a later connection's.
    lines.removeIf(line -> line.target().equals("/first"));
    return judge(origin, one, lines, passed);
  }

  private static long passed(Scene scene) {
    return scene.records.stream()
        .filter(r -> r.decision() == Decision.ALLOW && Scene.status(r) != 0)
        .count();
  }

  /** What the origin saw before a clean request on a new connection, which it must answer. */
  private List<Line> afterACleanRequest(RealOrigin origin, Scene scene) throws Exception {
    String target = "/clean-" + ++clean;
    try (RawClient client = new RawClient(scene.listener.port4())) {
      client.send("GET " + target + " HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n");
      int status = client.answer().status();
      if (status != 200 && status != 204) {
        throw new IllegalStateException("a clean request was answered " + status);
      }
    }
    return origin.takeUpTo(target);
  }

  private String judge(RealOrigin origin, Case one, List<Line> lines, long passed) {
    int allowed = allowed(one);
    int whole = 0;
    for (Line line : lines) {
      if (line.target().startsWith("/denied")) {
        return "the origin saw " + line;
      }
      whole += line.whole() ? 1 : 0;
    }
    // One that does not wait for bodies also tells of the head of a body that was refused.
    int most = allowed + (origin.waitsForBodies() || !one.rejected() ? 0 : 1);
    if (whole > most) {
      return "the origin saw " + lines + ", allowed were " + allowed;
    }
    if (one.exact() != null && unknown(lines, one.exact().allowed()) > most - allowed) {
      return "the origin saw " + lines + ", and should have seen " + one.exact().allowed();
    }
    boolean all = !endsAfter10 || !one.text().contains(" HTTP/1.0\r\n");
    if (one.accepted() && all && passed < allowed) {
      return "only " + passed + " of " + allowed + " passed";
    }
    return "";
  }

  /** How many of the lines are none of the requests, in their order. */
  private static int unknown(List<Line> lines, List<Request> allowed) {
    int unknown = 0;
    int next = 0;
    for (Line line : lines) {
      int at = next;
      while (at < allowed.size() && !same(line, allowed.get(at))) {
        at++;
      }
      if (at < allowed.size()) {
        next = at + 1;
      } else {
        unknown += line.whole() ? 1 : 0;
      }
    }
    return unknown;
  }

  /** Logs write some octets otherwise: where one may be among them only the method counts. */
  private static boolean same(Line line, Request request) {
    return line.method().equals(request.method())
        && (line.target().equals(request.target())
            || line.target().equals(local(request.target()))
            || !request.target().matches("[!-~&&[^\"\\\\]]*"));
  }

  /** Of a target in the absolute form many servers write the path alone. */
  private static String local(String target) {
    String rest = target.replaceFirst("(?i)^http://[^/?]*", "");
    return rest.startsWith("/") ? rest : "/" + rest;
  }

  private static int allowed(Case one) {
    if (one.exact() != null) {
      return one.exact().allowed().size();
    }
    if (!one.requests().isEmpty()) {
      return (int) one.requests().stream().filter(r -> !r.target().matches(".*/*denied.*")).count();
    }
    int accepted =
        one.strict().startsWith("accept-")
            ? Integer.parseInt(one.strict().replaceAll("accept-(\\d+).*", "$1"))
            : 0;
    return one.verdict().equals("denied-visible") ? accepted - 1 : accepted;
  }

  private int paths(RealOrigin origin, Scene scene) throws Exception {
    int count = 0;
    for (PathCase one : Generated.paths()) {
      count++;
      String[] rules = one.rules();
      String[] withClean = java.util.Arrays.copyOf(rules, rules.length + 1);
      withClean[rules.length] = "app=api may GET /clean-*";
      scene.publish(withClean);
      scene.records.clear();
      try (RawClient client = new RawClient(scene.listener.port4())) {
        client.send(
            ("GET " + one.path() + " HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n")
                .getBytes(StandardCharsets.UTF_8));
        client.answers();
      }
      boolean passed = scene.records.stream().anyMatch(r -> r.decision() == Decision.ALLOW);
      List<Line> lines = afterACleanRequest(origin, scene);
      boolean right = one.either() || (one.passes() ? passed : !passed && lines.isEmpty());
      if (!right) {
        violations.add(one.id() + " " + one.path() + " passes " + one.passes() + ": " + lines);
      }
    }
    return count;
  }
}
