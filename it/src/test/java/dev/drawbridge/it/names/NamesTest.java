package dev.drawbridge.it.names;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.drawbridge.bpf.linux.NetworkNamespace;
import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.Distribution;
import dev.drawbridge.testkit.EngineLab;
import dev.drawbridge.testkit.LabAgent;
import dev.drawbridge.testkit.LabImage;
import dev.drawbridge.testkit.LabNetwork;
import dev.drawbridge.testkit.NameServer;
import dev.drawbridge.testkit.Shell;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Containers that ask for names, through Docker's resolver and directly. */
@Tag("it")
final class NamesTest {
  private static final Duration SOON = Duration.ofSeconds(20);
  private static final String SUBNET = "10.214.53.0/24";

  /** The second machine: its resolver, and a server of its. */
  private static final String RESOLVER = LabNetwork.WORLD_ADDRESS;

  /** Where names lead: another address of the second machine. */
  private static final String ADDRESS = "198.51.100.7";

  /** And one more. */
  private static final String MOVED = "198.51.100.8";

  private static final int PORT = 3306;

  /** The upper half of those addresses is the second machine's too, from here on. */
  private static final int RACED = 130;

  private static final String SQL =
      "drawbridge.policy.sql=may connect " + PORT + " on db.shop.test";

  private static EngineLab lab;
  private static LabAgent agent;
  private static Process world;
  private static NetworkNamespace machine;
  private static ServerSocket database;
  private static NameServer server;

  /** Nobody's, of that machine. */
  private static NameServer other;

  @BeforeAll
  static void startEngineAgentAndServer() throws Exception {
    lab = EngineLab.start();
    world = new ProcessBuilder(lab.network().inWorld("sleep", "100000")).start();
    for (String address : List.of(ADDRESS, MOVED)) {
      Shell.must(
          lab.network()
              .inWorld("ip", "addr", "add", address + "/24", "dev", "up0")
              .toArray(String[]::new));
    }
    Shell.must(
        lab.network()
            .inWorld("ip", "route", "add", "local", "198.51.100.128/25", "dev", "lo")
            .toArray(String[]::new));
    machine = NetworkNamespace.ofPid((int) world.pid());
    database = machine.call(() -> new ServerSocket(PORT));
    Thread.ofVirtual().start(NamesTest::serve);
    LabImage.importInto(lab);
    agent = LabAgent.start(lab, Distribution.locate());
    lab.docker().must("network", "create", "--subnet", SUBNET, "names");
    server = new NameServer(machine, InetAddress.getByName(RESOLVER));
    other = new NameServer(machine, InetAddress.getByName(ADDRESS));
    other.says("db.shop.test", 1, ADDRESS);
    server.says("db.shop.test", 1, ADDRESS);
    server.says("api.shop.test", 60, ADDRESS);
    server.says("www.evil.test", 60, ADDRESS);
    run("picky", "app=picky", "drawbridge.policy.names=may resolve *.shop.test");
    run("free", "app=free");
    run("shopper", "app=shopper", SQL);
    run("thief", "app=thief", SQL);
  }

  /** Greets whoever connects, and says again what it is told. */
  private static void serve() {
    while (!database.isClosed()) {
      try {
        Socket client = database.accept();
        Thread.ofVirtual()
            .start(() -> {
              try (client) {
                client.getOutputStream().write("welcome\n".getBytes(UTF_8));
                client.getInputStream().transferTo(client.getOutputStream());
              } catch (IOException _) {
                // The client is gone.
              }
            });
      } catch (IOException _) {
        // Closed.
      }
    }
  }

  @AfterAll
  static void stopAll() throws IOException {
    if (server != null) {
      server.close();
    }
    if (other != null) {
      other.close();
    }
    if (database != null) {
      database.close();
    }
    if (machine != null) {
      machine.close();
    }
    if (world != null) {
      world.destroyForcibly();
    }
    if (lab != null) {
      lab.close();
    }
  }

  private static void run(String name, String... labels) {
    List<String> line =
        new ArrayList<>(
            List.of("run", "-d", "--name", name, "--network", "names", "--dns", RESOLVER));
    for (String label : labels) {
      line.addAll(List.of("--label", label));
    }
    line.addAll(List.of(LabImage.NAME, "/bin/sleep", "100000"));
    lab.docker().must(line.toArray(String[]::new));
  }

  /** What busybox says, which asks by a socket that is not connected, for A and AAAA at once. */
  private static String lookup(String from, String name, String... server) {
    List<String> line = new ArrayList<>(List.of("exec", from, "/bin/busybox", "nslookup", name));
    line.addAll(List.of(server));
    var output = lab.docker().run(line.toArray(String[]::new));
    return output.out() + output.err();
  }

  /** What curl says, whose libc asks for both by one connected socket. */
  private static String curl(String from, String name) {
    var output =
        lab.docker().run("exec", from, "curl", "-sS", "-v", "-m", "3", "http://" + name + ":1/");
    return output.out() + output.err();
  }

  private static List<JsonObject> records(String name) {
    List<JsonObject> found = new ArrayList<>();
    for (JsonElement element : agent.api("/v1/flows?last=500").getAsJsonArray()) {
      if (element.toString().contains(name)) {
        found.add(element.getAsJsonObject());
      }
    }
    return found;
  }

  @Test
  void aNameThatMayBeResolvedIsByEveryClient() {
    assertTrue(
        lookup("picky", "api.shop.test").contains(ADDRESS), () -> lookup("picky", "api.shop.test"));
    assertTrue(
        curl("picky", "api.shop.test").contains(ADDRESS), () -> curl("picky", "api.shop.test"));
    assertTrue(
        Await.within(SOON, () -> records("api.shop.test").toString().contains("\"dns\"")),
        () -> agent.api("/v1/flows?last=50").toString());
  }

  @Test
  void aNameThatMayNotBeResolvedReachesNoResolver() {
    String said = lookup("picky", "www.evil.test");
    assertTrue(said.contains("REFUSED"), said);
    assertFalse(curl("picky", "www.evil.test").contains(ADDRESS));
    assertFalse(server.asked.contains("www.evil.test"));
    assertTrue(lookup("free", "www.evil.test").contains(ADDRESS));
    assertTrue(
        Await.within(SOON, () -> records("www.evil.test").toString().contains("no-rule")),
        () -> agent.api("/v1/flows?last=50").toString());
  }

  /** The second machine is nobody's on the internet: a name of the outside must not lead there. */
  @Test
  void aNameOfTheOutsideDoesNotLeadInside() {
    server.says("www.shop.example", 60, ADDRESS);
    run("rebound", "app=rebound", "drawbridge.policy.names=may resolve **.shop.example");
    assertFalse(lookup("rebound", "www.shop.example").contains(ADDRESS));
    assertTrue(
        Await.within(SOON, () -> records("www.shop.example").toString().contains("dns-rebinding")),
        () -> agent.api("/v1/flows?last=50").toString());
  }

  @Test
  void aStreamOfQuestionsIsJudgedToo() {
    assertTrue(
        stream("picky", "api", "shop").contains("c6 33 64 07"),
        () -> stream("picky", "api", "shop"));
    assertFalse(stream("picky", "www", "evil").contains("c6 33 64 07"));
  }

  /** A question for the address of a name below example, by TCP to Docker's resolver, as octets. */
  private static String stream(String from, String host, String zone) {
    String message =
        "\\000\\007\\001\\000\\000\\001\\000\\000\\000\\000\\000\\000"
            + label(host)
            + label(zone)
            + label("test")
            + "\\000\\000\\001\\000\\001";
    int length = 12 + 1 + host.length() + 1 + zone.length() + 1 + 4 + 1 + 4;
    return lab.docker()
        .run(
            "exec",
            from,
            "/bin/sh",
            "-c",
            "(printf '\\000\\%03o%s'; sleep 2) | nc -w 3 127.0.0.11 53 | od -An -v -tx1"
                .formatted(length, message))
        .out()
        .replace("\n", "");
  }

  private static String label(String label) {
    return "\\%03o%s".formatted(label.length(), label);
  }

  private static boolean reaches(String from, String where) {
    return lab.docker()
        .run("exec", from, "/bin/sh", "-c", "sleep 1 | nc -w 2 " + where + " " + PORT)
        .out()
        .contains("welcome");
  }

  @Test
  void whatANameLeadsToIsOpenToWhoeverAskedAndToNobodyElse() {
    assertFalse(reaches("shopper", MOVED));
    assertFalse(reaches("shopper", ADDRESS));
    assertTrue(reaches("shopper", "db.shop.test"), () -> agent.log());
    assertTrue(reaches("shopper", ADDRESS));
    assertFalse(reaches("shopper", MOVED));
    assertFalse(reaches("thief", ADDRESS));
    assertTrue(reaches("free", MOVED));
  }

  @Test
  void whileTheAgentIsDownWhatWasLearnedStaysAndNamesAreStillResolved() {
    run("buyer", "app=buyer", SQL);
    server.says("db.shop.test", 300, ADDRESS);
    assertTrue(reaches("buyer", "db.shop.test"));
    agent.kill();
    try {
      assertTrue(lookup("buyer", "api.shop.test").contains(ADDRESS));
      assertTrue(reaches("buyer", "db.shop.test"));
      assertFalse(reaches("buyer", MOVED));
    } finally {
      agent.start();
      server.says("db.shop.test", 1, ADDRESS);
    }
    // By the address alone: what it learned is known to the next agent.
    assertTrue(reaches("buyer", ADDRESS), () -> agent.log());
    assertFalse(reaches("buyer", MOVED));
    assertTrue(agent.client("names", "buyer").out().contains("db.shop.test"));
    assertTrue(verdict("buyer", ADDRESS).startsWith("ALLOW"), () -> verdict("buyer", ADDRESS));
    assertTrue(verdict("buyer", "db.shop.test").startsWith("ALLOW"));
    assertTrue(verdict("buyer", MOVED).startsWith("DENY"));
    assertTrue(verdict("thief", "db.shop.test").contains("has learned no address"));
    // And it learns on.
    server.says("new.shop.test", 60, MOVED);
    assertFalse(reaches("buyer", "new.shop.test"));
    server.says("db.shop.test", 60, MOVED);
    try {
      assertTrue(reaches("buyer", "db.shop.test"), () -> agent.log());
      assertTrue(
          Await.within(
              SOON, () -> records("3306").toString().contains("\"name\":\"db.shop.test\"")),
          () -> agent.api("/v1/flows?last=50").toString());
    } finally {
      server.says("db.shop.test", 1, ADDRESS);
    }
  }

  private static String verdict(String from, String to) {
    var output = agent.client("verdict", from, to, Integer.toString(PORT));
    return output.out() + output.err();
  }

  /** A session that says something every now and then, and how much it was answered so far. */
  private static void session(String from, String where) {
    lab.docker()
        .must(
            "exec",
            "-d",
            from,
            "/bin/sh",
            "-c",
            "(while true; do echo tick; sleep 0.1; done) | nc " + where + " " + PORT + " > /heard");
  }

  private static int heard(String from) {
    return Integer.parseInt(
        lab.docker().run("exec", from, "/bin/sh", "-c", "wc -c < /heard").out().strip());
  }

  private static boolean goesOn(String from) {
    int before = heard(from);
    return Await.within(Duration.ofSeconds(5), () -> heard(from) > before);
  }

  @Test
  void aRuleThatForbidsANameEndsWhatTheNameOpened() throws IOException {
    server.says("held.shop.test", 300, ADDRESS);
    run("caught", "app=caught", "drawbridge.policy.sql=may connect " + PORT + " on *.shop.test");
    assertFalse(reaches("caught", ADDRESS));
    session("caught", "held.shop.test");
    Await.until("the session begins", SOON, () -> goesOn("caught"));
    Path file = agent.policyDirectory().resolve("names.policy");
    Files.writeString(file, "app=caught may not connect " + PORT + " on held.shop.test\n");
    try {
      Await.until("nothing new opens", SOON, () -> !reaches("caught", ADDRESS));
      Await.until("the session ends", SOON, () -> !goesOn("caught"));
    } finally {
      Files.delete(file);
    }
    Await.until("it opens again", SOON, () -> reaches("caught", ADDRESS));
  }

  @Test
  void aSessionOutlivesItsNamesTimeAndTheAgent() {
    run("loyal", "app=loyal", SQL);
    session("loyal", "db.shop.test");
    Await.until("the session begins", SOON, () -> goesOn("loyal"));
    Await.until("nothing new opens", Duration.ofSeconds(40), () -> !reaches("loyal", ADDRESS));
    assertTrue(goesOn("loyal"));
    agent.kill();
    try {
      assertTrue(goesOn("loyal"));
    } finally {
      agent.start();
    }
    assertTrue(goesOn("loyal"), () -> agent.log());
    assertFalse(reaches("loyal", ADDRESS));
  }

  /** As it is in front of every content network. */
  @Test
  void whatAnAnswerLeadsOverIsKnownToo() {
    run("fan", "app=fan", "drawbridge.policy.sql=may connect " + PORT + " on *.cdn.test");
    server.leads("www.fan.test", "edge.cdn.test", 60, MOVED);
    assertFalse(reaches("fan", MOVED));
    assertTrue(reaches("fan", "www.fan.test"), () -> agent.log());
    assertTrue(reaches("fan", MOVED));
  }

  /** Whoever asks another resolver than those it was given may, and opens nothing by it. */
  @Test
  void aResolverOfOnesOwnTeachesNothing() {
    run(
        "sly",
        "app=sly",
        SQL,
        "drawbridge.policy.dns=may connect 50-60/tcp,50-60/udp on 198.51.100.0/24",
        "drawbridge.policy.to=may connect 1 on world");
    assertTrue(lookup("sly", "db.shop.test", ADDRESS).contains("Name:"));
    assertTrue(other.asked.contains("db.shop.test"));
    assertFalse(reaches("sly", ADDRESS));
    assertTrue(lookup("sly", "db.shop.test").contains(ADDRESS));
    assertTrue(reaches("sly", ADDRESS));
  }

  /** 1,000 times the first lookup of an address, and a connection at once: none is refused. */
  @Test
  void whoConnectsAsSoonAsHeWasAnsweredIsLetThrough() {
    int addresses = 100;
    for (int i = 0; i < addresses; i++) {
      server.says("r" + i + ".shop.test", 300, "198.51.100." + (RACED + i));
    }
    for (int container = 0; container < 10; container++) {
      String name = "racer" + container;
      run(
          name,
          "app=racer",
          "drawbridge.policy.sql=may connect " + PORT + " on *.shop.test",
          "drawbridge.policy.x=may connect 1 on host");
      String loop =
          "i=0; while [ $i -lt "
              + addresses
              + " ]; do nc -w 5 r$i.shop.test "
              + PORT
              + " < /dev/null || echo refused $i; i=$((i+1)); done | sort | uniq -c";
      String said = lab.docker().run("exec", name, "/bin/sh", "-c", loop).out();
      assertTrue(said.strip().matches(addresses + " welcome"), said);
    }
  }

  @Test
  void whenANameMovesTheNewAddressOpensAndTheOldOneCloses() {
    run("mover", "app=mover", SQL);
    assertTrue(reaches("mover", "db.shop.test"));
    server.says("db.shop.test", 1, MOVED);
    try {
      assertTrue(reaches("mover", "db.shop.test"));
      assertTrue(reaches("mover", MOVED));
      Await.until(
          "the old address closes", Duration.ofSeconds(40), () -> !reaches("mover", ADDRESS));
    } finally {
      server.says("db.shop.test", 1, ADDRESS);
    }
  }

  @Test
  void whileTheAgentIsDownNamesAreClosedWhereTheyAreJudged() {
    run("careful", "app=careful", "drawbridge.policy.names=may resolve *.shop.test");
    assertTrue(lookup("careful", "api.shop.test").contains(ADDRESS));
    agent.kill();
    try {
      assertFalse(lookup("careful", "api.shop.test").contains(ADDRESS));
      assertTrue(lookup("free", "api.shop.test").contains(ADDRESS));
    } finally {
      agent.start();
    }
    Await.until(
        "names are resolved again",
        SOON,
        () -> lookup("careful", "api.shop.test").contains(ADDRESS));
  }
}
