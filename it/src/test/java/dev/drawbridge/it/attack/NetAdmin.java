package dev.drawbridge.it.attack;

import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.LabException;
import dev.drawbridge.testkit.LabNetwork;
import dev.drawbridge.testkit.Output;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Containers with CAP_NET_ADMIN and the programs of this machine, and what they do with both. */
final class NetAdmin {
  /** Where {@link #elsewhere} looks: whoever hears of it at any port. */
  private static final List<String> LOGS =
      List.of("common/sink-world", "common/sink-host", "open/sink-" + Wire.BASE);

  private final Ground ground;

  NetAdmin(Ground ground) {
    this.ground = ground;
  }

  /** Options of a container that has the capability, the device for packets, and the programs. */
  static String[] mighty(String... labels) {
    List<String> options =
        new ArrayList<>(
            List.of("--cap-add", "NET_ADMIN", "--device", "/dev/net/tun", "-v", "/usr:/usr:ro"));
    options.addAll(Ground.labels(labels));
    return options.toArray(String[]::new);
  }

  private static List<String> within(String container, String... command) {
    List<String> exec =
        new ArrayList<>(
            List.of("exec", "-e", "LD_LIBRARY_PATH=/usr/lib/x86_64-linux-gnu", container));
    exec.addAll(List.of(command));
    return exec;
  }

  /** Runs a command line whose words are parted by single blanks. */
  void must(String container, String line) {
    ground.docker().must(within(container, line.split(" ", -1)).toArray(String[]::new));
  }

  /** A deed of the attacker that ends. */
  void attack(String container, String... deed) {
    List<String> command = new ArrayList<>(List.of("/bin/attack"));
    command.addAll(List.of(deed));
    ground.docker().must(within(container, command.toArray(String[]::new)).toArray(String[]::new));
  }

  Output run(String container, String line) {
    return ground.docker().run(within(container, line.split(" ", -1)).toArray(String[]::new));
  }

  /** Several of them, until one fails: whether none did. What no kernel has here fails. */
  boolean can(String container, String... lines) {
    return Stream.of(lines).allMatch(line -> run(container, line).ok());
  }

  void iptables(String container, boolean v4, String words) {
    must(container, "/usr/sbin/xtables-nft-multi " + (v4 ? "iptables" : "ip6tables") + " " + words);
  }

  /** From now on what goes there goes elsewhere. */
  void redirect(String container, String protocol, String address, int port, String to) {
    boolean v4 = !address.contains(":");
    iptables(container, v4, "-t nat -F OUTPUT");
    iptables(
        container,
        v4,
        "-t nat -A OUTPUT -p %s -d %s --dport %d -j DNAT --to-destination %s"
            .formatted(protocol, address, port, to));
  }

  void noRedirect(String container) {
    iptables(container, true, "-t nat -F OUTPUT");
    iptables(container, false, "-t nat -F OUTPUT");
  }

  /**
   * Starts a deed of the attacker that goes on, and waits until it is ready.
   *
   * @param name of it, unique in the container
   */
  void starts(String container, String name, String... deed) {
    List<String> command =
        new ArrayList<>(
            List.of(
                "exec",
                "-d",
                container,
                "/bin/sh",
                "-c",
                "exec /bin/attack \"$@\" >/lab/" + name,
                name));
    command.addAll(List.of(deed));
    ground.docker().must(command.toArray(String[]::new));
    Path said = ground.shared(container).resolve(name);
    Await.until(name + " in " + container, Ground.SOON, () -> text(said).startsWith("READY"));
  }

  private static String text(Path file) {
    try {
      return Files.exists(file) ? Files.readString(file) : "";
    } catch (IOException e) {
      throw new LabException("cannot read " + file + ": " + e.getMessage(), e);
    }
  }

  /**
   * What leaves by a device goes to a device of the attacker's first, and from there, changed, to
   * the first one: a filter of the traffic control redirects it, after every program of a socket.
   *
   * @param tap the attacker's device
   * @param what the deed's arguments after the device
   */
  void between(String container, String device, String tap, String... what) {
    List<String> deed = new ArrayList<>(List.of("tap", tap));
    deed.addAll(List.of(what));
    starts(container, tap, deed.toArray(String[]::new));
    String tc = "/usr/sbin/tc ";
    must(container, "/usr/bin/ip link set " + tap + " up");
    must(container, tc + "qdisc add dev " + tap + " clsact");
    must(
        container,
        tc
            + "filter add dev %s ingress protocol ip u32 match u32 0 0 action mirred egress redirect dev %s"
                .formatted(tap, device));
    must(container, tc + "qdisc add dev " + device + " clsact");
    for (int protocol : List.of(6, 17)) {
      must(
          container,
          tc
              + "filter add dev %s egress protocol ip u32 match ip tos 0 0xff match ip protocol %d 0xff action mirred egress redirect dev %s"
                  .formatted(device, protocol, tap));
    }
  }

  void nothingBetween(String container, String device) {
    must(container, "/usr/sbin/tc qdisc del dev " + device + " clsact");
  }

  /** What leaves by a device goes to the attacker's queue of the netfilter first. */
  void queues(String container, String device, int number, String old, String fresh) {
    starts(container, "queue" + number, "queue", Integer.toString(number), old, fresh);
    iptables(
        container,
        true,
        "-t mangle -A OUTPUT -o " + device + " -p tcp -j NFQUEUE --queue-num " + number);
  }

  void noQueues(String container) {
    iptables(container, true, "-t mangle -F OUTPUT");
  }

  /** Whether what is sent to the world's allowed address is taken by anybody at all. */
  String elsewhere(String from, int door) {
    return elsewhere(from, LabNetwork.WORLD_ADDRESS, door);
  }

  String elsewhere(String from, String address, int door) {
    String name = Ground.doors().get(door);
    String run = ground.freshRun();
    ground.docker().must("exec", from, "/bin/attack", "send", run, address, "" + Wire.BASE, name);
    return Await.within(
            Duration.ofMillis(1_500), () -> LOGS.stream().anyMatch(log -> heard(log, run, name)))
        ? "arrives"
        : Ground.NOTHING;
  }

  private boolean heard(String log, String run, String door) {
    String[] parts = log.split("/", 2);
    // By a socket: the host's ends of veths are heard before their programs are asked.
    return text(ground.shared(parts[0]).resolve(parts[1]))
        .lines()
        .anyMatch(line -> !line.startsWith("PKT ") && line.endsWith(" " + run + ":" + door));
  }

  /** How many connections the host's sink has taken at a port. */
  long taken(int port) {
    return text(ground.shared("common").resolve("sink-host"))
        .lines()
        .filter(line -> line.startsWith("ACCEPT " + port))
        .count();
  }

  /**
   * Asks a database of the scenario, and says what it answered and what requests came to it.
   *
   * @param paths one request each, on one connection
   */
  String asks(String from, String callee, String... paths) {
    List<String> curl =
        new ArrayList<>(List.of("exec", from, "curl", "-s", "-m", "3", "-w", "%{http_code} "));
    for (String path : paths) {
      curl.addAll(List.of("-o", "/dev/null", "http://" + ground.address4(callee) + path));
    }
    StringBuilder said = new StringBuilder();
    String came =
        came(
            callee,
            paths.length,
            () -> said.append(ground.docker().run(curl.toArray(String[]::new)).out().strip()));
    return said + ": " + came;
  }

  /**
   * What requests come to a database of the scenario.
   *
   * @param most how many there can be, for whom one needs to wait no longer
   */
  String came(String callee, int most, Runnable deed) {
    Path log = ground.shared(callee).resolve("access.log");
    final long before = text(log).lines().count();
    deed.run();
    // Written when the answer has been sent.
    boolean _ =
        Await.within(
            Duration.ofMillis(400), () -> most > 0 && text(log).lines().count() >= before + most);
    List<String> requests =
        text(log)
            .lines()
            .skip(before)
            .map(line -> line.split(" ", 2)[1].replace(" 80", ""))
            .toList();
    return requests.isEmpty() ? Ground.NOTHING : String.join(", ", requests);
  }
}
