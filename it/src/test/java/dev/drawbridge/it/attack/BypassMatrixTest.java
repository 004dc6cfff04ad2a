package dev.drawbridge.it.attack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/**
 * Every door of the bypass matrix from inside real containers, IPv4 and IPv6, each a test by name.
 * A container that Drawbridge leaves alone goes through the same doors in the same run, so that a
 * sink that hears nothing cannot pass for a closed door.
 */
@Tag("it")
final class BypassMatrixTest {
  private static final String NET_RAW = "drawbridge.capabilities=net-raw";

  /** Doors that exist for IPv4 only. */
  private static final Set<String> ONLY_V4 =
      Set.of("tcp-mapped-v6", "udp-mapped-v6", "udp-v4addr-on-v6sock", "raw-fragment");

  /** A refusal that takes longer is a timeout to whoever waits for it. */
  private static final long AT_ONCE_MILLIS = 1_000;

  private record Shot(
      Attacker attacker, String family, String door, Ground.Said said, String arrived) {
    String title() {
      return attacker.title + ", " + family + ", " + door;
    }
  }

  /** Who attacks whom, and what of it is right. */
  private enum Attacker {
    BARE("without Drawbridge", "bare1", "bare2"),
    EVIL("denied by the callee", "evil", "target"),
    EVIL_RAW("denied by the callee, with NET_RAW", "evilraw", "target"),
    SHUT("denied by its own rules", "shut", "open"),
    SHUT_RAW("denied by its own rules, with NET_RAW", "shutraw", "open"),
    GOOD("allowed by a rule", "good", "target"),
    GOOD_RAW("allowed by a rule, with NET_RAW", "goodraw", "target"),
    FREE("no rules on either side, with NET_RAW", "free", "open");

    final String title;
    final String name;
    final String callee;

    Attacker(String title, String name, String callee) {
      this.title = title;
      this.name = name;
      this.callee = callee;
    }

    boolean raw() {
      return name.endsWith("raw") || this == FREE || this == BARE;
    }

    /**
     * What must come of a door: {@code nothing}, {@code on the link} (a frame was seen, no socket
     * got it) or {@code arrived}.
     */
    String expected(String door, String family) {
      if (this != BARE && raw() && door.equals("af-packet")) {
        return "nothing"; // the guard at the host's end of the veth
      }
      return switch (this) {
        case BARE -> unguarded(door, family);
        case FREE ->
            // What is made by hand is nobody's, even where nothing is closed.
            Set.of("raw-udp-hdrincl-spoof", "raw-tcp-syn").contains(door)
                ? "nothing"
                : unguarded(door, family);
        case EVIL, EVIL_RAW -> deniedByCallee(door);
        case SHUT, SHUT_RAW -> "nothing";
        case GOOD, GOOD_RAW -> allowed(door, family);
      };
    }

    private String deniedByCallee(String door) {
      return switch (door) {
        // To everybody on the link, and the attacker's own side is open: no socket of the callee
        // gets it.
        case "broadcast", "multicast" -> "on the link";
        default -> "nothing";
      };
    }

    private String allowed(String door, String family) {
      return switch (door) {
        // No rule can name them.
        case "udplite",
            "raw-udp-hdrincl-spoof",
            "raw-tcp-syn",
            "raw-fragment",
            "raw-proto-253",
            "af-packet" ->
            "nothing";
        case "icmp-raw" -> raw() ? "on the link" : "nothing";
        default -> unguarded(door, family);
      };
    }

    private static String unguarded(String door, String family) {
      return switch (door) {
        case "icmp-ping-socket", "icmp-raw", "raw-proto-253", "raw-tcp-syn", "multicast" ->
            "on the link";
        // Its checksum is wrong for IPv6.
        case "raw-udp-hdrincl-spoof" -> family.equals("v6") ? "on the link" : "arrived";
        // Connection tracking in a container of a user-defined network waits for the rest of it.
        case "raw-fragment" -> "nothing";
        // This kernel has no transport that carries them from one container to another.
        case "af-vsock", "af-smc", "sctp" -> "nothing";
        default -> "arrived";
      };
    }
  }

  @TestFactory
  Stream<DynamicTest> everyDoorIsJudgedAsItsRulesSay() {
    List<Shot> shots = new ArrayList<>();
    try (Ground ground = Ground.open()) {
      people(ground);
      for (Attacker attacker : Attacker.values()) {
        for (String family : List.of("v4", "v6")) {
          shots.addAll(attack(ground, attacker, family));
        }
      }
    }
    Table table = new Table("bypass matrix: doors");
    shots.forEach(shot ->
        table.row(
            shot.title(),
            shot.attacker.expected(shot.door, shot.family),
            Ground.outcome(shot.arrived) + late(shot)));
    table.print();
    return shots.stream()
        .map(shot ->
            DynamicTest.dynamicTest(
                shot.title() + ": " + shot.attacker.expected(shot.door, shot.family),
                () -> check(shot)));
  }

  private static String late(Shot shot) {
    boolean late = shot.arrived.isEmpty() && shot.said.millis() >= AT_ONCE_MILLIS;
    return late ? ", after " + shot.said.millis() + " ms" : "";
  }

  private static void check(Shot shot) {
    String expected = shot.attacker.expected(shot.door, shot.family);
    assertEquals(
        expected, Ground.outcome(shot.arrived), shot.said.words() + "; arrived: " + shot.arrived);
    if (expected.equals("nothing")) {
      assertTrue(
          shot.said.millis() < AT_ONCE_MILLIS,
          "refused only after " + shot.said.millis() + " ms: " + shot.said.words());
    }
  }

  private static List<Shot> attack(Ground ground, Attacker attacker, String family) {
    String callee = attacker.callee;
    String address = family.equals("v4") ? ground.address4(callee) : ground.address6(callee);
    Sink sink = ground.sink(callee);
    assertTrue(sink.sniffs(), "the sink must hear the link");
    String run = ground.freshRun();
    Map<String, Ground.Said> said = ground.send(attacker.name, run, address, sink);
    sink.settle();
    List<String> doors = Ground.doors();
    List<Shot> shots = new ArrayList<>();
    for (int i = 0; i < doors.size(); i++) {
      String door = doors.get(i);
      Ground.Said words = said.get(door);
      if (words != null && (family.equals("v4") || !ONLY_V4.contains(door))) {
        shots.add(new Shot(attacker, family, door, words, sink.arrived(run, door, i)));
      }
    }
    assertEquals(doors.size(), said.size(), "every door is tried");
    return shots;
  }

  private static void people(Ground ground) {
    for (String raw : List.of("", "raw")) {
      String[] may = raw.isEmpty() ? new String[0] : new String[] {NET_RAW};
      idle(ground, "evil" + raw, may, "app=evil");
      idle(ground, "shut" + raw, may, "app=shut", "drawbridge.policy.out=may connect 9 on app=x");
      idle(ground, "good" + raw, may, "app=good");
    }
    String[] netRaw = {NET_RAW};
    idle(ground, "free", netRaw, "app=free");
    idle(ground, "open", netRaw, "app=open");
    idle(ground, "target", netRaw, "app=target", "drawbridge.policy.in=app=good may connect any");
    idle(ground, "bare1", new String[0], "app=bare");
    idle(ground, "bare2", new String[0], "app=bare");
  }

  private static void idle(Ground ground, String name, String[] extra, String... labels) {
    List<String> all = new ArrayList<>(Ground.labels(labels));
    all.addAll(Ground.labels(extra));
    ground.idle(name, all.toArray(String[]::new));
  }
}
