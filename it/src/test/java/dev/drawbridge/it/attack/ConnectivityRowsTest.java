package dev.drawbridge.it.attack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.LabException;
import dev.drawbridge.testkit.LabNetwork;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/**
 * The behaviours that Cilium's connectivity tests ask for at layers 3 and 4, in Docker's terms:
 * rows 1-29, 48, 52 and 56-58, by number and name. Policies are host policy files, changed under
 * running containers. A denied question must be refused within a second and leave a record that
 * says why.
 */
@Tag("it")
final class ConnectivityRowsTest {
  private static final String OK = "arrives";
  private static final String NO_RULE = "denied: no-rule";
  private static final String LATE = "denied: late-deny";
  private static final String RULE = "denied: rule-denies";

  /** A port of the sink beside the first one: the doors' ports follow each other. */
  private static final String OTHER_PORT = "mptcp";

  private final List<Check> checks = new ArrayList<>();

  private record Check(String title, String expected, String actual) {}

  private record Ask(String from, String to, String door, String expected) {}

  @TestFactory
  Stream<DynamicTest> everyRowBehavesAsItsNameSays() throws IOException {
    try (Ground ground = Ground.open()) {
      Wire wire = new Wire(ground);
      people(ground, wire);
      openRows(ground, wire);
      ingressRows(ground, wire);
      egressRows(ground, wire);
      denyRows(ground, wire);
      groupRows(ground, wire);
      lifeRows(ground, wire);
    }
    Table table = new Table("connectivity rows");
    checks.forEach(check -> table.row(check.title, check.expected, check.actual));
    table.print();
    return checks.stream()
        .map(check ->
            DynamicTest.dynamicTest(
                check.title + ": " + check.expected,
                () -> assertEquals(check.expected, check.actual)));
  }

  private static void people(Ground ground, Wire wire) {
    String raw = "drawbridge.capabilities=net-raw";
    List<String> published = new ArrayList<>(List.of("-p", "21000:21000/tcp"));
    published.addAll(Ground.labels("app=echo", raw));
    ground.idle("echo", published.toArray(String[]::new));
    idle(ground, "client", "app=client", "kind=client", raw);
    idle(ground, "client2", "app=client2", "kind=client", "other=client", raw);
    idle(ground, "client3", "app=client3", "kind=client");
    project(ground, "front", "shop", "front");
    project(ground, "item", "stock", "item");
    // Whoever is pinged must hear the link.
    for (String name : List.of("echo", "client", "client2", "client3", "item")) {
      wire.listens(name);
    }
    wire.hostListens();
    wire.worldListens(3, 4);
  }

  private static void idle(Ground ground, String name, String... labels) {
    ground.idle(name, Ground.labels(labels).toArray(String[]::new));
  }

  private static void project(Ground ground, String name, String project, String service) {
    idle(
        ground,
        name,
        "com.docker.compose.project=" + project,
        "com.docker.compose.service=" + service);
  }

  private static Ask ask(String from, String to, String expected) {
    return new Ask(from, to, "tcp", expected);
  }

  private static Ask ask(String from, String to, String door, String expected) {
    return new Ask(from, to, door, expected);
  }

  private void row(String title, Wire wire, Ask... asks) {
    for (Ask ask : asks) {
      String door = ask.door.equals("tcp") ? "" : ", " + ask.door;
      checks.add(
          new Check(
              title + ": " + ask.from + " -> " + ask.to + door,
              ask.expected,
              wire.ask(ask.from, ask.to, ask.door)));
    }
  }

  private void openRows(Ground ground, Wire wire) {
    row(
        "1 no-policies",
        wire,
        ask("client", "echo", OK),
        ask("client", "echo", "udp", OK),
        ask("client", "echo v6", OK),
        ask("client", "echo", "icmp-ping-socket", OK),
        ask("client", "host", OK),
        ask("host", "echo", OK),
        ask("client", "world", OK));
    row("2 no-policies-from-outside", wire, ask("world", "echo published", OK));
    row("3 no-policies-extra", wire, ask("client", "echo published", OK));
    row("48 pod-to-itself-via-service", wire, ask("echo", "echo published", OK));
    long before = wire.lastRecord();
    ground.policy("containers may connect any on containers for caller");
    row("6 allow-all-with-metrics-check", wire, ask("client", "echo", OK));
    row("11 cluster-entity", wire, ask("client", "echo", OK), ask("client", "world", NO_RULE));
    checks.add(
        new Check(
            // No metric counts what the kernel allowed; its records do.
            "6 allow-all-with-metrics-check: records of what was allowed",
            "grow",
            wire.lastRecord() > before ? "grow" : "stand still"));
    ground.policy(
        "containers may connect any on containers for caller",
        "containers may connect any on host for caller");
    row(
        "4 allow-all-except-world",
        wire,
        ask("client", "echo", OK),
        ask("client", "host", OK),
        ask("client", "client2", "udp", OK),
        ask("client", "world", NO_RULE));
  }

  private void ingressRows(Ground ground, Wire wire) {
    ground.policy("other=client may connect any on kind=client for callee");
    row(
        "5 client-ingress",
        wire,
        ask("client2", "client", OK),
        ask("client", "client2", NO_RULE),
        ask("client", "client2 v6", NO_RULE),
        ask("client", "client2", "udp", NO_RULE));
    ground.policy("nobody may connect any on containers for callee");
    row("7 all-ingress-deny", wire, ask("client", "echo", NO_RULE), ask("client", "world", OK));
    row("8 all-ingress-deny-from-outside", wire, ask("world", "echo published", NO_RULE));
    ground.policy("host may connect any on app=echo");
    row("12 host-entity-ingress", wire, ask("host", "echo", OK), ask("client", "echo", NO_RULE));
    ground.policy("other=client may connect 21000/tcp on app=echo");
    row(
        "13 echo-ingress",
        wire,
        ask("client2", "echo", OK),
        ask("client", "echo", NO_RULE),
        ask("world", "echo published", NO_RULE));
    ground.policy("other=client may connect icmp on kind=client for callee");
    row(
        "14 client-ingress-icmp",
        wire,
        ask("client2", "client", "icmp-ping-socket", OK),
        ask("client", "client2", "icmp-ping-socket", NO_RULE));
    ground.policy(LabNetwork.WORLD_ADDRESS + " may connect any on app=echo");
    row(
        "20 from-cidr-host-netns",
        wire,
        ask("world", "echo published", OK),
        ask("client", "echo", NO_RULE),
        ask("host", "echo", NO_RULE));
  }

  private void egressRows(Ground ground, Wire wire) {
    ground.policy("containers may connect on nobody for caller");
    row(
        "9 all-egress-deny",
        wire,
        ask("client", "echo", NO_RULE),
        ask("client", "world", NO_RULE),
        ask("client", "echo", "udp", NO_RULE),
        ask("client", "echo v6", NO_RULE));
    ground.policy("app=client may connect any on host for caller");
    row("12 host-entity-egress", wire, ask("client", "host", OK), ask("client", "echo", NO_RULE));
    ground.policy("app=client may connect 21000/tcp on app=echo for caller");
    row(
        "15 client-egress",
        wire,
        ask("client", "echo", OK),
        ask("client", "echo v6", OK),
        ask("client", "echo", OTHER_PORT, NO_RULE),
        ask("client", "client2", NO_RULE),
        ask("client2", "echo", OTHER_PORT, OK));
    ground.policy("app in (client x) may connect 21000-21004/tcp on app in (echo y) for caller");
    row(
        "16 client-egress-expression",
        wire,
        ask("client", "echo", OK),
        ask("client", "echo", "tcp-iouring", OK),
        ask("client", "echo", OTHER_PORT, NO_RULE));
    ground.policy("service:shop/front may connect 21000/tcp on service:stock/item for caller");
    row(
        "17 client-with-service-account-egress-to-echo",
        wire,
        ask("front", "item", OK),
        ask("front", "echo", NO_RULE),
        ask("client", "item", OK));
    ground.policy("app=client may connect 21000/tcp on world for caller");
    row(
        "18 to-entities-world",
        wire,
        ask("client", "world", OK),
        ask("client", "world", OTHER_PORT, NO_RULE),
        ask("client", "echo", NO_RULE));
    ground.policy("app=client may connect any on 198.51.100.0/24 except 198.51.100.3 for caller");
    row(
        "19 to-cidr-external",
        wire,
        ask("client", "world", OK),
        ask("client", "world .4", OK),
        ask("client", "world .3", NO_RULE));
  }

  private void denyRows(Ground ground, Wire wire) {
    ground.policy("containers may not connect any on anyone for caller");
    row("10 all-entities-deny", wire, ask("client", "echo", RULE), ask("client", "world", RULE));
    String all = "anyone may connect any on app=echo";
    ground.policy(all, "other=client may not connect any on app=echo");
    row(
        "21 echo-ingress-from-other-client-deny",
        wire,
        ask("client", "echo", OK),
        ask("client2", "echo", RULE),
        ask("client", "client2", OK),
        ask("client2", "client", OK));
    ground.policy(
        "anyone may connect any on kind=client for callee",
        "other=client may not connect icmp on kind=client for callee");
    row(
        "22 client-ingress-from-other-client-icmp-deny",
        wire,
        // Row 14 allowed it, and pings of two containers are one flow.
        ask("client2", "client", "icmp-ping-socket", LATE),
        ask("client2", "client", OK),
        ask("client", "client2", "icmp-ping-socket", OK));
    String out = "app=client may connect any on anyone for caller";
    ground.policy(out, "app=client may not connect 21000/tcp on app=echo for caller");
    row(
        "23 client-egress-to-echo-deny",
        wire,
        ask("client", "echo", RULE),
        ask("client", "echo", OTHER_PORT, OK),
        ask("client", "client2", OK));
    ground.policy(all, "app=client may not connect 21000/tcp on app=echo for callee");
    row(
        "24 client-ingress-to-echo-named-port-deny",
        wire,
        ask("client", "echo", RULE),
        ask("client", "echo", OTHER_PORT, OK),
        ask("client2", "echo", OK));
    ground.policy(
        "kind=client may connect any on anyone for caller",
        "app in (client nobody) may not connect any on has app for caller");
    row(
        "25 client-egress-to-echo-expression-deny",
        wire,
        ask("client", "echo", RULE),
        ask("client2", "echo", OK));
    ground.policy(
        "project:shop may connect any on anyone for caller",
        "service:shop/front may not connect any on service:stock/item for caller");
    row(
        "26 client-with-service-account-egress-to-echo-deny",
        wire,
        ask("front", "item", RULE),
        ask("front", "echo", OK),
        ask("client", "item", OK));
    ground.policy(
        out, "app=client may not connect any on 198.51.100.0/24 except 198.51.100.3 for caller");
    row(
        "27 client-egress-to-cidr-deny",
        wire,
        ask("client", "world", RULE),
        ask("client", "world .3", OK));
    ground.policy(
        out,
        "app=client may not connect any on 198.51.100.2 for caller",
        "app=client may not connect any on 198.51.100.4 for caller");
    row(
        "28 client-egress-to-cidrgroup-deny",
        wire,
        ask("client", "world", RULE),
        ask("client", "world .4", RULE),
        ask("client", "world .3", OK));
    ground.policy("app=client may not connect any on 198.51.100.2 for caller");
    row(
        "29 client-egress-to-cidr-deny-default",
        wire,
        ask("client", "world", RULE),
        ask("client", "world .3", NO_RULE));
  }

  private void groupRows(Ground ground, Wire wire) {
    ground.policy("project:shop may connect any on project:stock");
    row(
        "52 ingress-from-specific-namespace",
        wire,
        ask("front", "item", OK),
        ask("client", "item", NO_RULE));
    ground.policy("project:shop may connect any on project:stock for caller");
    row(
        "52 egress-to-specific-namespace",
        wire,
        ask("front", "item", OK),
        ask("front", "echo", NO_RULE));
  }

  private void lifeRows(Ground ground, Wire wire) throws IOException {
    ground.policy("app=client may connect 21000-21039/tcp on app=echo");
    inBackground(ground, "/bin/attack stream " + ground.address4("echo") + " 21030 /common/stop");
    Await.until("a stream flows", Ground.SOON, () -> said(ground).contains("established"));
    ground.agent().stop();
    ground.agent().start();
    row(
        "56 no-interrupted-connections, a new one after a restart",
        wire,
        ask("client", "echo", OK));
    Files.writeString(ground.shared("common").resolve("stop"), "");
    Await.until("the stream ends", Ground.SOON, () -> said(ground).contains("ENDED"));
    checks.add(
        new Check(
            "56 no-interrupted-connections, one from before a restart",
            "unbroken",
            said(ground).contains("ENDED\tsent\t") ? "unbroken" : said(ground)));
    checks.add(
        new Check(
            "57 no-unexpected-packet-drops, reasons of all denials above",
            "[late-deny, no-rule, rule-denies]",
            wire.reasons().toString()));
    List<String> complaints =
        ground
            .agent()
            .log()
            .lines()
            .filter(line -> !line.startsWith("ready in ") && !line.contains(" INFO "))
            .toList();
    checks.add(new Check("58 check-log-errors", "[]", complaints.toString()));
    assertTrue(checks.size() > 80, "checks: " + checks.size());
  }

  private static void inBackground(Ground ground, String command) {
    ground
        .docker()
        .must("exec", "-d", "client", "/bin/sh", "-c", command + " >/lab/stream.out 2>&1");
  }

  private static String said(Ground ground) {
    Path file = ground.shared("client").resolve("stream.out");
    try {
      return Files.exists(file) ? Files.readString(file) : "";
    } catch (IOException e) {
      throw new LabException("cannot read " + file + ": " + e.getMessage(), e);
    }
  }
}
