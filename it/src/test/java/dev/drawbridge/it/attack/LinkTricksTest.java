package dev.drawbridge.it.attack;

import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.Output;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/**
 * Frames made by hand, as another container's: from one that showed the agent no capability, from
 * one that was given NET_RAW, and, so that a deaf victim cannot pass for a closed door, from one
 * that Drawbridge leaves alone. Nobody's tables may be taught by them.
 */
@Tag("it")
final class LinkTricksTest {
  private static final String SEEN = "on the link";
  private static final Duration TAUGHT = Duration.ofSeconds(10);

  /** Below it, port 53; beyond it, all the ports that a sink takes. */
  private static final int NAMES_BASE = 30;

  private static final String OWN = "its own";
  private final Tricks tricks = new Tricks();

  /** A frame: what it says, as whom, about whom. */
  private record Frame(String kind, String from, String about, boolean v4, boolean honest) {
    String title() {
      return kind + (v4 ? " v4" : " v6") + " from " + from + (about.isEmpty() ? "" : about);
    }
  }

  private static final List<Frame> FRAMES =
      List.of(
          new Frame("arp", OWN, "", true, true),
          new Frame("arp", "partner", "", true, false),
          new Frame("arp-other-mac", OWN, "", true, false),
          new Frame("arp-as-other", OWN, "", true, false),
          new Frame("udp", "partner", "", true, false),
          new Frame("syn", "partner", "", true, false),
          new Frame("udp", "partner", "", false, false),
          new Frame("syn", "partner", "", false, false),
          new Frame("advert", OWN, " about itself", false, true),
          new Frame("advert", OWN, " about partner", false, false),
          new Frame("advert", "partner", " about partner", false, false),
          new Frame("router", OWN, " about itself", false, false));

  @TestFactory
  Stream<DynamicTest> everyTrickEndsAsItsRowSays() {
    try (Ground ground = Ground.open()) {
      people(ground);
      for (String attacker : List.of("bare-liar", "harmless", "netraw")) {
        frames(ground, attacker);
      }
      between(ground);
      names(ground);
    }
    return tricks.tests("link");
  }

  private static void people(Ground ground) {
    String raw = "drawbridge.capabilities=net-raw";
    ground.idle("victim", Ground.labelled("app=victim", raw));
    ground.idle("partner", Ground.labelled("app=partner", raw));
    ground.idle("bare-liar", Ground.labelled("app=liar"));
    // Past the hook, so that it keeps what Docker grants; its first process has nothing of it.
    List<String> unhooked = new ArrayList<>(List.of("--runtime", "runc"));
    unhooked.addAll(Ground.labels("app=liar"));
    ground.start("harmless", unhooked, "/bin/attack", "harmless");
    Await.until(
        "the agent has found it", Ground.SOON, () -> ground.endpoint("harmless").has("attachment"));
    ground.idle("netraw", Ground.labelled("app=liar", raw));
    ground.startAt("resolver", 200, Ground.labels("app=resolver", raw), "/bin/sleep", "100000");
    List<String> asking = new ArrayList<>(List.of("--dns", "10.214.9.200"));
    asking.addAll(Ground.labels("app=asker", raw));
    ground.start("asker", asking, "/bin/sleep", "100000");
  }

  private void frames(Ground ground, String attacker) {
    Sink sink = ground.sink("victim");
    for (Frame frame : FRAMES) {
      boolean arrives = attacker.startsWith("bare") || frame.honest;
      tricks.row(
          attacker + ": " + frame.title(),
          arrives ? SEEN : Ground.NOTHING,
          () -> {
            String from = frame.from.equals(OWN) ? attacker : frame.from;
            String about = frame.about.endsWith("partner") ? "partner" : attacker;
            return sent(
                ground,
                attacker,
                sink,
                frame.kind,
                ground.address(from, frame.v4),
                ground.address("victim", frame.v4),
                sink.base() + 20,
                ground.address6(about));
          });
    }
  }

  /** Sends one frame, and says whether the sink's link saw it. */
  private static String sent(
      Ground ground,
      String attacker,
      Sink sink,
      String kind,
      String from,
      String to,
      int port,
      String about) {
    String run = ground.freshRun();
    frame(ground, attacker, run, kind, from, to, port, about);
    sink.settle();
    return sink.heard(run, kind) ? SEEN : Ground.NOTHING;
  }

  private static void frame(
      Ground ground,
      String attacker,
      String run,
      String kind,
      String from,
      String to,
      int port,
      String about) {
    ground
        .docker()
        .must(
            "exec",
            attacker,
            "/bin/attack",
            "frame",
            run,
            kind,
            from,
            to,
            Integer.toString(port),
            about);
  }

  /** Victim and partner speak with each other; somebody wants to be in between. */
  private void between(Ground ground) {
    for (String attacker : List.of("harmless", "netraw", "bare-liar")) {
      boolean bare = attacker.startsWith("bare");
      for (boolean v4 : List.of(true, false)) {
        tricks.row(
            attacker + " between victim and partner, " + (v4 ? "ARP" : "neighbour discovery"),
            bare ? "both taught" : "nobody taught",
            () -> taught(ground, attacker, v4, bare));
      }
    }
  }

  private static String taught(Ground ground, String attacker, boolean v4, boolean wanted) {
    String mac = mac(ground, attacker);
    String victim = ground.address("victim", v4);
    String partner = ground.address("partner", v4);
    String _ = ground.reach("victim", "partner", partner, "udp");
    String _ = ground.reach("partner", "victim", victim, "udp");
    // A neighbour's entry is not overwritten within its first second: several times, then.
    boolean both =
        Await.within(
            wanted ? TAUGHT : Duration.ofSeconds(3),
            () -> {
              claims(ground, attacker, v4, partner, victim);
              claims(ground, attacker, v4, victim, partner);
              return knows(ground, "victim", partner, mac) && knows(ground, "partner", victim, mac);
            });
    if (both) {
      return "both taught";
    }
    return knows(ground, "victim", partner, mac) || knows(ground, "partner", victim, mac)
        ? "one taught"
        : "nobody taught";
  }

  private static void claims(Ground ground, String attacker, boolean v4, String as, String to) {
    frame(ground, attacker, "between", v4 ? "arp" : "advert", as, to, 0, v4 ? "::" : as);
  }

  private static String mac(Ground ground, String name) {
    return ground
        .docker()
        .inspect(name, "{{range .NetworkSettings.Networks}}{{.MacAddress}}{{end}}");
  }

  private static boolean knows(Ground ground, String who, String address, String mac) {
    Output table = ground.docker().run("exec", who, "ip", "neigh");
    return table
        .out()
        .lines()
        .anyMatch(line -> line.startsWith(address + " ") && line.contains(mac));
  }

  /** Port 53 by hand: only whom the container's own resolver asks. */
  private void names(Ground ground) {
    Sink resolver = Sink.start(ground, "resolver", NAMES_BASE);
    Sink victim = Sink.start(ground, "victim", NAMES_BASE);
    for (String kind : List.of("udp", "syn")) {
      for (String who : List.of("asker", "netraw")) {
        tricks.row(
            who + ": port 53 of --dns of asker, " + kind,
            who.equals("asker") ? SEEN : Ground.NOTHING,
            () ->
                sent(ground, who, resolver, kind, ground.address4(who), "10.214.9.200", 53, "::"));
      }
      tricks.row(
          "asker: port 53 of nobody's server, " + kind,
          Ground.NOTHING,
          () ->
              sent(
                  ground,
                  "asker",
                  victim,
                  kind,
                  ground.address4("asker"),
                  ground.address4("victim"),
                  53,
                  "::"));
    }
  }
}
