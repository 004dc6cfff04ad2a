package dev.drawbridge.it.attack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.testkit.LabException;
import dev.drawbridge.testkit.Shell;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/**
 * The rows of the bypass matrix that need time: sockets older than the guard, sockets made in one
 * cgroup and used in another, sockets passed on, cgroups below the container's. Each is a test by
 * name, for a container that is denied and for one that is allowed.
 */
@Tag("it")
final class BypassInTimeTest {
  private static final String NET_RAW = "drawbridge.capabilities=net-raw";

  private final List<Row> rows = new ArrayList<>();

  private record Row(String title, String expected, String actual, String said) {}

  /** Who goes where. */
  private enum Pair {
    SHUT("shut", "open", false),
    EVIL("evil", "target", false),
    GOOD("good", "target", true);

    final String caller;
    final String callee;
    final boolean allowed;

    Pair(String caller, String callee, boolean allowed) {
      this.caller = caller;
      this.callee = callee;
      this.allowed = allowed;
    }
  }

  /** What happens to the process after it has opened its sockets. */
  private enum Turn {
    STAY("it stays"),
    LEAVE("its process leaves the cgroup (created-inside-then-leave, leave-then-create)"),
    JOIN("a host process joins the cgroup (created-outside-then-join)"),
    NESTED("its process moves to a cgroup below (parent-cg-child)"),
    OVERRULED("the cgroup below allows all (child-overrides)");

    final String title;

    Turn(String title) {
      this.title = title;
    }

    /** A socket's identity is its creator's cgroup; what was made elsewhere is not vouched for. */
    String expected(Pair pair, String door) {
      boolean fresh = door.startsWith("fresh");
      boolean elsewhere = (this == LEAVE && fresh) || (this == JOIN && !fresh);
      if (!elsewhere) {
        return pair.allowed ? "arrived" : "nothing";
      }
      // Nobody vouches for such packets, so they end at the host's end of the veth.
      return "nothing";
    }
  }

  @TestFactory
  Stream<DynamicTest> everyMomentIsJudgedAsItsRulesSay() throws IOException {
    try (Ground ground = Ground.open()) {
      people(ground);
      for (String family : List.of("v4", "v6")) {
        for (Turn turn : Turn.values()) {
          for (Pair pair : Pair.values()) {
            turn(ground, family, turn, pair);
          }
        }
        late(ground, family, "late", "may connect 9 on app=x", false);
        late(ground, family, "lateok", "may connect any on app=open", true);
        passedOn(ground, family, "good", "evil", "target", "arrived");
        passedOn(ground, family, "evil", "good", "target", "nothing");
        passedOn(ground, family, "shut", "good", "open", "nothing");
      }
    }
    Table table = new Table("bypass matrix: moments");
    rows.forEach(row -> table.row(row.title, row.expected, row.actual));
    table.print();
    assertTrue(rows.size() > 150, "rows: " + rows.size());
    return rows.stream()
        .map(row ->
            DynamicTest.dynamicTest(
                row.title + ": " + row.expected,
                () -> assertEquals(row.expected, row.actual, row.said)));
  }

  private static void people(Ground ground) {
    idle(ground, "open", "app=open", NET_RAW);
    idle(ground, "target", "app=target", NET_RAW, "drawbridge.policy.in=app=good may connect any");
    idle(ground, "shut", "app=shut", "drawbridge.policy.out=may connect 9 on app=x");
    idle(ground, "good", "app=good");
    idle(ground, "evil", "app=evil");
  }

  private static void idle(Ground ground, String name, String... labels) {
    ground.idle(name, Ground.labels(labels).toArray(String[]::new));
  }

  private static String address(Ground ground, String family, String callee) {
    return family.equals("v4") ? ground.address4(callee) : ground.address6(callee);
  }

  private void turn(Ground ground, String family, Turn turn, Pair pair) throws IOException {
    String address = address(ground, family, pair.callee);
    if (family.equals("v6")) {
      knowNeighbour(ground, pair.caller, pair.callee);
      knowNeighbour(ground, pair.callee, pair.caller);
    }
    Sink sink = ground.sink(pair.callee);
    String run = ground.freshRun();
    Held held =
        turn == Turn.JOIN
            ? fromHost(ground, pair.caller, run, address, sink)
            : Held.start(ground, pair.caller, run, address, sink);
    Path own = ground.cgroup(pair.caller);
    Path below = own.resolve("below-" + run);
    switch (turn) {
      case STAY -> {}
      case LEAVE -> held.moveTo(Ground.rootCgroup());
      case JOIN -> held.moveTo(own);
      case NESTED -> held.moveTo(Files.createDirectory(below));
      case OVERRULED -> {
        Files.createDirectory(below);
        Shell.must(Ground.attacker().toString(), "overrule", below.toString());
        held.moveTo(below);
      }
    }
    tell(
        family + ", " + pair.caller + " -> " + pair.callee + ", " + turn.title,
        held,
        sink,
        run,
        door -> turn.expected(pair, door));
  }

  /** The kernel's own question for a neighbour is another test's matter (trick 4). */
  private static void knowNeighbour(Ground ground, String caller, String callee) {
    String link =
        ground
            .docker()
            .inspect(callee, "{{range .NetworkSettings.Networks}}{{.MacAddress}}{{end}}");
    Shell.must(
        "nsenter",
        "--net=/proc/" + ground.pid(caller) + "/ns/net",
        "ip",
        "-6",
        "neigh",
        "replace",
        ground.address6(callee),
        "lladdr",
        link,
        "dev",
        "eth0",
        "nud",
        "permanent");
  }

  private static Held fromHost(
      Ground ground, String container, String run, String address, Sink sink) {
    String command =
        Held.command(run, address, sink)
            .replace("/lab/", ground.shared(container) + "/")
            .replace("/bin/attack", Ground.attacker().toString());
    try {
      new ProcessBuilder(
              "nsenter", "--net=/proc/" + ground.pid(container) + "/ns/net", "sh", "-c", command)
          .start();
    } catch (IOException e) {
      throw new LabException("cannot start a host process: " + e.getMessage(), e);
    }
    return Held.waiting(ground, container, run);
  }

  private interface Expectation {
    String of(String door);
  }

  private void tell(String title, Held held, Sink sink, String run, Expectation expected) {
    Map<String, Ground.Said> said = held.go();
    sink.settle();
    for (int i = 0; i < Held.DOORS.size(); i++) {
      String door = Held.DOORS.get(i);
      // An established connection has been accepted long ago: only its token is news.
      String arrived = sink.arrived(run, door, door.equals("established") ? -1 : i);
      Ground.Said words = said.get(door);
      rows.add(
          new Row(
              title + ": " + door,
              expected.of(door),
              Ground.outcome(arrived),
              words + "; arrived: " + arrived));
    }
  }

  private void late(Ground ground, String family, String name, String rule, boolean allowed) {
    Sink sink = ground.sink("open");
    String run = ground.freshRun();
    Held held =
        Held.late(
            ground, name + family, "app=" + name, rule, run, address(ground, family, "open"), sink);
    tell(
        family + ", attached late, " + (allowed ? "allowed" : "denied"),
        held,
        sink,
        run,
        // A connection that nobody judged when it began is cut, even if it would be allowed now.
        door -> allowed && !door.equals("established") ? "arrived" : "nothing");
  }

  private void passedOn(
      Ground ground, String family, String giver, String taker, String callee, String expected) {
    Sink sink = ground.sink(callee);
    String run = ground.freshRun();
    String address = address(ground, family, callee);
    String arguments = run + " " + address + " " + sink.base() + " /common/" + run;
    ground
        .docker()
        .must(
            "exec",
            "-d",
            giver,
            "/bin/sh",
            "-c",
            "/bin/attack give " + arguments + " >/lab/" + run + ".out");
    Held.waiting(ground, giver, run);
    List<String> command = new ArrayList<>(List.of("exec", taker, "/bin/attack", "take"));
    command.addAll(List.of(arguments.split(" ")));
    Map<String, Ground.Said> said =
        Ground.said(ground.docker().must(command.toArray(String[]::new)));
    sink.settle();
    List<String> doors = List.of("fd-passed-connected", "fd-passed-unconnected", "fd-passed-udp");
    for (int i = 0; i < doors.size(); i++) {
      String door = doors.get(i);
      String arrived = sink.arrived(run, door, i == 0 ? -1 : i);
      rows.add(
          new Row(
              family + ", " + giver + " gives, " + taker + " uses: " + door,
              expected,
              Ground.outcome(arrived),
              said.get(door) + "; arrived: " + arrived));
    }
  }
}
