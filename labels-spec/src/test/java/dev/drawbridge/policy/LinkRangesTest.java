package dev.drawbridge.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drawbridge.policy.kernel.NetworkEntry;
import dev.drawbridge.policy.labels.Workload;
import dev.drawbridge.policy.parse.HostPolicyParser;
import dev.drawbridge.policy.parse.LabelParser;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** SPEC S7: what is of the link is the host, but for whose rule names it. */
final class LinkRangesTest {
  private static final int ONE = Peers.FIRST_ENDPOINT;
  private static final int OTHER = ONE + 1;
  private static final int UDP = 17;

  private static Policy policy(String host, String one, String other) {
    List<Member> members = new ArrayList<>();
    for (String rules : List.of(one, other)) {
      Map<String, String> labels =
          Map.of("app", "a" + members.size(), "drawbridge.policy.r", rules);
      members.add(
          new Member(
              ONE + members.size(),
              Workload.of("c" + members.size(), labels),
              LabelParser.parse(labels).value()));
    }
    return Policy.compile(
        new PolicyInput(1, members, HostPolicyParser.parse("h", host).value(), false));
  }

  private static int peer(Policy policy, String range) {
    for (NetworkEntry entry : policy.networks()) {
      if (entry.range().print().equals(range)) {
        return entry.peer();
      }
    }
    throw new AssertionError(range + " in " + policy.networks());
  }

  private static String asked(Policy policy, int caller, String range) {
    return policy.l4(caller, peer(policy, range), UDP, 5353).decision().name();
  }

  @Test
  void aRangeOfTheLinkIsOpenOnlyToWhoseRuleNamesIt() {
    for (String range : List.of("224.0.0.0/4", "169.254.0.0/16", "fe80::/10", "ff02::fb")) {
      String names = "may connect any on " + range;
      Policy toWorld = policy("", names, "may connect any on world");
      assertEquals("ALLOW", asked(toWorld, ONE, range), range);
      assertEquals("DENY", asked(toWorld, OTHER, range), range);
      Policy toAll = policy("", names, "may connect any on 0.0.0.0/0\nmay connect any on ::/0");
      assertEquals("DENY", asked(toAll, OTHER, range), range);
      Policy toHost = policy("", names, "may connect any on host");
      assertEquals("ALLOW", asked(toHost, OTHER, range), range);
      Policy notToHost =
          policy("app=a1 may not connect any on host", names, "may connect any on anyone");
      assertEquals("DENY", asked(notToHost, OTHER, range), range);
      Policy from = policy("", names, "world may connect any");
      assertEquals("DENY", from.l4(peer(from, range), OTHER, UDP, 5353).decision().name(), range);
    }
  }

  @Test
  void aRuleThatDeniesMakesNothingTheWorlds() {
    String denies = "anyone may not connect 80 on 169.254.169.254";
    Policy policy = policy(denies, "may connect any on world", "may connect any on host");
    assertEquals("DENY", asked(policy, ONE, "169.254.169.254"));
    assertEquals("ALLOW", asked(policy, OTHER, "169.254.169.254"));
    int peer = peer(policy, "169.254.169.254");
    assertEquals("DENY", policy.l4(OTHER, peer, Ports.TCP, 80).decision().name());
  }

  @Test
  void whatIsCutOutOfANamedRangeStaysTheHosts() {
    Policy policy =
        policy(
            "",
            "may connect any on 224.0.0.0/4 except 224.0.0.0/24\nmay connect any on world",
            "may connect any on world");
    assertEquals("ALLOW", asked(policy, ONE, "224.0.0.0/4"));
    assertEquals("DENY", asked(policy, ONE, "224.0.0.0/24"));
    assertEquals("DENY", asked(policy, OTHER, "224.0.0.0/24"));
  }

  @Test
  void aRangeThatNoRuleNamesAnyMoreIsTheHostAgain() throws Exception {
    Policy named = policy("", "may connect any on 224.0.0.0/4", "may connect any on world");
    int peer = peer(named, "224.0.0.0/4");
    InetAddress address = InetAddress.getByName("224.0.0.251");
    assertEquals(peer, named.peerAgain(peer, address));
    Policy unnamed = policy("", "may connect any on host", "may connect any on world");
    assertEquals(Peers.HOST, unnamed.peerAgain(peer, address));
    assertEquals(Peers.WORLD, unnamed.peerAgain(Peers.WORLD, InetAddress.getByName("192.0.2.1")));
  }
}
