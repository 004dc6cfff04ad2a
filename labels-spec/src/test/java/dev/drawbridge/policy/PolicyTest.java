package dev.drawbridge.policy;

import static dev.drawbridge.policy.Decision.ALLOW;
import static dev.drawbridge.policy.Decision.DENY;
import static dev.drawbridge.policy.Decision.ENGINE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.policy.http.Headers;
import dev.drawbridge.policy.http.HttpRequest;
import dev.drawbridge.policy.kernel.L4Verdict;
import dev.drawbridge.policy.kernel.PairEntry;
import dev.drawbridge.policy.kernel.PortRange;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class PolicyTest {
  private static final Scene SHOP =
      new Scene()
          .container("api", "app=api")
          .container("stranger", "app=other")
          .container(
              "db",
              "app=db",
              "drawbridge.policy.read: app=api may GET /users",
              "drawbridge.policy.write: app=api may GET,POST /posts/**",
              "drawbridge.policy.keep: anyone may not DELETE /**");

  @Test
  void headlineSentenceHolds() {
    assertEquals(ALLOW, SHOP.decide("api", "db", "GET /users"));
    assertEquals(DENY, SHOP.decide("api", "db", "POST /users"));
    assertEquals(DENY, SHOP.decide("api", "db", "GET /admin"));
    assertEquals(DENY, SHOP.decide("stranger", "db", "GET /users"));
    assertEquals(ENGINE, SHOP.decide("api", "db", "tcp/80"));
    assertEquals(DENY, SHOP.decide("stranger", "db", "tcp/80"));
    assertEquals(DENY, SHOP.decide("host", "db", "tcp/80"));
    assertEquals(DENY, SHOP.decide("world", "db", "tcp/80"));
  }

  @Test
  void headIsNotImpliedByGet() {
    assertEquals(DENY, SHOP.decide("api", "db", "HEAD /users"));
  }

  @Test
  void openContainersStayOpen() {
    Verdict verdict = SHOP.ask("db", "api", "tcp/80");
    assertEquals(ALLOW, verdict.decision());
    assertEquals(Reason.OPEN, verdict.reason());
  }

  @Test
  void verdictNamesTheRule() {
    Policy policy = SHOP.policy();
    Verdict verdict = SHOP.ask(policy, "api", "db", "GET /users");
    RuleInfo rule = policy.rule(verdict.rule()).orElseThrow();
    assertEquals("drawbridge.policy.read", rule.origin().display());
    assertEquals("db", rule.owner());
    assertEquals("app=api may GET /users", rule.text());
    Verdict denied = SHOP.ask(policy, "api", "db", "DELETE /users");
    assertEquals(Reason.RULE_DENIES, denied.reason());
    assertEquals(
        "drawbridge.policy.keep", policy.rule(denied.rule()).orElseThrow().origin().display());
    assertEquals(Reason.NO_RULE, SHOP.ask(policy, "api", "db", "GET /x").reason());
    assertEquals(Optional.empty(), policy.rule(0));
    assertEquals(Optional.empty(), policy.rule(9999));
  }

  @Test
  void pairsHoldAnAnyEntryAndThePeersThatDiffer() {
    List<PairEntry> pairs = SHOP.policy().pairs();
    assertEquals(2, pairs.size(), pairs::toString);
    PairEntry any = pairs.get(0);
    assertEquals(Peers.ANY, any.peer());
    assertEquals(Direction.INGRESS, any.direction());
    assertEquals(SHOP.number("db"), any.owner());
    assertTrue(any.table().ranges().isEmpty());
    PairEntry api = pairs.get(1);
    assertEquals(SHOP.number("api"), api.peer());
    assertEquals(
        List.of(new PortRange(Ports.TCP, 0, 65535, L4Verdict.ENGINE, 1)),
        api.table().ranges().stream()
            .map(r -> new PortRange(r.protocol(), r.low(), r.high(), r.verdict(), 1))
            .toList());
  }

  @Test
  void everyReadingOfThePathMustBeAllowed() {
    Policy policy = SHOP.policy();
    int api = SHOP.number("api");
    int db = SHOP.number("db");
    var both = new HttpRequest("GET", List.of("/posts/1", "/admin"), "", Headers.NONE);
    Verdict verdict = policy.judge(api, db, 80, both);
    assertEquals(DENY, verdict.decision());
    assertEquals(Reason.HTTP_PATH_AMBIGUOUS, verdict.reason());
    var fine = new HttpRequest("GET", List.of("/posts/1", "/users"), "", Headers.NONE);
    assertEquals(ALLOW, policy.judge(api, db, 80, fine).decision());
  }

  @Test
  void unknownEndpointIsDenied() {
    Policy policy = SHOP.policy();
    assertEquals(Reason.UNKNOWN_ENDPOINT, policy.l4(9000, SHOP.number("db"), 6, 80).reason());
    assertEquals(DENY, Policy.empty().l4(256, 257, 6, 80).decision());
  }

  @Test
  void connectNamesPortsThatHttpRulesThenLeaveAlone() {
    var scene =
        new Scene()
            .container("api", "app=api")
            .container("db", "app=api may connect 5432/tcp", "app=api may GET /health");
    assertEquals(ALLOW, scene.decide("api", "db", "tcp/5432"));
    assertEquals(ENGINE, scene.decide("api", "db", "tcp/5431"));
    assertEquals(DENY, scene.decide("api", "db", "udp/5432"));
    assertEquals(ALLOW, scene.decide("api", "db", "GET /health"));
  }

  @Test
  void httpRuleWithPortIsNotShadowedByConnect() {
    var scene =
        new Scene()
            .container("api", "app=api")
            .container("db", "app=api may connect 80", "app=api may GET /health port 80");
    assertEquals(ENGINE, scene.decide("api", "db", "tcp/80"));
    assertEquals(DENY, scene.decide("api", "db", "GET /other"));
    assertEquals(ALLOW, scene.decide("api", "db", "GET /health"));
  }

  @Test
  void bothSidesMustAllow() {
    var scene =
        new Scene()
            .container("api", "app=api", "may GET /users on app=db", "may connect 443 on 10.0.5.7")
            .container("db", "app=db", "app=api may GET /**");
    assertEquals(ALLOW, scene.decide("api", "db", "GET /users"));
    assertEquals(DENY, scene.decide("api", "db", "GET /posts"));
    assertEquals(DENY, scene.decide("api", "world", "tcp/443"));
    int network = scene.policy().networks().getFirst().peer();
    assertEquals(ALLOW, scene.policy().l4(scene.number("api"), network, 6, 443).decision());
  }

  @Test
  void auditAllowsAndSaysSo() {
    var scene =
        new Scene()
            .container("api", "app=api")
            .container("db", "app=api may GET /users", "drawbridge.mode: audit");
    Verdict verdict = scene.ask("api", "db", "GET /x");
    assertEquals(ALLOW, verdict.decision());
    assertTrue(verdict.audited());
    assertEquals(Reason.NO_RULE, verdict.reason());
    assertFalse(scene.ask("api", "db", "GET /users").audited());
    assertEquals(Mode.AUDIT, scene.policy().mode(scene.number("db")));
  }

  @Test
  void serviceMeansTheSameProject() {
    String project = "com.docker.compose.project=";
    String service = "com.docker.compose.service=";
    var scene =
        new Scene()
            .container("shop-web-1", project + "shop", service + "web")
            .container("blog-web-1", project + "blog", service + "web")
            .container("shop-db-1", project + "shop", service + "db", "service:web may GET /");
    assertEquals(ALLOW, scene.decide("shop-web-1", "shop-db-1", "GET /"));
    assertEquals(DENY, scene.decide("blog-web-1", "shop-db-1", "GET /"));
  }

  @Test
  void conditionsOnHeaderAndHost() {
    var scene =
        new Scene()
            .container("ops", "app=ops")
            .container(
                "db",
                "app=ops may GET /a with header X-Reason",
                "app=ops may GET /b with header X-Kind in (x y)",
                "app=ops may GET /c with host *.example.com");
    Policy policy = scene.policy();
    assertEquals(DENY, scene.ask(policy, "ops", "db", "GET /a").decision());
    Map<String, List<String>> map = Map.of("x-reason", List.of("r"), "x-kind", List.of("y"));
    Headers headers = name -> map.getOrDefault(name, List.of());
    int ops = scene.number("ops");
    int db = scene.number("db");
    for (String path : List.of("/a", "/b", "/c")) {
      var request = new HttpRequest("GET", List.of(path), "api.Example.com:8080", headers);
      assertEquals(ALLOW, policy.judge(ops, db, 80, request).decision(), path);
    }
    var wrongHost = new HttpRequest("GET", List.of("/c"), "example.com", headers);
    assertEquals(DENY, policy.judge(ops, db, 80, wrongHost).decision());
  }
}
