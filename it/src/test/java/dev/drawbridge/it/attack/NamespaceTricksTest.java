package dev.drawbridge.it.attack;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.LabException;
import dev.drawbridge.testkit.LabNetwork;
import dev.drawbridge.testkit.Output;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/**
 * A container with NET_ADMIN changes what its own kernel does with its packets, after its socket
 * was judged: by NAT to a port and to a host that are denied, by a tunnel, under the engine's own
 * connections.
 */
@Tag("it")
final class NamespaceTricksTest {
  private static final String ARRIVES = "arrives";
  private static final int HOST_BASE = Wire.BASE + 500;
  private static final String WORLD = LabNetwork.WORLD_ADDRESS;

  private final Tricks tricks = new Tricks();

  @TestFactory
  Stream<DynamicTest> everyTrickEndsAsItsRowSays() {
    try (Ground ground = Ground.open()) {
      Wire wire = new Wire(ground);
      people(ground);
      wire.worldListens();
      wire.hostListens();
      wire.listens("open");
      nat(ground, wire);
      tunnel(ground);
      engine(ground);
    }
    Table table = new Table("namespace");
    tricks.rows().forEach(row -> table.row(row.title(), row.expected(), row.actual()));
    table.print();
    return tricks.rows().stream()
        .map(row ->
            DynamicTest.dynamicTest(
                row.title() + ": " + row.expected(),
                () -> assertEquals(row.expected(), row.actual())));
  }

  private static void people(Ground ground) {
    ground.idle(
        "open", labels("app=open", "drawbridge.capabilities=net-raw").toArray(String[]::new));
    String out = "drawbridge.policy.out=may connect " + Wire.BASE;
    // The first doors' ports: TCP is the first, UDP the seventh.
    ground.idle("rewriter", mighty("app=rewriter", out + "/tcp on world"));
    ground.idle(
        "datagrams",
        mighty(
            "app=datagrams",
            "drawbridge.policy.out=may connect " + (Wire.BASE + 6) + "/udp on world"));
    ground.idle("bare-rewriter", mighty("app=bare"));
    ground.start(
        "db",
        labels("app=db", "drawbridge.policy.read=app in (asker good) may GET /users port 80"),
        "/bin/db");
    ground.start(
        "closed",
        labels("app=closed", "drawbridge.policy.read=app=good may GET /users port 80"),
        "/bin/db");
    ground.idle("asker", mighty("app=asker"));
    ground.idle(
        "to-world",
        mighty("app=to-world", "drawbridge.policy.out=may GET /users port 21000 on world"));
  }

  private static List<String> labels(String... labels) {
    return Ground.labels(labels);
  }

  /** Programs of this machine and the capability to use them. */
  private static String[] mighty(String... labels) {
    List<String> options = new ArrayList<>(List.of("--cap-add", "NET_ADMIN", "-v", "/usr:/usr:ro"));
    options.addAll(labels(labels));
    return options.toArray(String[]::new);
  }

  private static void must(Ground ground, String container, String... command) {
    List<String> exec =
        new ArrayList<>(
            List.of("exec", "-e", "LD_LIBRARY_PATH=/usr/lib/x86_64-linux-gnu", container));
    exec.addAll(List.of(command));
    ground.docker().must(exec.toArray(String[]::new));
  }

  private static void iptables(Ground ground, String container, String... words) {
    List<String> command =
        new ArrayList<>(List.of("/usr/sbin/xtables-nft-multi", "iptables", "-t", "nat"));
    command.addAll(List.of(words));
    must(ground, container, command.toArray(String[]::new));
  }

  /** From now on what goes there goes elsewhere. */
  private static void redirect(
      Ground ground, String container, String protocol, String address, int port, String to) {
    iptables(ground, container, "-F", "OUTPUT");
    iptables(
        ground,
        container,
        "-A",
        "OUTPUT",
        "-p",
        protocol,
        "-d",
        address,
        "--dport",
        "" + port,
        "-j",
        "DNAT",
        "--to-destination",
        to);
  }

  private void nat(Ground ground, Wire wire) {
    String denied = WORLD + ":" + (Wire.BASE + 1);
    String host = LabNetwork.HOST_ADDRESS + ":" + HOST_BASE;
    String open = ground.address4("open") + ":" + Wire.BASE;
    tricks.row("allowed, as it is", ARRIVES, () -> wire.ask("rewriter", "world", "tcp"));
    tricks.row("datagram, as it is", ARRIVES, () -> wire.ask("datagrams", "world", "udp"));
    for (String to : List.of(denied, host, open)) {
      String title = to.equals(denied) ? "a denied port" : to.equals(host) ? "the host" : "another";
      redirect(ground, "bare-rewriter", "tcp", WORLD, Wire.BASE, to);
      tricks.row(
          "without Drawbridge: NAT to " + title,
          ARRIVES,
          () -> elsewhere(ground, "bare-rewriter", 0));
      redirect(ground, "rewriter", "tcp", WORLD, Wire.BASE, to);
      tricks.row(
          "NAT to " + title, "denied: rewritten", () -> wire.ask("rewriter", "world", "tcp"));
      redirect(ground, "datagrams", "udp", WORLD, Wire.BASE + 6, to);
      tricks.row(
          "datagrams, NAT to " + title,
          "nothing, denied: no-rule",
          () -> elsewhere(ground, "datagrams", 6) + ", " + wire.ask("datagrams", "world", "udp"));
    }
    iptables(ground, "rewriter", "-F", "OUTPUT");
    tricks.row("NAT is gone", ARRIVES, () -> wire.ask("rewriter", "world", "tcp"));
  }

  /** Whether what is sent to the allowed address is taken by anybody at all. */
  private static String elsewhere(Ground ground, String from, int door) {
    String name = Ground.doors().get(door);
    String run = ground.freshRun();
    ground.docker().must("exec", from, "/bin/attack", "send", run, WORLD, "" + Wire.BASE, name);
    boolean heard =
        Await.within(
            Duration.ofMillis(1_500),
            () ->
                List.of("common/sink-world", "common/sink-host", "open/sink-" + Wire.BASE).stream()
                    .anyMatch(log -> heard(ground, log, run, name)));
    return heard ? ARRIVES : "nothing";
  }

  private static boolean heard(Ground ground, String log, String run, String door) {
    String[] parts = log.split("/", 2);
    try {
      return Files.readAllLines(ground.shared(parts[0]).resolve(parts[1])).stream()
          .anyMatch(line ->
              // By a socket: the host's ends of veths are heard before their programs are asked.
              !line.startsWith("PKT ") && line.endsWith(" " + run + ":" + door));
    } catch (IOException e) {
      throw new LabException("no log " + log + ": " + e.getMessage(), e);
    }
  }

  /** A packet within a packet: the inner one goes where the socket was judged for. */
  private void tunnel(Ground ground) {
    for (String who : List.of("bare-rewriter", "datagrams")) {
      iptables(ground, who, "-F", "OUTPUT");
      ip(
          ground,
          who,
          "link add vx type vxlan id 7 dev eth0 remote "
              + LabNetwork.HOST_ADDRESS
              + " dstport "
              + (HOST_BASE + 6));
      ip(ground, who, "link set vx up");
      ip(ground, who, "route add " + WORLD + "/32 dev vx");
      ip(ground, who, "neigh add " + WORLD + " lladdr 02:00:00:00:00:01 dev vx");
      tricks.row(
          (who.startsWith("bare") ? "without Drawbridge: " : "") + "a tunnel to the host",
          who.startsWith("bare") ? ARRIVES : "nothing",
          () -> elsewhere(ground, who, 6));
    }
  }

  private static void ip(Ground ground, String container, String words) {
    List<String> command = new ArrayList<>(List.of("/usr/bin/ip"));
    command.addAll(List.of(words.split(" ", -1)));
    must(ground, container, command.toArray(String[]::new));
  }

  /** How many connections the host's sink has taken at the port of the first door. */
  private static long taken(Ground ground) {
    try {
      return Files.readAllLines(ground.shared("common").resolve("sink-host")).stream()
          .filter(line -> line.startsWith("ACCEPT " + HOST_BASE))
          .count();
    } catch (IOException e) {
      throw new LabException("no log of the host's sink: " + e.getMessage(), e);
    }
  }

  /** The engine dials from its caller's namespace, and a rule of the caller's meets its packets. */
  private void engine(Ground ground) {
    tricks.row("layer 7, as it is", "200", () -> get(ground, "asker", ground.address4("db")));
    tricks.row(
        "layer 7 to the world", "refused", () -> get(ground, "to-world", WORLD + ":" + Wire.BASE));
    redirect(ground, "asker", "tcp", ground.address4("db"), 80, ground.address4("closed") + ":80");
    tricks.row(
        "layer 7, NAT to whom its rules refuse",
        "not served",
        () -> get(ground, "asker", ground.address4("db")).equals("200") ? "served" : "not served");
    redirect(
        ground,
        "asker",
        "tcp",
        ground.address4("db"),
        80,
        LabNetwork.HOST_ADDRESS + ":" + HOST_BASE);
    tricks.row(
        "layer 7, NAT to the host",
        "not served, 0 there",
        () -> {
          long before = taken(ground);
          String said = get(ground, "asker", ground.address4("db"));
          return (said.equals("200") ? "served, " : "not served, ")
              + (taken(ground) - before)
              + " there";
        });
    iptables(ground, "asker", "-F", "OUTPUT");
    tricks.row("layer 7, NAT is gone", "200", () -> get(ground, "asker", ground.address4("db")));
  }

  private static String get(Ground ground, String from, String authority) {
    Output output =
        ground
            .docker()
            .run(
                "exec",
                from,
                "curl",
                "-s",
                "-m",
                "3",
                "-o",
                "/dev/null",
                "-w",
                "%{http_code}",
                "http://" + authority + "/users");
    return output.out().equals("000") ? "refused" : output.out();
  }
}
