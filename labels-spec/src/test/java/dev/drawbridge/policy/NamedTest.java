package dev.drawbridge.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.policy.compile.NamedPeers;
import dev.drawbridge.policy.kernel.L4Verdict;
import dev.drawbridge.policy.kernel.PairEntry;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** SPEC Z4, Z5, Z6, Z7: whom an address is to the container that learned it by name. */
final class NamedTest {
  private static final List<String> NAME = List.of("api.stripe.com");

  private static InetAddress address(String literal) {
    return InetAddress.ofLiteral(literal);
  }

  private static int learn(Scene scene, Policy policy, String literal, List<String> names) {
    InetAddress address = address(literal);
    int base = policy.peerAgain(Peers.WORLD, address);
    return policy.named(scene.number("api"), base, address, names);
  }

  private static Scene scene(String rules) {
    return new Scene().container("web", "app=web").container("api", rules.split(";", -1));
  }

  private static String ask(String rules, String names, String literal, String what) {
    Scene scene = scene(rules);
    Policy policy = scene.policy();
    int peer = learn(scene, policy, literal, List.of(names.split(" ", -1)));
    String[] parts = what.split("/", -1);
    int transport = parts[0].equals("tcp") ? Ports.TCP : Ports.UDP;
    int port = Integer.parseInt(parts[1]);
    Verdict verdict = policy.l4(scene.number("api"), peer, transport, port);
    // What the kernel has says the same.
    L4Verdict kernel =
        Kernel.side(policy, scene.number("api"), Direction.EGRESS, peer, transport, port);
    assertEquals(verdict.decision().toString(), kernel.toString(), "the kernel's tables");
    return verdict.decision() + " " + verdict.reason();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "may connect 443 on *.stripe.com | api.stripe.com | 1.1.1.1 | tcp/443 | ALLOW RULE_ALLOWS",
        "may connect 443 on *.stripe.com | api.stripe.com | 1.1.1.1 | tcp/80 | DENY NO_RULE",
        "may connect 443 on *.stripe.com | stripe.com | 1.1.1.1 | tcp/443 | DENY NO_RULE",
        "may connect 443 on *.stripe.com | x.y z.stripe.com | 1.1.1.1 | tcp/443 | ALLOW RULE_ALLOWS",
        "may connect 443 on bücher.de | XN--BCHER-KVA.de. | 1.1.1.1 | tcp/443 | ALLOW RULE_ALLOWS",
        "may open tls to a.b on a.b | a.b | 1.1.1.1 | tcp/443 | ENGINE NEEDS_ENGINE",
        "may GET /x port 80 on a.b | a.b | 1.1.1.1 | tcp/80 | ENGINE NEEDS_ENGINE",
        "may GET /x port 80 on a.b | a.b | 1.1.1.1 | tcp/443 | DENY NO_RULE",
        // Z5: names and the address' part of the world, in one; what denies wins
        "may connect 443 on a.b;may connect 80 on 1.0.0.0/8 | a.b | 1.1.1.1 | tcp/80 | ALLOW RULE_ALLOWS",
        "may connect 443 on a.b;may connect 80 on 1.0.0.0/8 | a.b | 1.1.1.1 | tcp/443 | ALLOW RULE_ALLOWS",
        "may connect 443 on a.b;may not connect 443 on 1.0.0.0/8 | a.b | 1.1.1.1 | tcp/443 | DENY RULE_DENIES",
        "may connect 443 on a.b;may not connect 443 on 1.0.0.0/8 | a.b | 2.1.1.1 | tcp/443 | ALLOW RULE_ALLOWS",
        "may connect 443 on a.b;may not connect 443 on 1.0.0.0/8 except 1.1.0.0/16 | a.b | 1.1.1.1 | tcp/443 | ALLOW RULE_ALLOWS",
        "may connect on world;may not connect 443 on a.b | a.b | 1.1.1.1 | tcp/443 | DENY RULE_DENIES",
        "may connect on world;may not connect 443 on a.b | c.d | 1.1.1.1 | tcp/443 | ALLOW RULE_ALLOWS",
        "may connect 443 on *.b;may not connect 443 on x.b | a.b x.b | 1.1.1.1 | tcp/443 | DENY RULE_DENIES",
        "may connect 443 on *.b;may connect udp on c.d | a.b c.d | 1.1.1.1 | udp/9 | ALLOW RULE_ALLOWS",
        "may connect 443 on *.b;may connect udp on c.d | a.b | 1.1.1.1 | udp/9 | DENY NO_RULE",
        "may connect 443 on anyone;may connect 80 on a.b | a.b | 1.1.1.1 | tcp/443 | ALLOW RULE_ALLOWS",
        "may connect 443 on a.b;may GET / on world port 443 | a.b | 1.1.1.1 | tcp/443 | ENGINE NEEDS_ENGINE",
        "may connect 443 on 2001:db8::/32;may connect 80 on a.b | a.b | 2600::1 | tcp/80 | ALLOW RULE_ALLOWS",
        // Z6: a name of the outside leads nowhere inside, unless the rule says so
        "may connect 443 on a.b | a.b | 10.0.0.5 | tcp/443 | DENY NO_RULE",
        "may connect 443 on a.b | a.b | 127.0.0.1 | tcp/443 | DENY NO_RULE",
        "may connect 443 on a.b | a.b | ::ffff:10.0.0.5 | tcp/443 | DENY NO_RULE",
        "may connect 443 on a.b | a.b | 64:ff9b::a00:5 | tcp/443 | DENY NO_RULE",
        "may connect 443 on a.b | a.b | 64:ff9b::808:808 | tcp/443 | ALLOW RULE_ALLOWS",
        "may connect 443 on a.b | a.b | 2002:a00:5::1 | tcp/443 | DENY NO_RULE",
        "may connect 443 on a.b | a.b | fd00:ec2::254 | tcp/443 | DENY NO_RULE",
        "may connect 443 on a.b within lan | a.b | 10.0.0.5 | tcp/443 | ALLOW RULE_ALLOWS",
        "may connect 443 on a.b within lan | a.b | 1.1.1.1 | tcp/443 | DENY NO_RULE",
        "may connect 443 on a.b within (lan internet) | a.b | 1.1.1.1 | tcp/443 | ALLOW RULE_ALLOWS",
        "may connect 443 on a.b within 10.0.0.0/8 except 10.1.0.0/16 | a.b | 10.0.0.5 | tcp/443 | ALLOW RULE_ALLOWS",
        "may connect 443 on a.b within 10.0.0.0/8 except 10.1.0.0/16 | a.b | 10.1.0.5 | tcp/443 | DENY NO_RULE",
        "may connect 443 on a.b within fc00::/7 | a.b | fd00::5 | tcp/443 | ALLOW RULE_ALLOWS",
        "may connect 443 on db.corp.internal | db.corp.internal | 10.0.0.5 | tcp/443 | ALLOW RULE_ALLOWS",
        "may connect 443 on **.internal | a.evil.com x.internal | 10.0.0.5 | tcp/443 | DENY NO_RULE",
        "may connect on lan;may not connect 443 on a.b | a.b | 10.0.0.5 | tcp/443 | DENY RULE_DENIES",
        // hostile names
        "may connect 443 on *.b | a\\.x.b | 1.1.1.1 | tcp/443 | DENY NO_RULE",
        "may connect 443 on world;may not connect 443 on *.b | a\\.x.b | 1.1.1.1 | tcp/443 | DENY RULE_DENIES",
      })
  void isJudged(String rules, String names, String literal, String what, String expected) {
    assertEquals(expected, ask(rules, names, literal, what));
  }

  @Test
  void onlyAddressesOfTheWorldAreKnownByName() {
    Scene scene = scene("may connect 443 on **");
    Policy policy = scene.policy();
    for (int base : List.of(Peers.HOST, Peers.EXEMPT, scene.number("web"), Peers.UNKNOWN)) {
      assertEquals(base, policy.named(scene.number("api"), base, address("1.1.1.1"), NAME));
    }
    int web = scene.number("web");
    assertEquals(Peers.WORLD, policy.named(web, Peers.WORLD, address("1.1.1.1"), NAME));
  }

  @Test
  void theSameRulesGiveTheSameNumberInEveryGeneration() {
    Scene scene = scene("may connect 443 on *.stripe.com;may connect 80 on *.other.com");
    Policy first = scene.policy();
    int number = learn(scene, first, "1.1.1.1", NAME);
    assertTrue(Peers.isNamed(number));
    assertEquals(number, learn(scene, first, "2.2.2.2", List.of("x.stripe.com")));
    assertNotEquals(number, learn(scene, first, "2.2.2.2", List.of("x.stripe.com", "a.other.com")));
    Scene changed = scene("may connect 80 on *.stripe.com").generation(2);
    Policy next = first.next(changed.input());
    assertEquals(number, learn(changed, next, "3.3.3.3", NAME));
    int api = scene.number("api");
    assertEquals(Decision.ALLOW, first.l4(api, number, Ports.TCP, 443).decision());
    assertEquals(Decision.DENY, next.l4(api, number, Ports.TCP, 443).decision());
    assertEquals(Decision.ALLOW, next.l4(api, number, Ports.TCP, 80).decision());
    assertEquals(number, next.peerAgain(number, address("1.1.1.1")));
  }

  @Test
  void aNumberOfNamesThatNoRuleHasAnyMoreIsItsPartOfTheWorld() {
    Scene scene = scene("may connect 443 on *.stripe.com;may connect 80 on 1.0.0.0/8");
    Policy first = scene.policy();
    int number = learn(scene, first, "1.1.1.1", NAME);
    Scene changed = scene("may connect 25 on 1.0.0.0/8").generation(2);
    Policy next = first.next(changed.input());
    int api = scene.number("api");
    assertEquals(Decision.ALLOW, next.l4(api, number, Ports.TCP, 25).decision());
    assertEquals(Decision.DENY, next.l4(api, number, Ports.TCP, 443).decision());
    Scene ranged = scene("may connect 99 on world").generation(3);
    Policy last = next.next(ranged.input());
    assertEquals(Decision.ALLOW, last.l4(api, number, Ports.TCP, 99).decision());
  }

  @Test
  void aSideListsItsNumbersAsSoonAsTheyAreGiven() {
    Scene scene = scene("may connect 443 on *.stripe.com");
    Policy policy = scene.policy();
    int api = scene.number("api");
    List<PairEntry> before = policy.pairs(api, Direction.EGRESS);
    int number = learn(scene, policy, "1.1.1.1", NAME);
    List<PairEntry> after = policy.pairs(api, Direction.EGRESS);
    assertEquals(before.size() + 1, after.size());
    assertTrue(after.contains(policy.pair(api, number)));
    assertSame(after, policy.pairs(api, Direction.EGRESS), "the same list while nothing comes");
    policy.release(api, Set.of(number));
    assertSame(after, policy.pairs(api, Direction.EGRESS), "the same list while nothing goes");
    policy.release(api, Set.of());
    assertEquals(before, policy.pairs(api, Direction.EGRESS));
    int other = learn(scene, policy, "1.1.1.1", NAME);
    assertNotEquals(number, other, "given twice");
    policy.next(scene.without("api").generation(2).input());
    // The last one is remembered, so that an agent that comes back does not give it again.
    assertEquals(Map.of(other, ""), policy.named());
  }

  @Test
  void anAgentThatComesBackKnowsTheNumbers() {
    Scene scene = scene("may connect 443 on *.stripe.com within lan;may connect 80 on 10.0.0.0/8");
    Policy first = scene.policy();
    int number = learn(scene, first, "10.1.1.1", NAME);
    Map<Integer, String> written = first.named();
    assertEquals(Map.of(number, "10.0.0.0/8;+*.stripe.com within lan"), written);
    Policy next =
        Policy.resuming(
                Map.of(first.networks().getFirst().range(), first.networks().getFirst().peer()),
                written)
            .next(scene.input());
    assertEquals(number, learn(scene, next, "10.1.1.1", NAME));
    Policy damaged =
        Policy.resuming(Map.of(), Map.of(number, "what is this", number + 7, "world;+"))
            .next(scene.input());
    assertEquals(number + 8, learn(scene, damaged, "10.1.1.1", NAME));
  }

  @Test
  void whoLearnsTooManyCombinationsIsDeniedMore() {
    var rules = new StringBuilder();
    for (int i = 0; i < 11; i++) {
      rules.append("may connect 443 on **.n").append(i).append(".com\n");
    }
    Scene scene = new Scene().container("api", "may connect 443 on **.a.com");
    scene.host(rules.toString().replace("may", "anyone may also").split("\n", -1));
    Policy policy = scene.policy();
    int last = 0;
    for (int combination = 1; combination < 1 << 11; combination++) {
      var names = new java.util.ArrayList<String>();
      for (int i = 0; i < 11; i++) {
        if ((combination >> i & 1) != 0) {
          names.add("x.n" + i + ".com");
        }
      }
      last = learn(scene, policy, "1.1.1.1", names);
    }
    assertEquals(Peers.UNKNOWN, last);
    assertEquals(NamedPeers.MAX_OF_ONE, policy.named().size());
    assertEquals(Decision.DENY, policy.l4(scene.number("api"), last, Ports.TCP, 443).decision());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "may connect 443 on *.b | a.b | 10.0.0.5 | true",
        "may connect 443 on *.b | c.d | 10.0.0.5 | true",
        "may connect 443 on *.b | a.b | 1.1.1.1 | false",
        "may connect 443 on *.b | a.b | 169.254.169.254 | true",
        "may connect 443 on *.b | a.b | 100.100.100.200 | true",
        "may connect 443 on *.b | a.b | 127.0.0.1 | true",
        "may connect 443 on *.b | a.b | 0.0.0.0 | true",
        "may connect 443 on *.b | a.b | ::1 | true",
        "may connect 443 on *.b | a.b | ::10.0.0.5 | true",
        "may connect 443 on *.b | a.b | 64:ff9b::7f00:1 | true",
        "may connect 443 on *.b | a.b | 64:ff9b:1::808:808 | true",
        "may connect 443 on *.b | a.b | fe80::1 | true",
        "may connect 443 on *.b | db | 10.0.0.5 | false",
        "may connect 443 on *.b | x.corp.internal | 10.0.0.5 | false",
        "may connect 443 on *.b | a.b x.internal | 10.0.0.5 | true",
        "may connect 443 on *.b within lan | a.b | 10.0.0.5 | false",
        "may connect 443 on *.b within lan | c.d | 10.0.0.5 | true",
        "may connect 443 on *.b;may connect 1 on 10.0.0.0/8 | c.d | 10.0.0.5 | false",
        "may connect 443 on *.b;may resolve ** | c.d | 10.0.0.5 | true",
        "app=api | c.d | 10.0.0.5 | false",
      })
  void aNameOfTheOutsideLeadsInsideByARuleOnly(
      String rules, String names, String literal, boolean rebinds) {
    Scene scene = scene(rules);
    Policy policy = scene.policy();
    InetAddress address = address(literal);
    int base = policy.peerAgain(Peers.WORLD, address);
    List<String> known = List.of(names.split(" ", -1));
    assertEquals(rebinds, policy.rebinds(scene.number("api"), base, address, known));
    assertFalse(policy.rebinds(scene.number("api"), scene.number("web"), address, known));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "drawbridge.mode: audit;may connect 443 on *.b | - | true",
        "may connect 443 on *.b | - | false",
        "drawbridge.mode: audit;may connect 443 on *.b | app=api may connect 80 on *.c | false",
        "drawbridge.mode: audit;may connect 443 on *.b | app=api may resolve *.c on anyone | false",
        "drawbridge.mode: audit;may connect 443 on *.b | app=api may connect 80 on app=web | true",
        "may connect 443 on *.b | app=api is audited | true",
        "may connect 443 on *.b | app=api may connect 80 on *.c; app=api is audited | true",
        "may connect 443 on *.b | anyone may not resolve *.c on anyone; app=api is audited | false",
      })
  void anAnswerThatLeadsInsideIsAuditedWhereTheHostHasNoNamesRead(
      String rules, String host, boolean audits) {
    Scene scene = scene("app=api;" + rules);
    for (String line : host.split(";", -1)) {
      if (!line.equals("-")) {
        scene.host(line.strip());
      }
    }
    Policy policy = scene.policy();
    int api = scene.number("api");
    assertTrue(policy.rebinds(api, Peers.WORLD, address("10.0.0.5"), List.of("a.b")));
    assertEquals(audits, policy.auditsAnswers(api));
  }
}
