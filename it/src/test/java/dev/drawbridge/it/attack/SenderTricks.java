package dev.drawbridge.it.attack;

import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.LabNetwork;
import dev.drawbridge.testkit.Shell;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Tricks 1 to 14: what somebody sends, and as whom. */
final class SenderTricks {
  private static final String NET_RAW = "drawbridge.capabilities=net-raw";

  private final Ground ground;
  private final Tricks tricks;

  SenderTricks(Ground ground, Tricks tricks) {
    this.ground = ground;
    this.tricks = tricks;
  }

  void tryAll() {
    packets();
    addresses();
    sockets();
    identities();
    spoofs();
  }

  private void idle(String name, List<String> extra, String... labels) {
    List<String> options = new ArrayList<>(Ground.labels(labels));
    options.addAll(extra);
    ground.start(name, options, "/bin/sleep", "100000");
  }

  private void packets() {
    for (String door : List.of("raw-udp-hdrincl-spoof", "raw-tcp-syn", "raw-proto-253")) {
      tricks.row(
          "1 raw, by a rule allowed to connect any: " + door,
          Ground.NOTHING,
          () -> ground.reach("goodraw", "target", door));
    }
    // Where nothing tracks connections, a fragment leaves as it is.
    for (String name : List.of("fragments", "bareplain", "bareplain2")) {
      ground.startElsewhere(name, Ground.labels("app=" + name, NET_RAW), "/bin/sleep", "100000");
    }
    // The bridge waits for the rest of them, so they are looked for where they leave the container.
    Sink host = Sink.outside(ground, "fragments", 40_000, ground.lab().network()::onHost);
    for (String name : List.of("bareplain", "fragments")) {
      boolean bare = name.startsWith("bare");
      tricks.row(
          "1 user-made fragment" + (bare ? ", without Drawbridge" : ""),
          bare ? "leaves" : Ground.NOTHING,
          () -> fragment(name, host));
    }
    tricks.row(
        "2 AF_PACKET, an ordinary container",
        Ground.NOTHING,
        () -> ground.reach("shut", "open", "af-packet"));
    tricks.row(
        "2 AF_PACKET, a container that keeps NET_RAW: closed at the host's veth",
        Ground.NOTHING,
        () -> ground.reach("shutraw", "open", "af-packet"));
    tricks.row(
        "3 ICMP tunnel out, no rule",
        Ground.NOTHING,
        () -> ground.reach("shut", "open", "icmp-ping-socket"));
    tricks.row(
        "3 ICMP tunnel out, a rule names icmp",
        "on the link",
        () -> ground.reach("pinger", "open", "icmp-ping-socket"));
    idle("pinged", List.of(), "app=pinged", "drawbridge.policy.in=host may connect icmp");
    tricks.row(
        "3 ICMP tunnel in: the host pings a closed container", Ground.NOTHING, () -> ping("db"));
    tricks.row(
        "3 ICMP tunnel in: one with NET_RAW, allowed to another",
        Ground.NOTHING,
        () -> ping("target"));
    tricks.row("3 ICMP in, by a rule", "answered", () -> ping("pinged"));
  }

  /** The host asks, and the container's kernel would answer by itself. */
  private String ping(String name) {
    String[] ping = {"busybox", "ping", "-c", "1", "-W", "1", ground.address4(name)};
    return Shell.run(ground.lab().network().onHost(ping).toArray(String[]::new)).ok()
        ? "answered"
        : Ground.NOTHING;
  }

  private String fragment(String from, Sink host) {
    String run = ground.freshRun();
    ground.send(from, run, ground.address4("bareplain2"), host, "raw-fragment");
    return Await.within(Duration.ofMillis(500), () -> host.heard(run, "raw-fragment"))
        ? "leaves"
        : Ground.NOTHING;
  }

  private void addresses() {
    for (String door : List.of("tcp-mapped-v6", "udp-mapped-v6", "udp-v4addr-on-v6sock")) {
      tricks.row("4 " + door, Ground.NOTHING, () -> ground.reach("evil", "target", door));
    }
    tricks.row(
        "4 IPv6",
        Ground.NOTHING,
        () -> ground.reach("evil", "target", ground.address6("target"), "tcp"));
    tricks.row(
        "4 an address of the link, with its zone",
        Ground.NOTHING,
        () -> ground.reach("shut", "open", linkLocal("open"), "udp"));
    tricks.row(
        "4 an address of the link, callee denies",
        "not received",
        () ->
            ground.reach("evil", "target", linkLocal("target"), "tcp").equals(Ground.ARRIVED)
                ? "received"
                : "not received");
    tricks.row(
        "4 0.0.0.0 is the container itself",
        Ground.ARRIVED,
        () -> ground.reach("shut", "shut", "0.0.0.0", "tcp"));
    tricks.row(
        "4 NAT64",
        Ground.NOTHING,
        () -> ground.reach("shut", "open", "64:ff9b::" + ground.address4("open"), "udp"));
    tricks.row("4 broadcast", Ground.NOTHING, () -> ground.reach("shut", "open", "broadcast"));
    tricks.row("4 multicast", Ground.NOTHING, () -> ground.reach("shut", "open", "multicast"));
    tricks.row(
        "4 IPv6 by a rule, the neighbour not yet known",
        Ground.ARRIVED,
        () -> ground.reach("pinger", "open", ground.address6("open"), "tcp"));
  }

  private String linkLocal(String name) {
    String text =
        ground.inNetworkOf(name, "ip", "-6", "-o", "addr", "show", "dev", "eth0", "scope", "link");
    return text.replaceFirst("(?s).*inet6 ([0-9a-f:]+)/.*", "$1") + "%eth0";
  }

  private void sockets() {
    for (String door : List.of("tcp-fastopen", "tcp-iouring", "udp-iouring", "mptcp", "sendmmsg")) {
      tricks.row("5 " + door, Ground.NOTHING, () -> ground.reach("evil", "target", door));
      tricks.row(
          "5 " + door + ", by a rule", Ground.ARRIVED, () -> ground.reach("good", "target", door));
    }
    tricks.row(
        "5 MPTCP where an HTTP rule decides",
        Ground.NOTHING,
        () -> ground.reach("good", "web", "mptcp"));
    Sink sink = ground.sink("open");
    String run = ground.freshRun();
    Held held =
        Held.late(
            ground,
            "late",
            "app=late",
            "may connect 9 on app=x",
            run,
            ground.address4("open"),
            sink);
    held.go();
    sink.settle();
    for (String door : List.of("established", "created", "udp-connected-before", "udp-cork")) {
      int offset = door.equals("established") ? -1 : Held.DOORS.indexOf(door);
      tricks.row(
          "6 sockets open before attach: " + door,
          Ground.NOTHING,
          () -> Ground.outcome(sink.arrived(run, door, offset)));
    }
    tricks.row(
        "6 and it is said",
        "reported attached late",
        () -> ground.hasProblem("late", "DB0501") ? "reported attached late" : "not reported");
    tricks.row("7 fd passing, made by one that may", Ground.ARRIVED, () -> passed("good", "evil"));
    tricks.row(
        "7 fd passing, made by one that may not", Ground.NOTHING, () -> passed("evil", "good"));
  }

  private String passed(String giver, String taker) {
    Sink sink = ground.sink("target");
    String run = ground.freshRun();
    String arguments =
        run + " " + ground.address4("target") + " " + sink.base() + " /common/" + run;
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
    ground.docker().must("exec", taker, "/bin/sh", "-c", "/bin/attack take " + arguments);
    sink.settle();
    return Ground.outcome(sink.arrived(run, "fd-passed-unconnected", 1));
  }

  private void identities() {
    for (String owner : List.of("good", "evil")) {
      String other = owner.equals("good") ? "evil" : "good";
      ground.startElsewhere(
          other + "-in-" + owner,
          List.of("--network", "container:" + owner, "--label", "app=" + other),
          "/bin/sleep",
          "100000");
    }
    tricks.row(
        "8 shared namespace: denied one with an allowed one's address",
        Ground.NOTHING,
        () -> ground.reach("evil-in-good", "target", "tcp"));
    tricks.row(
        "8 shared namespace: allowed one with a denied one's address",
        Ground.ARRIVED,
        () -> ground.reach("good-in-evil", "target", "tcp"));
    tricks.row(
        "8 shared namespace, HTTP: denied one",
        "no answer",
        () -> ground.get("evil-in-good", "http://" + ground.address4("db") + "/users"));
    tricks.row(
        "8 shared namespace, HTTP: allowed one",
        "200",
        () -> ground.get("good-in-evil", "http://" + ground.address4("db") + "/users"));
    tricks.row("9 docker exec", Ground.NOTHING, () -> ground.reach("evil", "target", "tcp"));
    idle("parented", List.of("--cgroup-parent", "/" + ground.lab().id() + "/slice"), "app=evil");
    tricks.row(
        "10 --cgroup-parent", Ground.NOTHING, () -> ground.reach("parented", "target", "tcp"));
    // Beside a parent within a parent, "unhooked: deny" would refuse to hold.
    Path parent = ground.cgroup("parented").resolveSibling("");
    ground.remove("parented");
    Await.until("the parent is empty", Ground.SOON, () -> parent.toFile().delete());
    tricks.row("10 nested: a cgroup below, denied", Ground.NOTHING, () -> nested("shut", "open"));
    tricks.row(
        "10 nested: a cgroup below, allowed", Ground.ARRIVED, () -> nested("good", "target"));
    // Not --privileged: a machine that lacks a capability itself cannot start such containers.
    idle(
        "mighty",
        List.of("--cap-add", "SYS_ADMIN", "--cap-add", "NET_ADMIN"),
        "app=shut",
        "drawbridge.policy.out=may connect 9 on app=x");
    tricks.row(
        "11 SYS_ADMIN and NET_ADMIN", Ground.NOTHING, () -> ground.reach("mighty", "open", "tcp"));
    tricks.row(
        "11 SYS_ADMIN and NET_ADMIN are said",
        "reported not enforceable",
        () -> ground.hasProblem("mighty", "DB0507") ? "reported not enforceable" : "not reported");
    tricks.row("11 its process leaves the cgroup", Ground.NOTHING, () -> left("shut", "open"));
    ground.startElsewhere(
        "hosted",
        List.of(
            "--network",
            "host",
            "--label",
            "app=shut",
            "--label",
            "drawbridge.policy.out=may connect 9 on app=x"),
        "/bin/sleep",
        "100000");
    tricks.row(
        "12 host network: its own rules hold",
        Ground.NOTHING,
        () -> ground.reach("hosted", "open", "tcp"));
    tricks.row(
        "12 host network: a callee takes it for the host",
        Ground.NOTHING,
        () -> ground.reach("hosted", "target", "tcp"));
  }

  private String nested(String from, String callee) throws java.io.IOException {
    return moved(
        from,
        callee,
        Files.createDirectory(ground.cgroup(from).resolve("nested-" + ground.freshRun())));
  }

  private String left(String from, String callee) {
    return moved(from, callee, Ground.rootCgroup());
  }

  private String moved(String from, String callee, Path cgroup) {
    Sink sink = ground.sink(callee);
    String run = ground.freshRun();
    Held held = Held.start(ground, from, run, ground.address4(callee), sink);
    held.moveTo(cgroup);
    held.go();
    sink.settle();
    return Ground.outcome(sink.arrived(run, "fresh-tcp", Held.DOORS.indexOf("fresh-tcp")));
  }

  private void spoofs() {
    idle("thief", List.of("--cap-add", "NET_ADMIN"), "app=evil");
    String stolen = ground.address4("good");
    ground
        .docker()
        .must(
            "exec",
            "thief",
            "/bin/sh",
            "-c",
            "ip addr add "
                + stolen
                + "/24 dev eth0; ip route replace 10.214.9.0/24 dev eth0 src "
                + stolen);
    tricks.row(
        "13 a neighbour's address taken",
        Ground.NOTHING,
        () -> ground.reach("thief", "target", "tcp"));
    ground.remove("thief");
    List<String> options = new ArrayList<>(Ground.labels("app=published", NET_RAW));
    options.addAll(Ground.labels("drawbridge.policy.in=app=good may connect any"));
    options.addAll(List.of("-p", "30000:30000/tcp"));
    ground.idle("published", options.toArray(String[]::new));
    Sink sink = Sink.start(ground, "published", 30_000);
    for (String who : List.of("evil", "good")) {
      String run = ground.freshRun();
      tricks.row(
          "14 published port, hairpin: " + who + " is nobody's selector",
          Ground.NOTHING,
          () -> {
            ground.send(who, run, LabNetwork.HOST_ADDRESS, sink, "tcp");
            sink.settle();
            return sink.heard(run, "tcp") ? Ground.ARRIVED : Ground.NOTHING;
          });
    }
    tricks.row(
        "14 the same container asked directly",
        Ground.ARRIVED,
        () -> ground.reach("good", "published", "tcp"));
  }
}
