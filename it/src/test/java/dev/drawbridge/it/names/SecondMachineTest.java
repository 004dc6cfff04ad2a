package dev.drawbridge.it.names;

import static dev.drawbridge.it.names.SecondMachine.ADDRESS;
import static dev.drawbridge.it.names.SecondMachine.FORGOTTEN;
import static dev.drawbridge.it.names.SecondMachine.MOVED;
import static dev.drawbridge.it.names.SecondMachine.SOON;
import static dev.drawbridge.it.names.SecondMachine.SQL;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import dev.drawbridge.it.names.SecondMachine.Resolver;
import dev.drawbridge.it.names.SecondMachine.Way;
import dev.drawbridge.testkit.Await;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The MySQL on another machine, behind real resolvers: who reaches it, what happens when it moves,
 * and what users of others report, each by its name.
 */
@Tag("it")
final class SecondMachineTest {
  private static SecondMachine machine;

  @BeforeAll
  static void startAll() throws Exception {
    machine = SecondMachine.start();
    machine.authority.says("db.shop.test", 300, ADDRESS);
  }

  @AfterAll
  static void stopAll() throws Exception {
    if (machine != null) {
      machine.close();
    }
  }

  private static String name(String prefix, Way way, Resolver resolver) {
    return (prefix + "-" + way + "-" + resolver).toLowerCase(Locale.ROOT);
  }

  /** The name {@code db.…}, which is asked for first; then the address that it led to. */
  @Test
  void theDatabaseIsReachedByNameAndByAddressByWhoMayAndByNobodyElse() {
    for (Resolver resolver : Resolver.values()) {
      for (Way way : Way.values()) {
        String api = name("api", way, resolver);
        machine.run(api, way, resolver, List.of(), "app=api", SQL);
        assertFalse(machine.asks(api, ADDRESS), api);
        assertTrue(machine.asks(api, "db.shop.test"), () -> api + machine.agent.log());
        assertTrue(machine.asks(api, ADDRESS), api);
        assertFalse(machine.asks(api, MOVED), api);
      }
    }
    machine.run(
        "other",
        Way.DOCKER,
        Resolver.UNBOUND,
        List.of(),
        "app=other",
        "drawbridge.policy.sql=may connect 3306 on mail.shop.test");
    machine.run(
        "closed",
        Way.DOCKER,
        Resolver.UNBOUND,
        List.of(),
        "app=closed",
        "drawbridge.policy.none=may connect 1 on internet");
    for (String stranger : List.of("other", "closed")) {
      assertFalse(machine.asks(stranger, "db.shop.test"), stranger);
      assertFalse(machine.asks(stranger, ADDRESS), stranger);
    }
  }

  @Test
  void whenTheDatabaseMovesTheNewAddressOpensTheOldOneClosesAndASessionGoesOn() {
    machine.authority.says("moving.shop.test", 1, ADDRESS);
    List<String> all = new ArrayList<>();
    for (Resolver resolver : Resolver.values()) {
      Way way = resolver == Resolver.UNBOUND ? Way.DOCKER : Way.DIRECT;
      String mover = name("mover", way, resolver);
      all.add(mover);
      machine.run(mover, way, resolver, List.of(), "app=mover", SQL);
      machine.session(mover, "moving.shop.test");
      Await.until("the session begins", SOON, () -> machine.goesOn(mover));
    }
    machine.authority.says("moving.shop.test", 1, MOVED);
    for (String mover : all) {
      assertFalse(machine.asks(mover, MOVED), mover);
      Await.until(
          "the new address opens",
          SOON,
          () -> machine.asks(mover, "moving.shop.test") && machine.asks(mover, MOVED));
    }
    for (String mover : all) {
      Await.until("the old address closes", FORGOTTEN, () -> !machine.asks(mover, ADDRESS));
      assertTrue(machine.goesOn(mover), mover);
    }
  }

  /** Each is judged by what it has learned itself, as on the wire. */
  @Test
  void aVerdictByNameIsAboutWhatEachOfSeveralCallersHasLearned() {
    machine.run("clerk1", Way.DOCKER, Resolver.UNBOUND, List.of(), "app=clerk", SQL);
    machine.run("clerk2", Way.DOCKER, Resolver.UNBOUND, List.of(), "app=clerk", SQL);
    machine.authority.says("files.shop.test", 0, ADDRESS);
    assertTrue(machine.asks("clerk1", "files.shop.test"), () -> machine.agent.log());
    var one = machine.agent.client("verdict", "app=clerk", "files.shop.test:3306");
    assertEquals(2, one.status(), one::text);
    assertTrue(one.text().contains("clerk2 has learned no address"), one::text);
    machine.authority.says("files.shop.test", 0, MOVED);
    assertTrue(machine.asks("clerk2", "files.shop.test"), () -> machine.agent.log());
    assertFalse(machine.asks("clerk1", MOVED));
    var both = machine.agent.client("verdict", "app=clerk", "files.shop.test:3306");
    assertEquals(0, both.status(), both::text);
    assertTrue(both.out().contains(ADDRESS) && both.out().contains(MOVED), both::text);
    assertEquals(1, machine.agent.client("verdict", "app=clerk", "files.shop.test:3307").status());
    assertEquals(1, machine.agent.client("verdict", "clerk1", MOVED, "3306").status());
  }

  private static String dig(String container, String... question) {
    List<String> line = new ArrayList<>(List.of("dig", "+tries=1", "+time=5"));
    line.addAll(List.of(question));
    return machine.in(container, line.toArray(String[]::new)).out();
  }

  /** Whether what is observed of the container has a line with all of these. */
  private static boolean observed(String container, String... words) {
    return Await.within(
        SOON,
        () ->
            machine
                .agent
                .client("observe", "--container", container, "--protocol", "dns", "--last", "200")
                .out()
                .lines()
                .anyMatch(line -> List.of(words).stream().allMatch(line::contains)));
  }

  /** A name that no rule allows, one on the way of an answer, and an answer that leads inside. */
  @Test
  void inAuditModeWhatWouldBeRefusedIsAnsweredAndRecorded() throws IOException {
    machine.authority.says("other.test", 60, ADDRESS);
    machine.authority.leads("www.audited.test", "edge.tracker.test", 60, ADDRESS);
    machine.authority.says("inside.audited.example", 60, ADDRESS);
    machine.authority.says("host.test", 60, ADDRESS);
    machine.run(
        "audited",
        Way.DOCKER,
        Resolver.DNSMASQ,
        List.of(),
        "app=audited",
        "drawbridge.mode=audit",
        "drawbridge.policy.names=may resolve **.audited.*",
        "drawbridge.policy.not=may not resolve **.tracker.test");
    for (String transport : List.of("+notcp", "+tcp")) {
      for (String name : List.of("other.test", "www.audited.test", "inside.audited.example")) {
        assertTrue(dig("audited", transport, name).contains(ADDRESS), name + transport);
      }
    }
    assertTrue(observed("audited", "AUDIT", "other.test", "no-rule"));
    assertTrue(observed("audited", "AUDIT", "www.audited.test", "rule-denies"));
    assertTrue(observed("audited", "AUDIT", "inside.audited.example", "dns-rebinding"));
    assertEquals(
        new JsonArray(),
        machine.agent.api("/v1/flows?last=500&from=audited&protocol=dns&verdict=denied"));
    String metrics = machine.agent.metrics();
    for (String reason : List.of("no-rule", "rule-denies", "dns-rebinding")) {
      String series =
          "drawbridge_verdicts_total{by=\"engine\",reason=\"" + reason + "\",verdict=\"audit\"} 2";
      assertTrue(metrics.contains(series), () -> series + " is not in\n" + metrics);
    }
    assertTrue(machine.agent.client("names", "audited").out().contains("www.audited.test"));
    assertFalse(machine.agent.client("names", "audited").out().contains("inside.audited.example"));
    // The host's may-not holds in every mode.
    Path file = machine.agent.policyDirectory().resolve("host.policy");
    Files.writeString(file, "app=audited may not resolve host.test on anyone\n");
    try {
      Await.until("it is refused", SOON, () -> dig("audited", "host.test").contains("REFUSED"));
      assertTrue(dig("audited", "other.test").contains(ADDRESS));
    } finally {
      Files.delete(file);
    }
  }

  /** Others: queries time out, (A + AAAA) x search domains, by TCP, many at once. */
  @Test
  void searchDomainsTimesBothFamiliesByManyStreamsAreAllAnswered() {
    machine.run(
        "searcher",
        Way.DOCKER,
        Resolver.UNBOUND,
        List.of(
            "--dns-search=a.test",
            "--dns-search=b.test",
            "--dns-search=shop.test",
            "--dns-opt=ndots:3",
            "--dns-opt=use-vc",
            "--dns-opt=attempts:1"),
        "app=searcher",
        SQL);
    String said =
        machine
            .sh(
                "searcher",
                "i=0; while [ $i -lt 100 ]; do"
                    + " (getent ahosts db >/dev/null && echo found || echo lost) &"
                    + " i=$((i+1)); done; wait")
            .out();
    assertEquals("found\n".repeat(100), said);
    assertTrue(machine.asks("searcher", "db"));
  }

  /** Others: a pod that was quiet has no names after a restart, and none while it lasts. */
  @Test
  void whoWasQuietAndWhoAsksAllTheTimeHaveNamesThroughARestart() {
    machine.run("quiet", Way.DOCKER, Resolver.UNBOUND, List.of(), "app=quiet", SQL);
    machine.run(
        "busy",
        Way.DIRECT,
        Resolver.UNBOUND,
        List.of("--dns-opt=timeout:1", "--dns-opt=attempts:4"),
        "app=busy",
        SQL);
    machine
        .lab
        .docker()
        .must(
            "exec",
            "-d",
            "busy",
            "/bin/sh",
            "-c",
            "while [ ! -e /stop ]; do getent ahostsv4 db.shop.test >/dev/null && echo found || echo"
                + " lost; done > /said; mv /said /all");
    Await.until("it asks", SOON, () -> lines("busy", "/said") > 10);
    for (int restart = 0; restart < 2; restart++) {
      machine.agent.kill();
      int before = lines("busy", "/said");
      Await.until("it asks on", SOON, () -> lines("busy", "/said") > before + 5);
      machine.agent.start();
      int after = lines("busy", "/said");
      Await.until("it asks on", SOON, () -> lines("busy", "/said") > after + 5);
    }
    assertTrue(machine.asks("quiet", "db.shop.test"), () -> machine.agent.log());
    machine.sh("busy", "touch /stop");
    Await.until("it ends", SOON, () -> lines("busy", "/all") > 0);
    assertFalse(machine.sh("busy", "cat /all").out().contains("lost"));
    assertTrue(machine.asks("busy", ADDRESS), () -> machine.agent.log());
  }

  private static int lines(String container, String file) {
    String count = machine.sh(container, "wc -l < " + file).out().strip();
    return count.isEmpty() ? 0 : Integer.parseInt(count);
  }

  /** Others: a name with more addresses than are kept cuts flows that are in use. */
  @Test
  void aNameThatTurnsBeyondWhatIsKeptCutsNoSession() {
    AtomicInteger turn = new AtomicInteger();
    machine.authority.says("first.shop.test", 300, ADDRESS);
    machine.authority.turns(
        "pool.shop.test",
        0,
        () -> {
          int which = turn.getAndIncrement();
          return IntStream.range(0, 120)
              .mapToObj(i -> "10.99." + which % 250 + "." + (1 + i))
              .toList();
        });
    machine.run("turner", Way.DOCKER, Resolver.DNSMASQ, List.of(), "app=turner", SQL);
    machine.session("turner", "first.shop.test");
    Await.until("the session begins", SOON, () -> machine.goesOn("turner"));
    String said =
        machine
            .sh(
                "turner",
                "i=0; while [ $i -lt 25 ]; do dig +tcp +short +tries=1 pool.shop.test"
                    + " | wc -l; i=$((i+1)); done | sort | uniq -c")
            .out();
    assertTrue(said.contains("120"), said);
    assertTrue(machine.goesOn("turner"), () -> machine.agent.log());
  }
}
