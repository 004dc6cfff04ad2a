package dev.drawbridge.it.attack;

import dev.drawbridge.testkit.LabNetwork;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/**
 * A container with NET_ADMIN changes where its own kernel sends its packets, after its socket was
 * judged: by NAT to a port and to a host that are denied, by a tunnel, under the engine's own
 * connections. What it changes behind the programs of its sockets is in {@link DeviceTricksTest}.
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
      NetAdmin admin = new NetAdmin(ground);
      people(ground);
      wire.worldListens();
      wire.hostListens();
      wire.listens("open");
      nat(ground, wire, admin);
      natOfVersion6(ground, admin);
      tunnel(admin);
      engine(ground, admin);
      relays(ground, admin);
    }
    return tricks.tests("namespace");
  }

  private static void people(Ground ground) {
    ground.idle("open", Ground.labelled("app=open", "drawbridge.capabilities=net-raw"));
    String out = "drawbridge.policy.out=may connect " + Wire.BASE;
    // The first doors' ports: TCP is the first, UDP the seventh.
    ground.idle(
        "rewriter",
        NetAdmin.mighty(
            "app=rewriter",
            out + "/tcp on world",
            "drawbridge.policy.v6=may connect " + Wire.BASE + "/tcp on app=listener"));
    ground.idle(
        "datagrams",
        NetAdmin.mighty(
            "app=datagrams",
            "drawbridge.policy.out=may connect " + (Wire.BASE + 6) + "/udp on world"));
    ground.idle("bare-rewriter", NetAdmin.mighty("app=bare"));
    // Whom nobody keeps out, so that what does not arrive was stopped where it was sent.
    ground.idle("listener", Ground.labelled("app=listener", "drawbridge.capabilities=net-raw"));
    ground.start(
        "db",
        Ground.labels(
            "app=db", "drawbridge.policy.read=app in (asker good) may GET /users port 80"),
        "/bin/db");
    ground.start(
        "closed",
        Ground.labels("app=closed", "drawbridge.policy.read=app=good may GET /users port 80"),
        "/bin/db");
    ground.idle("asker", NetAdmin.mighty("app=asker"));
    ground.idle(
        "to-world",
        NetAdmin.mighty(
            "app=to-world", "drawbridge.policy.out=may GET /users port 21000 on world"));
    ground.idle("relay", forwarding(NetAdmin.mighty("app=relay")));
    ground.idle("bare-relay", forwarding(NetAdmin.mighty("app=bare")));
    ground.idle("bare-callee", Ground.labelled("app=bare"));
    ground.idle("bare-client", Ground.labelled("app=bare"));
    ground.idle(
        "client",
        Ground.labelled("app=client", "drawbridge.policy.out=may connect any on app=relay"));
    ground.idle(
        "callee",
        Ground.labelled(
            "app=callee",
            "drawbridge.capabilities=net-raw",
            "drawbridge.policy.in=app=good may connect any"));
  }

  private static String[] forwarding(String... options) {
    return Stream.concat(Stream.of("--sysctl", "net.ipv4.ip_forward=1"), Stream.of(options))
        .toArray(String[]::new);
  }

  private void nat(Ground ground, Wire wire, NetAdmin admin) {
    String denied = WORLD + ":" + (Wire.BASE + 1);
    String host = LabNetwork.HOST_ADDRESS + ":" + HOST_BASE;
    String open = ground.address4("open") + ":" + Wire.BASE;
    tricks.row("allowed, as it is", ARRIVES, () -> wire.ask("rewriter", "world", "tcp"));
    tricks.row("datagram, as it is", ARRIVES, () -> wire.ask("datagrams", "world", "udp"));
    for (String to : List.of(denied, host, open)) {
      String title = to.equals(denied) ? "a denied port" : to.equals(host) ? "the host" : "another";
      admin.redirect("bare-rewriter", "tcp", WORLD, Wire.BASE, to);
      tricks.row(
          "without Drawbridge: NAT to " + title,
          ARRIVES,
          () -> admin.elsewhere("bare-rewriter", 0));
      admin.redirect("rewriter", "tcp", WORLD, Wire.BASE, to);
      tricks.row(
          "NAT to " + title, "denied: rewritten", () -> wire.ask("rewriter", "world", "tcp"));
      admin.redirect("datagrams", "udp", WORLD, Wire.BASE + 6, to);
      tricks.row(
          "datagrams, NAT to " + title,
          "nothing, denied: no-rule",
          () -> admin.elsewhere("datagrams", 6) + ", " + wire.ask("datagrams", "world", "udp"));
    }
    admin.noRedirect("rewriter");
    tricks.row("NAT is gone", ARRIVES, () -> wire.ask("rewriter", "world", "tcp"));
    tricks.row(
        "NAT of the source, as another's",
        Ground.NOTHING,
        () -> {
          admin.iptables(
              "rewriter",
              true,
              "-t nat -A POSTROUTING -p tcp -j SNAT --to-source " + ground.address4("open"));
          String said = admin.elsewhere("rewriter", 0);
          admin.iptables("rewriter", true, "-t nat -F POSTROUTING");
          return said;
        });
  }

  private void natOfVersion6(Ground ground, NetAdmin admin) {
    String to = "[" + ground.address6("open") + "]:" + Wire.BASE;
    String listener = ground.address6("listener");
    for (String who : List.of("bare-rewriter", "rewriter")) {
      boolean bare = who.startsWith("bare");
      admin.redirect(who, "tcp", listener, Wire.BASE, to);
      tricks.row(
          (bare ? "without Drawbridge: " : "") + "IPv6, NAT to another",
          bare ? ARRIVES : Ground.NOTHING,
          () -> admin.elsewhere(who, listener, 0));
      admin.noRedirect(who);
    }
  }

  /** A packet within a packet: the inner one goes where the socket was judged for. */
  private void tunnel(NetAdmin admin) {
    for (String who : List.of("bare-rewriter", "datagrams")) {
      boolean bare = who.startsWith("bare");
      admin.noRedirect(who);
      String ip = "/usr/bin/ip ";
      admin.must(
          who,
          ip
              + "link add vx type vxlan id 7 dev eth0 remote "
              + LabNetwork.HOST_ADDRESS
              + " dstport "
              + (HOST_BASE + 6));
      admin.must(who, ip + "link set vx up");
      admin.must(who, ip + "route add " + WORLD + "/32 dev vx");
      admin.must(who, ip + "neigh add " + WORLD + " lladdr 02:00:00:00:00:01 dev vx");
      tricks.row(
          (bare ? "without Drawbridge: " : "") + "a tunnel to the host",
          bare ? ARRIVES : Ground.NOTHING,
          () -> admin.elsewhere(who, 6));
      admin.must(who, ip + "link del vx");
      // Which of them there are is the kernel's affair: what cannot be made carries nothing.
      for (String kind : List.of("gre", "ipip", "sit", "geneve")) {
        String own = kind.equals("geneve") ? " id 7" : "";
        boolean made =
            admin.can(
                who,
                ip + "link add tn type " + kind + own + " remote " + LabNetwork.HOST_ADDRESS,
                ip + "link set tn up",
                ip + "route add " + WORLD + "/32 dev tn");
        if (!bare) {
          tricks.row(
              "a tunnel to the host, " + kind,
              Ground.NOTHING,
              // Without the device the packet would take the honest way.
              () -> made ? admin.elsewhere(who, 6) : Ground.NOTHING);
        }
        boolean _ = made && admin.can(who, ip + "link del tn");
      }
    }
  }

  /** The engine dials from its caller's namespace, and a rule of the caller's meets its packets. */
  private void engine(Ground ground, NetAdmin admin) {
    String db = "http://" + ground.address4("db") + "/users";
    tricks.row("layer 7, as it is", "200", () -> ground.get("asker", db));
    String world = WORLD + ":" + Wire.BASE;
    tricks.row(
        "layer 7 to the world",
        "no answer",
        () -> ground.get("to-world", "http://" + world + "/users"));
    tricks.row(
        "layer 7 to the world, the verdict",
        "deny caller-rewrites",
        () -> verdict(ground, "to-world", "world"));
    tricks.row(
        "layer 7 to a container, the verdict",
        "allow rule-allows",
        () -> verdict(ground, "asker", "db"));
    admin.redirect("asker", "tcp", ground.address4("db"), 80, ground.address4("closed") + ":80");
    tricks.row(
        "layer 7, NAT to whom its rules refuse",
        "not served",
        () -> ground.get("asker", db).equals("200") ? "served" : "not served");
    admin.redirect(
        "asker", "tcp", ground.address4("db"), 80, LabNetwork.HOST_ADDRESS + ":" + HOST_BASE);
    tricks.row(
        "layer 7, NAT to the host",
        "not served, 0 there",
        () -> {
          long before = admin.taken(HOST_BASE);
          String said = ground.get("asker", db);
          return (said.equals("200") ? "served, " : "not served, ")
              + (admin.taken(HOST_BASE) - before)
              + " there";
        });
    admin.noRedirect("asker");
    tricks.row("layer 7, NAT is gone", "200", () -> ground.get("asker", db));
  }

  private static String verdict(Ground ground, String from, String to) {
    var said =
        ground
            .agent()
            .api(
                "/v1/verdict?from=%s&to=%s&method=GET&path=/users&port=%d"
                    .formatted(from, to, to.equals("world") ? Wire.BASE : 80))
            .getAsJsonObject();
    return said.get("verdict").getAsString() + " " + said.get("reason").getAsString();
  }

  /** Who is called passes on what came, to somebody who would let neither in. */
  private void relays(Ground ground, NetAdmin admin) {
    for (String relay : List.of("bare-relay", "relay")) {
      boolean bare = relay.startsWith("bare");
      String client = bare ? "bare-client" : "client";
      String callee = bare ? "bare-callee" : "callee";
      admin.iptables(
          relay, true, "-t nat -A PREROUTING -j DNAT --to-destination " + ground.address4(callee));
      for (boolean hidden : List.of(false, true)) {
        if (hidden) {
          admin.iptables(relay, true, "-t nat -A POSTROUTING -j MASQUERADE");
        }
        for (String door : List.of("tcp", "udp")) {
          // Answers that go past the relay are none: only what it hides can be a connection.
          String works = hidden || door.equals("udp") ? Ground.ARRIVED : "on the link";
          tricks.row(
              (bare ? "without Drawbridge: " : "")
                  + "relayed by whom it may call, "
                  + (hidden ? "as the relay, " : "as itself, ")
                  + door,
              bare ? works : Ground.NOTHING,
              () -> ground.reach(client, callee, ground.address4(relay), door));
        }
      }
    }
  }
}
