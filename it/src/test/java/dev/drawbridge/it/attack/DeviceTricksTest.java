package dev.drawbridge.it.attack;

import dev.drawbridge.testkit.LabNetwork;
import dev.drawbridge.testkit.Shell;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/**
 * A container with NET_ADMIN changes its packets where no program of a socket sees them any more,
 * payload and destination: by a queue of the netfilter, by rules where they leave a device, by
 * filters that send what leaves a device to its own process first, by devices and addresses of its
 * own. Where the kernel has no such device nothing can arrive by it. What arrives all the same is
 * said by docs/threat-model.md.
 */
@Tag("it")
final class DeviceTricksTest {
  private static final String IP = "/usr/bin/ip ";
  private static final String WORLD = LabNetwork.WORLD_ADDRESS;
  private static final int UDP = 6;

  /** Of one length, so that no sequence number changes. */
  private static final String ASKED = "GET /users";

  private static final String WANTED = "PUT /admin";
  private static final String LATER = "GET /users?2";
  private static final String LATER_WANTED = "PUT /admin?2";

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
      requests(admin);
      destinations(ground, wire, admin);
      sources(ground, admin);
      programs(admin);
      repairs(ground, admin);
      overTheHost(ground, admin);
    }
    return tricks.tests("devices");
  }

  private static void people(Ground ground) {
    ground.idle("open", Ground.labelled("app=open", "drawbridge.capabilities=net-raw"));
    String read = "drawbridge.policy.read=app=asker may GET /users port 80";
    ground.start("db", Ground.labels("app=db", read), "/bin/db");
    ground.start("bare-db", Ground.labels("app=bare"), "/bin/db");
    // Nobody is kept out here: what it does not get its caller's own rules deny.
    ground.start("free-db", Ground.labels("app=free-db"), "/bin/db");
    for (String how : List.of("queue", "filter", "later", "rule", "own-leg")) {
      ground.idle("asker-" + how, NetAdmin.mighty("app=asker"));
      ground.idle("bare-" + how, NetAdmin.mighty("app=bare"));
    }
    ground.idle(
        "bound",
        NetAdmin.mighty(
            "app=bound", "drawbridge.policy.out=may GET /users port 80 on app=free-db"));
    String udp = "drawbridge.policy.u=may connect " + (Wire.BASE + UDP) + "/udp on world";
    String tcp = "drawbridge.policy.t=may connect " + Wire.BASE + "/tcp on world";
    for (String how : List.of("all", "rules", "source", "over")) {
      ground.idle("sender-" + how, NetAdmin.mighty("app=sender", udp, tcp));
      ground.idle("bare-" + how, NetAdmin.mighty("app=bare"));
    }
  }

  private static String without(boolean bare) {
    return bare ? "without Drawbridge: " : "";
  }

  /** What the engine sends onward is changed in its caller's namespace. */
  private void requests(NetAdmin admin) {
    for (boolean bare : List.of(true, false)) {
      String db = bare ? "bare-db" : "db";
      String asker = bare ? "bare-" : "asker-";
      String changed = bare ? "200: " + WANTED : "403: nothing";
      tricks.row(
          without(bare) + "layer 7, as it is",
          "200: " + ASKED,
          () -> admin.asks(asker + "queue", db, "/users"));
      admin.queues(asker + "queue", "eth0", 1, ASKED, WANTED);
      tricks.row(
          without(bare) + "layer 7, NFQUEUE changes the request",
          changed,
          () -> admin.asks(asker + "queue", db, "/users"));
      admin.between(asker + "filter", "eth0", "tp0", "payload", ASKED, WANTED);
      tricks.row(
          without(bare) + "layer 7, tc at eth0 changes the request",
          changed,
          () -> admin.asks(asker + "filter", db, "/users"));
      admin.between(asker + "later", "eth0", "tp0", "payload", LATER, LATER_WANTED);
      tricks.row(
          without(bare) + "layer 7, tc at eth0 changes a later request of a connection",
          bare ? "200 200: GET /users?1, " + LATER_WANTED : "200 403: GET /users?1",
          () -> admin.asks(asker + "later", db, "/users?1", "/users?2"));
      admin.attack(asker + "rule", "nft", "eth0", "payload", ASKED, WANTED);
      tricks.row(
          without(bare) + "layer 7, nftables at eth0 changes the request",
          changed,
          () -> admin.asks(asker + "rule", db, "/users"));
    }
    admin.queues("asker-own-leg", "lo", 1, ASKED, WANTED);
    tricks.row(
        "layer 7, its own leg to the engine is changed on loopback",
        "403: nothing",
        () -> admin.asks("asker-own-leg", "db", "/users"));
    tricks.row(
        "layer 7 by the caller's rule alone",
        "200: " + ASKED,
        () -> admin.asks("bound", "free-db", "/users"));
    admin.between("bound", "eth0", "tp0", "payload", ASKED, WANTED);
    tricks.row(
        "layer 7 by the caller's rule alone, tc at eth0 changes the request",
        "403: nothing",
        () -> admin.asks("bound", "free-db", "/users"));
  }

  /** What a socket was judged for is sent elsewhere behind its programs. */
  private void destinations(Ground ground, Wire wire, NetAdmin admin) {
    String host = LabNetwork.HOST_ADDRESS;
    for (String who : List.of("bare-all", "sender-all")) {
      boolean bare = who.startsWith("bare");
      admin.between(who, "eth0", "tp0", "elsewhere", WORLD, "" + (Wire.BASE + 1));
      tricks.row(
          without(bare) + "tc at eth0 sends a datagram to a denied port",
          bare ? "arrives" : Ground.NOTHING,
          () -> admin.elsewhere(who, UDP));
      admin.nothingBetween(who, "eth0");
    }
    for (String who : List.of("bare-rules", "sender-rules")) {
      boolean bare = who.startsWith("bare");
      admin.attack(who, "nft", "eth0", "port", "" + (Wire.BASE + 1));
      tricks.row(
          without(bare) + "nftables at eth0 sends a datagram to a denied port",
          bare ? "arrives" : Ground.NOTHING,
          () -> admin.elsewhere(who, UDP));
    }
    for (String who : List.of("bare-all", "sender-all")) {
      boolean bare = who.startsWith("bare");
      String to = bare ? ground.address4("open") : host;
      admin.between(who, "eth0", "tp1", "elsewhere", to, "" + (Wire.BASE + (bare ? 0 : 500)));
      tricks.row(
          without(bare) + "tc at eth0 sends a datagram to " + (bare ? "another" : "the host"),
          bare ? "arrives" : Ground.NOTHING,
          () -> admin.elsewhere(who, UDP));
      admin.nothingBetween(who, "eth0");
    }
    tricks.row(
        "and what is allowed arrives again",
        "arrives",
        () -> wire.ask("sender-all", "world", "tcp"));
  }

  /**
   * An address, a device or a table of its own, by which what is allowed leaves as somebody else.
   */
  private void sources(Ground ground, NetAdmin admin) {
    String gateway =
        ground.docker().inspect("open", "{{range .NetworkSettings.Networks}}{{.Gateway}}{{end}}");
    for (String who : List.of("bare-source", "sender-source")) {
      boolean bare = who.startsWith("bare");
      String second = bare ? "10.214.9.250" : "10.214.9.251";
      tricks.row(without(bare) + "as it is", "arrives", () -> admin.elsewhere(who, UDP));
      admin.must(who, IP + "addr add " + second + "/24 dev eth0");
      admin.must(who, IP + "rule add to " + WORLD + " lookup 100");
      admin.must(
          who, IP + "route add default via " + gateway + " dev eth0 src " + second + " table 100");
      tricks.row(
          without(bare) + "policy routing by a second address",
          bare ? "arrives" : Ground.NOTHING,
          () -> admin.elsewhere(who, UDP));
      admin.must(who, IP + "rule del to " + WORLD + " lookup 100");
      child(admin, who, gateway, "macvlan", "mode bridge", true);
      child(admin, who, gateway, "ipvlan", "mode l2", false);
      child(admin, who, gateway, "vrf", "table 10", false);
      pair(admin, who, gateway);
      transforms(ground, admin, who);
      boolean _ = admin.can(who, IP + "route flush table 100");
      if (!bare) {
        tricks.row("and what is allowed arrives again", "arrives", () -> admin.elsewhere(who, UDP));
      }
    }
  }

  /**
   * @param everywhere whether all kernels that this is tried on have it
   */
  private void child(
      NetAdmin admin, String who, String gateway, String kind, String how, boolean everywhere) {
    boolean bare = who.startsWith("bare");
    String second = bare ? "10.214.9.252" : "10.214.9.253";
    String link = kind.equals("vrf") ? "" : "link eth0 ";
    boolean made =
        admin.can(
            who,
            IP + "link add child " + link + "type " + kind + " " + how,
            IP + "link set child up",
            IP + "addr add " + second + "/24 dev child",
            IP + "rule add to " + WORLD + " lookup 101",
            IP + "route add default via " + gateway + " dev child src " + second + " table 101");
    if (!bare || everywhere) {
      tricks.row(
          without(bare) + "by " + (kind.startsWith("i") ? "an " : "a ") + kind + " of its own",
          bare ? "arrives" : Ground.NOTHING,
          // Without the device there is nothing to try, and the packets would take the honest way.
          () -> made || everywhere ? admin.elsewhere(who, UDP) : Ground.NOTHING);
    }
    boolean _ = admin.can(who, IP + "rule del to " + WORLD + " lookup 101");
    boolean _ = admin.can(who, IP + "link del child");
  }

  /** eth0 becomes a port of a bridge, and the way out a veth whose other end is the other port. */
  private void pair(NetAdmin admin, String who, String gateway) {
    boolean bare = who.startsWith("bare");
    String second = bare ? "10.214.9.242" : "10.214.9.243";
    admin.must(who, IP + "link add va type veth peer name vb");
    admin.must(who, IP + "link add br0 type bridge");
    admin.must(who, IP + "link set vb master br0");
    admin.must(who, IP + "link set eth0 master br0");
    for (String device : List.of("va", "vb", "br0")) {
      admin.must(who, IP + "link set " + device + " up");
    }
    admin.must(who, IP + "addr add " + second + "/24 dev va");
    admin.must(who, IP + "rule add to " + WORLD + " lookup 102");
    admin.must(
        who, IP + "route add default via " + gateway + " dev va src " + second + " table 102");
    tricks.row(
        without(bare) + "by a bridge and a pair of its own",
        bare ? "arrives" : Ground.NOTHING,
        () -> admin.elsewhere(who, UDP));
    admin.must(who, IP + "rule del to " + WORLD + " lookup 102");
    admin.must(who, IP + "link del br0");
    admin.must(who, IP + "link del va");
  }

  /** Transformations of the packet below its socket: IPsec, MPLS. */
  private void transforms(Ground ground, NetAdmin admin, String who) {
    if (who.startsWith("bare")) {
      return;
    }
    String own = ground.address4(who);
    String host = LabNetwork.HOST_ADDRESS;
    boolean made =
        admin.can(
            who,
            IP
                + "xfrm policy add src "
                + own
                + " dst "
                + WORLD
                + " dir out tmpl src "
                + own
                + " dst "
                + host
                + " proto esp mode tunnel",
            IP
                + "xfrm state add src "
                + own
                + " dst "
                + host
                + " proto esp spi 7 mode tunnel enc ecb(cipher_null) 0x");
    tricks.row(
        "by IPsec to the host" + (made ? "" : ", which this kernel has not"),
        Ground.NOTHING,
        () -> admin.elsewhere(who, UDP));
    boolean _ = admin.can(who, IP + "xfrm policy flush");
    boolean _ = admin.can(who, IP + "xfrm state flush");
    boolean labelled =
        admin.can(
            who, IP + "route add " + WORLD + "/32 encap mpls 7 via inet " + host + " dev eth0");
    if (labelled) {
      tricks.row("with a label of MPLS", Ground.NOTHING, () -> admin.elsewhere(who, UDP));
      boolean _ = admin.can(who, IP + "route del " + WORLD + "/32");
    }
  }

  /** Its own programs at its own devices: NET_ADMIN alone does not give them. */
  private void programs(NetAdmin admin) {
    tricks.row(
        "a program for a device of its own",
        "Operation not permitted",
        () -> admin.run("sender-all", "/bin/attack program").out().strip());
  }

  /** A connection that begins without a handshake. */
  private void repairs(Ground ground, NetAdmin admin) {
    tricks.row(
        "TCP repair, to a denied port",
        "Operation not permitted",
        () -> admin.run("sender-all", repair(WORLD, Wire.BASE + 1)).out().strip());
    int engine = Integer.parseInt(ground.enginePort("asker-own-leg"));
    for (String to : List.of(repair(ground.address4("db"), 80), repair("127.0.0.1", engine))) {
      tricks.row(
          "TCP repair, to " + (to.contains("127.") ? "the engine's own port" : "a layer-7 rule"),
          Ground.NOTHING,
          () -> admin.came("db", 0, () -> admin.must("asker-own-leg", to)));
    }
  }

  private static String repair(String address, int port) {
    return "/bin/attack repair " + address + " " + port;
  }

  /**
   * The kernel takes the capability for that of every namespace that can be named, and the other
   * end of a container's veth names the host's: a device over one of the host's interfaces is not
   * at the veth, where the packet's last look is. Not closed, and said.
   */
  private void overTheHost(Ground ground, NetAdmin admin) {
    String who = "sender-over";
    String link =
        Shell.must(
            ground
                .lab()
                .network()
                .onHost("ip", "-o", "link", "show", "up0")
                .toArray(String[]::new));
    boolean made =
        admin.can(
            who,
            "/bin/attack over " + link.substring(0, link.indexOf(':')),
            IP + "link set over0 up",
            IP + "addr add 198.51.100.77/24 dev over0");
    tricks.row("a device over the host's own interface", "made", () -> made ? "made" : "not made");
    if (made) {
      admin.between(who, "over0", "tp0", "elsewhere", WORLD, "" + (Wire.BASE + 1));
    }
    tricks.row(
        "by that device, tc sends a datagram to a denied port",
        "arrives, and is said",
        () ->
            admin.elsewhere(who, UDP)
                + (ground.hasProblem(who, "DB0507") ? ", and is said" : ", and is not said"));
  }
}
