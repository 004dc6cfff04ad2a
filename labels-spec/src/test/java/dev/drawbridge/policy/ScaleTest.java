package dev.drawbridge.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/** Bounds are several times what a small machine needs: they catch growth, not noise. */
final class ScaleTest {
  private static final int CONTAINERS = 1000;

  private static List<Member> members(int rulesEach) {
    var members = new ArrayList<Member>();
    for (int i = 0; i < CONTAINERS; i++) {
      members.add(member(i, rulesEach));
    }
    return members;
  }

  private static Member member(int i, int rulesEach) {
    var labels = new TreeMap<String, String>();
    labels.put("app", "app" + i);
    labels.put("tier", "t" + i % 10);
    labels.put("com.docker.compose.project", "p" + i % 50);
    for (int r = 0; r < rulesEach; r++) {
      int peer = (i * 7 + r * 13 + 1) % CONTAINERS;
      String sentence =
          r % 5 == 4
              ? "app=app" + peer + " may connect " + (5000 + r)
              : "app=app" + peer + " may GET,POST /svc" + r + "/*/items/**";
      labels.put("drawbridge.policy.r" + r, sentence);
    }
    return new Member(
        Peers.FIRST_ENDPOINT + i, Workload.of("c" + i, labels), LabelParser.parse(labels).value());
  }

  private static long millis(long since) {
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - since);
  }

  @Test
  void fullCompileOfTenThousandRulesStaysWithinASecond(TestReporter reporter) {
    var input = new PolicyInput(1, members(10), HostPolicy.NONE, false);
    Policy.compile(input).pairs();
    long start = System.nanoTime();
    Policy policy = Policy.compile(input);
    int pairs = policy.pairs().size();
    long took = millis(start);
    reporter.publishEntry("took ms", "" + took);
    assertTrue(pairs > 10_000, () -> "pairs " + pairs);
    assertTrue(took < 3000, () -> "took " + took + " ms");
  }

  @Test
  void oneContainerMoreCostsItsOwnSidesOnly(TestReporter reporter) {
    List<Member> members = members(10);
    Policy before = Policy.compile(new PolicyInput(1, members, HostPolicy.NONE, false));
    before.pairs();
    List<Member> more = new ArrayList<>(members);
    more.add(member(CONTAINERS, 10));
    before.next(new PolicyInput(2, more, HostPolicy.NONE, false));
    long start = System.nanoTime();
    Policy after = before.next(new PolicyInput(2, more, HostPolicy.NONE, false));
    int pairs = after.pairs().size();
    long took = millis(start);
    reporter.publishEntry("took ms", "" + took);
    assertTrue(took < 200, () -> "took " + took + " ms for " + pairs);
    assertSame(
        before.pairs(256 + 500, Direction.INGRESS), after.pairs(256 + 500, Direction.INGRESS));
  }

  @Test
  void oneLineChangedInTheHostFileCostsLittle(TestReporter reporter) {
    var lines = new ArrayList<String>();
    for (int i = 0; i < 10_000; i++) {
      lines.add("app=app" + i % 997 + " may GET /p" + i + " on app=app" + (i * 3) % 1000);
    }
    List<Member> members = members(0);
    HostPolicy host = HostPolicyParser.parse("a", String.join("\n", lines)).value();
    Policy before = Policy.compile(new PolicyInput(1, members, host, false));
    before.pairs();
    lines.set(5000, "app=app1 may POST /changed on app=app2");
    HostPolicy changed = HostPolicyParser.parse("a", String.join("\n", lines)).value();
    before.next(new PolicyInput(2, members, changed, false));
    long start = System.nanoTime();
    Policy after = before.next(new PolicyInput(2, members, changed, false));
    after.pairs();
    long took = millis(start);
    reporter.publishEntry("took ms", "" + took);
    assertTrue(took < 200, () -> "took " + took + " ms");
    assertEquals(
        Decision.ALLOW,
        after.http(256 + 1, 256 + 2, 80, HttpRequest.of("POST", "/changed")).decision());
  }

  @Test
  void matchCostDoesNotGrowWithTheRules(TestReporter reporter) {
    var cost = new TreeMap<Integer, Long>();
    for (int rules : List.of(100, 1000, 10_000)) {
      var lines = new ArrayList<String>();
      for (int i = 0; i < rules; i++) {
        lines.add("app=a may GET /service" + i + "/*/items/** on app=b");
      }
      Policy policy =
          Policy.compile(
              new PolicyInput(
                  1,
                  List.of(named(256, "a"), named(257, "b")),
                  HostPolicyParser.parse("f", String.join("\n", lines)).value(),
                  false));
      HttpRequest request = HttpRequest.of("GET", "/service" + (rules - 7) + "/17/items/blue/1");
      for (int i = 0; i < 20_000; i++) {
        assertEquals(Decision.ALLOW, policy.http(256, 257, 80, request).decision());
      }
      long start = System.nanoTime();
      for (int i = 0; i < 50_000; i++) {
        policy.http(256, 257, 80, request);
      }
      cost.put(rules, (System.nanoTime() - start) / 50_000);
    }
    reporter.publishEntry("match ns by rules", cost.toString());
    long few = cost.firstEntry().getValue();
    long many = cost.lastEntry().getValue();
    assertTrue(many < 20 * few + 2000, cost::toString);
  }

  private static Member named(int endpoint, String app) {
    return new Member(endpoint, Workload.of(app, Map.of("app", app)), ContainerPolicy.NONE);
  }
}
