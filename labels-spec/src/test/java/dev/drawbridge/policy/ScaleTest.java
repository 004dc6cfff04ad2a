package dev.drawbridge.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.policy.http.HttpRequest;
import dev.drawbridge.policy.labels.Workload;
import dev.drawbridge.policy.language.HostPolicy;
import dev.drawbridge.policy.parse.HostPolicyParser;
import dev.drawbridge.policy.parse.LabelParser;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** A change computes what it changes; what that takes is measured by {@code bench policy}. */
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

  @Test
  void oneContainerMoreCostsItsOwnSidesOnly() {
    List<Member> members = members(10);
    Policy before = Policy.compile(new PolicyInput(1, members, HostPolicy.NONE, false));
    before.pairs();
    List<Member> more = new ArrayList<>(members);
    more.add(member(CONTAINERS, 10));
    before.next(new PolicyInput(2, more, HostPolicy.NONE, false));
    Policy after = before.next(new PolicyInput(2, more, HostPolicy.NONE, false));
    assertTrue(after.pairs().size() > 10_000);
    assertSame(
        before.pairs(256 + 500, Direction.INGRESS), after.pairs(256 + 500, Direction.INGRESS));
  }

  @SuppressWarnings("ReferenceEquality") // whether it was computed anew is the question
  @Test
  void oneLineChangedInTheHostFileCostsLittle() {
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
    Policy after = before.next(new PolicyInput(2, members, changed, false));
    int kept = 0;
    for (int i = 0; i < CONTAINERS; i++) {
      int endpoint = Peers.FIRST_ENDPOINT + i;
      if (before.pairs(endpoint, Direction.INGRESS) == after.pairs(endpoint, Direction.INGRESS)) {
        kept++;
      }
    }
    // The line that went and the one that came govern two callees.
    assertEquals(CONTAINERS - 2, kept);
    assertEquals(
        Decision.ALLOW,
        after.judge(256 + 1, 256 + 2, 80, HttpRequest.of("POST", "/changed")).decision());
  }
}
