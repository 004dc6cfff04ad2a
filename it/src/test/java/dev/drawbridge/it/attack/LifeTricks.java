package dev.drawbridge.it.attack;

import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.LabImage;
import dev.drawbridge.testkit.LabNetwork;
import dev.drawbridge.testkit.Output;
import dev.drawbridge.testkit.Shell;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Tricks 15 to 28: names, change, reuse, and the agent's own life. */
final class LifeTricks {

  private final Ground ground;
  private final Tricks tricks;

  LifeTricks(Ground ground, Tricks tricks) {
    this.ground = ground;
    this.tricks = tricks;
  }

  void tryAll() throws IOException {
    names();
    revocation();
    reuse();
    engine();
    agent();
  }

  /** A rule by name opens what its container was answered, and nothing else. */
  private void names() {
    ground.idle(
        "named",
        Ground.labelled(
            "app=named",
            "drawbridge.policy.to=may connect 443 on *.example.com",
            "drawbridge.policy.names=may resolve *.example.com"));
    tricks.row(
        "15 DNS rebinding: a rule by name matches no address that nobody asked for",
        Ground.NOTHING,
        () -> ground.reach("named", "open", "tcp"));
    for (String door : List.of("tcp", "udp", "udp-mapped-v6")) {
      tricks.row(
          "16 DNS to another server, " + door,
          Ground.NOTHING,
          () -> ground.reach("named", "open", door));
    }
    tricks.row(
        "17 DoT, DoH, DoQ: a resolver is an address like any other",
        "refused, refused",
        () -> fromWorld("named", 853) + ", " + fromWorld("named", 443));
    tricks.row(
        "18 Docker's own resolver relays no name that may not be resolved",
        "does not resolve",
        () ->
            ground.docker().run("exec", "named", "curl", "-s", "-m", "3", "http://open/").status()
                    == 6
                ? "does not resolve"
                : "resolves");
  }

  private String fromWorld(String container, int port) {
    Output output =
        ground
            .docker()
            .run(
                "exec",
                container,
                "curl",
                "-s",
                "-m",
                "3",
                "http://" + LabNetwork.WORLD_ADDRESS + ":" + port);
    return output.status() == 7 ? "refused" : "curl " + output.status();
  }

  private void revocation() throws IOException {
    Sink sink = ground.sink("target");
    String address = ground.address4("target");
    for (int i = 0; i < 2; i++) {
      ground
          .docker()
          .must(
              "exec",
              "-d",
              "good",
              "/bin/sh",
              "-c",
              "/bin/attack stream %s %d /common/stop >/lab/revoked%d.out"
                  .formatted(address, sink.base() + i, i));
      String file = "revoked" + i + ".out";
      Await.until("a stream flows", Ground.SOON, () -> text(file).contains("established"));
    }
    String run = ground.freshRun();
    Sink datagrams = ground.sink("target");
    Held held = Held.start(ground, "good", run, address, datagrams);
    long generation = ground.generation();
    Files.writeString(
        ground.agent().policyDirectory().resolve("revoke.policy"),
        "app=good may not connect %d/tcp on app=target\napp=good may not connect %d-%d on app=target\n"
                .formatted(sink.base(), datagrams.base(), datagrams.base() + Sink.PORTS - 1)
            + "app=good may not connect %d-%d/udp on app=target\n"
                .formatted(datagrams.base(), datagrams.base() + Sink.PORTS - 1));
    Await.until("it is in force", Ground.SOON, () -> ground.generation() > generation);
    boolean cut = Await.within(Duration.ofSeconds(1), () -> stalled("revoked0.out"));
    tricks.row(
        "19 revoked while connected: TCP is cut within a second",
        "cut",
        () -> cut ? "cut" : "goes on: " + text("revoked0.out"));
    tricks.row(
        "19 and only what is revoked",
        "goes on",
        () -> text("revoked1.out").contains("ENDED") ? text("revoked1.out") : "goes on");
    held.go();
    datagrams.settle();
    for (String door : List.of("established", "udp-connected-before", "udp-cork")) {
      int offset = door.equals("established") ? -1 : Held.DOORS.indexOf(door);
      tricks.row(
          "19 revoked while open: " + door,
          Ground.NOTHING,
          () -> Ground.outcome(datagrams.arrived(run, door, offset)));
    }
    Files.writeString(ground.shared("common").resolve("stop"), "");
    Await.until("the other ends", Ground.SOON, () -> text("revoked1.out").contains("ENDED"));
    tricks.row(
        "19 the other connection to its end",
        "unbroken",
        () -> text("revoked1.out").contains("ENDED\tsent") ? "unbroken" : text("revoked1.out"));
    Files.delete(ground.agent().policyDirectory().resolve("revoke.policy"));
    Await.until(
        "good may again",
        Ground.SOON,
        () -> ground.reach("good", "target", "tcp").equals(Ground.ARRIVED));
  }

  private boolean stalled(String file) {
    return text(file).contains("ENDED");
  }

  private String text(String file) {
    try {
      Path path = ground.shared("good").resolve(file);
      return Files.exists(path) ? Files.readString(path) : "";
    } catch (IOException e) {
      return "unreadable: " + e;
    }
  }

  private void reuse() {
    ground.startAt("first", 200, Ground.labels("app=good"), "/bin/sleep", "100000");
    tricks.row(
        "20 address reuse: the first one may",
        Ground.ARRIVED,
        () -> ground.reach("first", "target", "tcp"));
    JsonObject before = ground.endpoint("first");
    ground.remove("first");
    ground.startAt("first", 200, Ground.labels("app=evil"), "/bin/sleep", "100000");
    tricks.row(
        "20 address and name reuse: the next one may not",
        Ground.NOTHING,
        () -> ground.reach("first", "target", "tcp"));
    tricks.row(
        "21 a number is never used again",
        "another number",
        () ->
            ground.endpoint("first").get("endpoint").equals(before.get("endpoint"))
                ? "the same number"
                : "another number");
    tricks.row(
        "21 rename is no other identity",
        Ground.NOTHING,
        () -> {
          ground.docker().must("rename", "first", "good2");
          ground.docker().must("rename", "good2", "first");
          return ground.reach("first", "target", "tcp");
        });
  }

  private void engine() {
    tricks.row(
        "28 a request by rule goes through once",
        "200, arrived 1 times",
        () -> get("good", "http://" + ground.address4("db") + "/users"));
    String port = ground.enginePort("good");
    tricks.row(
        "27 the engine's own port, asked directly",
        "no answer, arrived 0 times",
        () -> get("good", "http://127.0.0.1:" + port + "/users"));
    tricks.row(
        "27 the engine's own port, from another container",
        "no answer, arrived 0 times",
        () -> get("evil", "http://" + ground.address4("good") + ":" + port + "/users"));
    tricks.row(
        "27 the engine's own port cannot be taken",
        "address in use",
        () -> {
          Output output =
              ground.docker().run("exec", "good", "timeout", "1", "nc", "-l", "-p", port);
          return output.text().contains("in use") ? "address in use" : output.text();
        });
  }

  private String get(String from, String url) throws IOException {
    long before = requests();
    String status = ground.get(from, url);
    Await.within(Duration.ofMillis(300), () -> requestsOr(before) > before);
    return status + ", arrived " + (requests() - before) + " times";
  }

  private long requestsOr(long otherwise) {
    try {
      return requests();
    } catch (IOException e) {
      return otherwise;
    }
  }

  private long requests() throws IOException {
    try (Stream<String> lines = Files.lines(ground.shared("db").resolve("access.log"))) {
      return lines.count();
    }
  }

  private void agent() {
    tricks.row("22 race at start, the agent stopped", Ground.NOTHING, this::race);
    ground.agent().kill();
    tricks.row(
        "23 agent dead: denied", Ground.NOTHING, () -> ground.reach("evil", "target", "tcp"));
    tricks.row(
        "23 agent dead: allowed", Ground.ARRIVED, () -> ground.reach("good", "target", "tcp"));
    tricks.row(
        "23 agent dead: what needs the engine",
        "no answer, arrived 0 times",
        () -> get("good", "http://" + ground.address4("db") + "/users"));
    ground.agent().start();
    tricks.row(
        "23 agent back: what needs the engine",
        "200, arrived 1 times",
        () -> get("good", "http://" + ground.address4("db") + "/users"));
    tricks.row(
        "25 clock: no program of the kernel side reads the wall clock",
        "monotonic",
        LifeTricks::clocks);
    mapFull();
    unhooked();
    engineRestart();
  }

  private String race() {
    Bulk bulk = new Bulk(ground, "free");
    Sink sink = ground.sink("open");
    long pid = ground.agent().pid();
    Shell.signal("STOP", pid);
    try {
      bulk.start(
          20,
          20,
          bulk.guarded(),
          Map.of("app", "shut", "drawbridge.policy.out", "may connect 9 on app=x"),
          "/bin/knock",
          ground.address4("open"),
          Integer.toString(sink.base()));
    } finally {
      Shell.signal("CONT", pid);
    }
    sink.settle();
    return sink.lines().stream()
        .filter(line -> line.contains(" " + sink.base() + " ") && !line.startsWith("READY"))
        .findAny()
        .orElse(Ground.NOTHING);
  }

  /** date -s would be everybody's: what can be shown is that nothing asks for it. */
  private static String clocks() throws IOException {
    Path sources = Path.of(System.getProperty("drawbridge.checkout", ".."), "bpf/src/main/bpf");
    List<String> found = new ArrayList<>();
    try (Stream<Path> files = Files.walk(sources)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String text = Files.readString(file);
        if (text.contains("bpf_ktime_get_tai") || text.contains("bpf_ktime_get_real")) {
          found.add(file.getFileName().toString());
        }
      }
    }
    return found.isEmpty() ? "monotonic" : found.toString();
  }

  /** Room for so few pairs that the next container with rules finds none. */
  private void mapFull() {
    JsonObject limits = new JsonObject();
    limits.addProperty(
        "endpoints", ground.agent().api("/v1/endpoints").getAsJsonArray().size() + 1);
    ground.configure("limits", limits);
    ground.idle("last", Ground.labelled("app=good"));
    Output more =
        ground
            .docker()
            .run(
                "run",
                "--rm",
                "--network",
                "ground",
                "--label",
                "app=good",
                LabImage.NAME,
                "/bin/knock",
                ground.address4("open"),
                "9");
    tricks.row(
        "24 map full: one more container does not start, and is told why",
        "not started: limits.endpoints",
        () ->
            more.text().contains("limits.endpoints")
                ? "not started: limits.endpoints"
                : more.text());
    tricks.row(
        "24 map full: the others go on, denied",
        Ground.NOTHING,
        () -> ground.reach("evil", "target", "tcp"));
    tricks.row(
        "24 map full: the others go on, allowed",
        Ground.ARRIVED,
        () -> ground.reach("good", "target", "tcp"));
    ground.remove("last");
    ground.configure("limits", new JsonObject());
  }

  /** Nobody knows the cgroup, but its parent is managed. */
  private void unhooked() {
    ground.configure("unhooked", new JsonPrimitive("deny"));
    Sink sink = ground.sink("open");
    String run = ground.freshRun();
    ground.agent().kill();
    try {
      List<String> options = new ArrayList<>(List.of("--runtime", "runc"));
      options.addAll(Ground.labels("app=stray"));
      ground.start(
          "stray",
          options,
          "/bin/sh",
          "-c",
          "/bin/attack send %s %s %d tcp udp >/lab/stray.out; sleep 100000"
              .formatted(run, ground.address4("open"), sink.base()));
      Path said = ground.shared("stray").resolve("stray.out");
      Await.until(
          "it has tried",
          Ground.SOON,
          () -> {
            try {
              return Files.exists(said) && Files.readString(said).contains("udp\t");
            } catch (IOException e) {
              return false;
            }
          });
    } finally {
      ground.agent().start();
    }
    sink.settle();
    tricks.row(
        "10 unknown cgroup under a managed parent",
        Ground.NOTHING,
        () -> Ground.outcome((sink.arrived(run, "tcp", 0) + sink.arrived(run, "udp", 6)).strip()));
  }

  /** The engine goes and comes back; what starts past the hook afterwards is found all the same. */
  private void engineRestart() {
    ground.lab().restart();
    ground.docker().run("start", "open");
    List<String> options = new ArrayList<>(List.of("--runtime", "runc"));
    options.addAll(Ground.labels("app=found"));
    ground.start("found", options, "/bin/sleep", "100000");
    tricks.row(
        "26 events lost: the engine restarts, an unhooked container is found",
        "attached",
        () ->
            Await.within(Ground.SOON, () -> ground.endpoint("found").has("attachment"))
                ? "attached"
                : "never found");
  }
}
