package dev.drawbridge.it.attack;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.drawbridge.bpf.BpfMap;
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
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/**
 * Who joins another's network namespace with NET_ADMIN has the other's packets in his hands: what
 * was sent onward for the other before he came ends, what nobody would judge again is refused, and
 * both are said. What he does to the engine's own sockets there costs nobody else anything.
 */
@Tag("it")
final class NeighbourTricksTest {
  private static final String WORLD = "http://" + LabNetwork.WORLD_ADDRESS + ":" + Wire.BASE;

  private final Tricks tricks = new Tricks();

  @TestFactory
  Stream<DynamicTest> everyTrickEndsAsItsRowSays() {
    try (Ground ground = Ground.open()) {
      Wire wire = new Wire(ground);
      people(ground);
      wire.worldListens();
      joins(ground);
      sockets(ground, new NetAdmin(ground));
      raw(ground);
      ends(ground);
    }
    return tricks.tests("neighbours");
  }

  private static void people(Ground ground) {
    ground.start(
        "db",
        Ground.labels("app=db", "drawbridge.policy.read=app=victim may GET /users port 80"),
        "/bin/db");
    ground.idle(
        "victim",
        Ground.labelled(
            "app=victim",
            "drawbridge.policy.out=may GET /users port " + Wire.BASE + " on world",
            "drawbridge.policy.db=may GET /users port 80 on app=db"));
    ground.idle("alone", Ground.labelled("app=victim", "drawbridge.capabilities=net-raw"));
  }

  private static void joins(Ground ground, String name, String owner, String... options) {
    List<String> all = new ArrayList<>(List.of(options));
    all.addAll(List.of("--network", "container:" + owner));
    ground.startElsewhere(name, all, "/bin/sleep", "100000");
  }

  private void joins(Ground ground) {
    String db = "http://" + ground.address4("db") + "/users";
    tricks.row("alone: layer 7 to a container", "200", () -> ground.get("victim", db));
    // The world's sink says back what it hears, which is no HTTP.
    tricks.row("alone: layer 7 to the world", "502", () -> ground.get("victim", WORLD + "/users"));
    tricks.row("alone: not said", "not said", () -> said(ground, "victim", ""));
    ground
        .docker()
        .must(
            "exec",
            "-d",
            "victim",
            "/bin/sh",
            "-c",
            "(printf 'GET /users HTTP/1.1\\r\\nHost: db\\r\\n\\r\\n'; sleep 100000) | { nc "
                + ground.address4("db")
                + " 80 >/lab/held; echo ENDED >>/lab/held; }");
    Path held = ground.shared("victim").resolve("held");
    Await.until(
        "an answer on a connection that stays", Ground.SOON, () -> text(held).contains("200 OK"));
    tricks.row(
        "a neighbour without capabilities: the connection goes on",
        "goes on",
        () -> {
          joins(ground, "harmless", "victim", Ground.labelled("app=harmless"));
          boolean ended = Await.within(Duration.ofMillis(500), () -> text(held).contains("ENDED"));
          return ended ? "ended" : "goes on";
        });
    tricks.row(
        "a neighbour with NET_ADMIN: what was sent onward before ends",
        "ended",
        () -> {
          joins(ground, "joiner", "victim", NetAdmin.mighty("app=joiner"));
          boolean ended = Await.within(Ground.SOON, () -> text(held).contains("ENDED"));
          return ended ? "ended" : "goes on";
        });
    tricks.row("layer 7 to a container goes on", "200", () -> ground.get("victim", db));
    tricks.row(
        "layer 7 to the world is refused",
        "no answer",
        () -> ground.get("victim", WORLD + "/users"));
    for (String who : List.of("victim", "harmless")) {
      tricks.row(
          who + " is said to share its network",
          "said",
          () -> said(ground, who, "shares its network with joiner, whose CAP_NET_ADMIN"));
    }
    tricks.row("the joiner is said", "said", () -> said(ground, "joiner", "it has CAP_NET_ADMIN"));
  }

  private static String said(Ground ground, String name, String words) {
    boolean found =
        Await.within(
            Duration.ofSeconds(words.isEmpty() ? 1 : 10), () -> problem(ground, name, words));
    return found ? "said" : "not said";
  }

  private static boolean problem(Ground ground, String name, String words) {
    for (JsonElement element : ground.agent().api("/v1/problems").getAsJsonArray()) {
      JsonObject problem = element.getAsJsonObject();
      if (problem.get("code").getAsString().equals("DB0507")
          && problem.get("container").getAsString().equals(name)
          && problem.get("message").getAsString().contains(words)) {
        return true;
      }
    }
    return false;
  }

  private void sockets(Ground ground, NetAdmin admin) {
    String db = "http://" + ground.address4("db") + "/users";
    String port = ground.enginePort("victim");
    tricks.row(
        "the engine's port cannot be taken",
        "address in use",
        () -> {
          Output output =
              ground.docker().run("exec", "joiner", "timeout", "1", "nc", "-l", "-p", port);
          return output.text().contains("in use") ? "address in use" : output.text();
        });
    // The kernel ends any socket of the namespace for him, the engine's listener among them.
    tricks.row(
        "the engine's listener is ended by the joiner",
        "ended",
        () -> {
          admin.must("joiner", "/usr/bin/ss -K -tln src 127.0.0.1 sport = :" + port);
          String left = ground.inNetworkOf("victim", "ss", "-Hltn", "src", "127.0.0.1");
          return left.contains("127.0.0.1:" + port) ? "there" : "ended";
        });
    long before = worked(ground);
    ground
        .docker()
        .must(
            "exec",
            "-d",
            "joiner",
            "/bin/sh",
            "-c",
            "echo mine | nc -l -p " + port + " >/lab/taken");
    Await.until(
        "the joiner listens at its port",
        Ground.SOON,
        () -> ground.inNetworkOf("victim", "ss", "-Hltn").contains(":" + port + " "));
    tricks.row(
        "and what was sent to the engine is not sent to him",
        "no answer, he got nothing",
        () -> {
          String said = ground.get("victim", db);
          String taken = text(ground.shared("joiner").resolve("taken"));
          return said + (taken.isEmpty() ? ", he got nothing" : ", he got " + taken);
        });
    tricks.row(
        "nor does the agent run for it",
        "quiet",
        () -> {
          boolean busy = Await.within(Duration.ofSeconds(3), () -> worked(ground) - before > 200);
          return busy ? "busy" : "quiet";
        });
    tricks.row("and others go on", "200", () -> ground.get("alone", db));
  }

  /** Hundredths of a second that the agent has run. */
  private static long worked(Ground ground) {
    String stat = text(Path.of("/proc", Long.toString(ground.agent().pid()), "stat"));
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    return Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
  }

  /** What is closed at the veth is open on the loopback that they share. */
  private void raw(Ground ground) {
    tricks.row("NET_RAW alone: closed at the veth", "not said", () -> said(ground, "alone", ""));
    joins(ground, "guest", "alone", Ground.labelled("app=guest"));
    tricks.row(
        "NET_RAW beside somebody", "said", () -> said(ground, "alone", "it has CAP_NET_RAW"));
    tricks.row(
        "and who is beside it",
        "said",
        () -> said(ground, "guest", "shares its network with alone, whose CAP_NET_RAW"));
  }

  /** The number of a namespace is its inode's, which the next one may get. */
  private void ends(Ground ground) {
    Path marks = ground.agent().policyDirectory().resolveSibling("bpf/drawbridge/maps/rewriters");
    tricks.row("namespaces with such a container", "1", () -> entries(marks));
    ground.agent().kill();
    List.of("joiner", "harmless", "victim").forEach(ground::remove);
    ground.agent().start();
    tricks.row(
        "after they went while the agent was dead",
        "0",
        () -> {
          boolean _ = Await.within(Ground.SOON, () -> entries(marks).equals("0"));
          return entries(marks);
        });
  }

  private static String entries(Path marks) {
    try (BpfMap map = BpfMap.openPinned(marks)) {
      return Integer.toString(map.count());
    }
  }

  private static String text(Path file) {
    try {
      return Files.exists(file) ? Files.readString(file) : "";
    } catch (IOException e) {
      throw new LabException("cannot read " + file + ": " + e.getMessage(), e);
    }
  }
}
