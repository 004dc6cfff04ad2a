package dev.drawbridge.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drawbridge.policy.dns.DnsAsk;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** SPEC Z1, Z2, Z3, Z4: what may be resolved, of whom. */
final class DnsRulesTest {
  private static final int DNS = DnsAsk.PORT;

  private static Scene scene(String rules) {
    String[] sentences =
        Arrays.stream(rules.split(";", -1))
            .map(String::strip)
            .filter(s -> !s.startsWith("host:"))
            .toArray(String[]::new);
    Scene scene = new Scene().container("api", sentences).container("db", "app=db");
    for (String sentence : rules.split(";", -1)) {
      if (sentence.strip().startsWith("host:")) {
        scene.host(sentence.strip().substring("host:".length()));
      }
    }
    return scene;
  }

  private static int peer(Policy policy, String resolver) throws Exception {
    return switch (resolver) {
      case "docker" -> Peers.HOST;
      default -> policy.peerAgain(Peers.WORLD, InetAddress.getByName(resolver));
    };
  }

  /** {@code given} resolvers are marked with {@code !}. */
  private static String ask(String rules, String name, String resolver) throws Exception {
    Scene scene = scene(rules);
    Policy policy = scene.policy();
    boolean given = resolver.endsWith("!");
    int peer = peer(policy, given ? resolver.substring(0, resolver.length() - 1) : resolver);
    String[] names = name.split(">", -1);
    DnsAsk ask =
        new DnsAsk(names[0], "A", List.of(names).subList(1, names.length), Ports.UDP, given);
    Verdict verdict = policy.judge(scene.number("api"), peer, DNS, ask);
    return verdict.decision() + " " + verdict.reason();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        // Z1: without a rule about names they pass unjudged, if the resolver may be asked
        "app=api | a.b | docker! | ALLOW OPEN",
        "may connect 443 on *.a.b | x.a.b | docker! | ALLOW OPEN",
        "may connect 443 on *.a.b | other | docker! | ALLOW OPEN",
        "may connect 443 on *.a.b | other | 8.8.8.8 | DENY NO_RULE",
        "may connect 53/udp on 8.8.8.8 | other | 8.8.8.8 | ALLOW RULE_ALLOWS",
        // Z2: with one they do not
        "may resolve *.a.b | x.a.b | docker! | ALLOW RULE_ALLOWS",
        "may resolve *.a.b | X.A.b. | docker! | ALLOW RULE_ALLOWS",
        "may resolve *.a.b | a.b | docker! | DENY NO_RULE",
        "may resolve *.a.b | y.x.a.b | docker! | DENY NO_RULE",
        "may resolve **.a.b | y.x.a.b | docker! | ALLOW RULE_ALLOWS",
        "may resolve ** | . | docker! | ALLOW RULE_ALLOWS",
        "may resolve *.a.b | x.a.b | 8.8.8.8 | ALLOW RULE_ALLOWS",
        "may resolve *.a.b | c.d | 8.8.8.8 | DENY NO_RULE",
        "may resolve *.a.b;may connect 53/udp on 8.8.8.8 | c.d | 8.8.8.8 | DENY NO_RULE",
        "may resolve *.a.b;may not resolve x.a.b | x.a.b | docker! | DENY RULE_DENIES",
        "may resolve *.a.b;may not resolve x.a.b | y.a.b | docker! | ALLOW RULE_ALLOWS",
        // ... those alone that forbid leave all others
        "may not resolve x.a.b | x.a.b | docker! | DENY RULE_DENIES",
        "may not resolve x.a.b | y.a.b | docker! | ALLOW OPEN",
        "may not resolve x.a.b | y.a.b | 8.8.8.8 | DENY NO_RULE",
        "may not resolve x.a.b;may connect 53/udp on 8.8.8.8 | y.a.b | 8.8.8.8 | ALLOW RULE_ALLOWS",
        // ... of one resolver
        "may resolve *.a.b on 10.0.0.53 | x.a.b | 10.0.0.53 | ALLOW RULE_ALLOWS",
        "may resolve *.a.b on 10.0.0.53 | x.a.b | 10.0.0.54 | DENY NO_RULE",
        "may resolve *.a.b on 10.0.0.53 | x.a.b | docker! | DENY NO_RULE",
        "may resolve *.a.b on host | x.a.b | docker! | ALLOW RULE_ALLOWS",
        // what is forbidden at layer 4 is so
        "may resolve **;may not connect 53/udp on 10.0.0.53 | a | 10.0.0.53! | DENY RULE_DENIES",
        "may connect 80 on **.a;may not connect udp on host | a.a | docker! | DENY RULE_DENIES",
        // an alias is looked at by what forbids only
        "may resolve *.a.b | x.a.b>t.cdn.c | docker! | ALLOW RULE_ALLOWS",
        "may resolve **;may not resolve **.tracker.c | x.a.b>u.tracker.c | docker! | DENY RULE_DENIES",
        "may not resolve **.tracker.c | x.a.b>y.z>u.tracker.c | docker! | DENY RULE_DENIES",
        "may resolve *.a.b | other.c>x.a.b | docker! | DENY NO_RULE",
        // hostile names
        "may resolve *.a.b | x\\.y.a.b | docker! | DENY NO_RULE",
        "may not resolve *.a.b | x\\.y.a.b | docker! | DENY RULE_DENIES",
        // the host's policy
        "app=api;host:anyone may not resolve **.evil.c on anyone | x.evil.c | docker! | DENY RULE_DENIES",
        "app=api;host:anyone may not resolve **.evil.c on anyone | x.good.c | docker! | ALLOW OPEN",
        "app=api;host:anyone may not resolve **.evil.c on anyone | x.good.c | 8.8.8.8 | ALLOW OPEN",
        "may also resolve *.a.b | c.d | docker! | ALLOW OPEN",
        // modes: the container's own are recorded only, the host's hold
        "drawbridge.mode: audit;may resolve *.a.b | c.d | docker! | ALLOW NO_RULE",
        "drawbridge.mode: off;may resolve *.a.b | c.d | docker! | ALLOW OPEN",
        "drawbridge.mode: audit;may resolve c.d;host:anyone may not resolve c.d on anyone | c.d | docker! | DENY RULE_DENIES",
      })
  void isJudged(String rules, String name, String resolver, String expected) throws Exception {
    assertEquals(expected, ask(rules, name, resolver));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "app=api | false | false",
        "may connect 443 on 10.0.0.0/8 | false | false",
        "may connect 443 on *.a.b | true | false",
        "may open tls to *.a.b on *.a.b | true | false",
        "may GET / on a.b | true | false",
        "may resolve *.a.b | true | true",
        "may not resolve *.a.b | true | true",
        "drawbridge.mode: off;may resolve *.a.b | false | false",
        "drawbridge.mode: audit;may resolve *.a.b | true | true",
        "app=api;host:anyone may not connect 25 on **.a.b | true | false",
        "app=api;host:app=api may connect 443 on *.a.b | true | false",
        "app=api;host:containers may also connect 443 on *.a.b | false | false",
      })
  void onlyWhoseRulesSpeakOfNamesHasHisDnsRead(String rules, boolean reads, boolean judges) {
    Scene scene = scene(rules);
    Policy policy = scene.policy();
    assertEquals(reads, policy.readsNames(scene.number("api")), "reads");
    assertEquals(judges, policy.judgesNames(scene.number("api")), "judges");
    assertEquals(rules.contains("anyone"), policy.readsNames(scene.number("db")), "another");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "may connect 443 on *.a.b | 8.8.8.8 | false",
        "may connect 443 on *.a.b;may connect 53/udp on world | 8.8.8.8 | false",
        "may connect 443 on *.a.b;may connect 53/udp on anyone | 8.8.8.8 | false",
        "may connect 443 on *.a.b;may connect 53/udp on internet | 8.8.8.8 | false",
        "may connect 443 on *.a.b;may connect on 8.8.8.8 | 8.8.8.8 | false",
        "may connect 443 on *.a.b;may connect on 8.0.0.0/8 | 8.8.8.8 | false",
        "may connect 443 on *.a.b;may connect 1-1024,1-1024/udp on 8.8.8.8 | 8.8.8.8 | false",
        "may connect 443 on *.a.b;may connect 53 on 8.8.8.8 | 8.8.8.8 | true",
        "may connect 443 on *.a.b;may connect 53/udp on 8.8.8.8 | 8.8.8.8 | true",
        "may connect 443 on *.a.b;may connect 53/udp on 8.8.8.8 | 9.9.9.9 | false",
        "may connect 443 on *.a.b;may resolve ** on 8.8.8.0/24 | 8.8.8.8 | true",
        "may connect 443 on *.a.b;may resolve ** | 8.8.8.8 | false",
        "may connect 1 on *.a.b;may connect 53/udp on 8.8.8.8;may not connect udp on 8.0.0.0/8 | 8.8.8.8 | false",
      })
  void nobodysOwnResolverSaysWhatNamesMean(String rules, String resolver, boolean trusted)
      throws Exception {
    Scene scene = scene(rules);
    Policy policy = scene.policy();
    int peer = peer(policy, resolver);
    int api = scene.number("api");
    assertEquals(
        trusted,
        policy.trusts(api, peer, Ports.UDP, DNS) || policy.trusts(api, peer, Ports.TCP, DNS));
  }

  @Test
  void aResolverInAContainerHasASideOfItsOwn() {
    Scene scene =
        new Scene()
            .container("api", "app=api", "may resolve ** on app=dns")
            .container("dns", "app=dns", "app=api may resolve *.a.b");
    Policy policy = scene.policy();
    int api = scene.number("api");
    int dns = scene.number("dns");
    assertEquals(
        Decision.ALLOW, policy.judge(api, dns, DNS, DnsAsk.of("x.a.b", "A", false)).decision());
    assertEquals(
        Decision.DENY, policy.judge(api, dns, DNS, DnsAsk.of("c.d", "A", true)).decision());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "may resolve *.a.b;may connect 443 on world | true",
        "may resolve *.a.b;may connect on anyone | true",
        "may resolve *.a.b;may connect 853 on world | true",
        "may not resolve *.a.b | false",
        "may resolve *.a.b;may connect 443 on *.a.b | false",
        "may resolve *.a.b;may open tls to *.a.b on world | false",
        "may resolve *.a.b;may connect 443 on 10.0.0.0/8 | false",
        "may connect 443 on world | false",
      })
  void whatRulesOfNamesDoNotReachIsSaid(String rules, boolean said) {
    Policy policy = new Scene().container("api", rules.split(";", -1)).policy();
    assertEquals(
        said, policy.problems().stream().anyMatch(problem -> problem.code().equals("DB0215")));
  }
}
