package dev.drawbridge.policy.ask;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.Scene;
import dev.drawbridge.policy.Verdict;
import dev.drawbridge.policy.http.HttpRequest;
import dev.drawbridge.policy.tls.TlsAsk;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ExplainerTest {
  private static Explanation http(Scene scene, String from, String to, String method, String path) {
    return Explainer.of(
        scene.policy(), scene.number(from), scene.number(to), 80, HttpRequest.of(method, path));
  }

  private static final Scene SHOP =
      new Scene()
          .container("api", "app=api")
          .container("web", "app=web")
          .container("db", "app=db", "app=api may GET /users");

  @Test
  void namesWhatMissesByOneThingAndTheLabelThatWouldAllow() {
    Explanation why = http(SHOP, "api", "db", "POST", "/users");
    assertEquals(Decision.DENY, why.verdict().decision());
    Explanation.SideReport ingress = why.sides().get(1);
    assertEquals("it is about GET", ingress.near().getFirst().why());
    assertEquals(
        List.of(new Explanation.Advice("db", "drawbridge.policy.allow", "app=api may POST /users")),
        why.advice());
    assertEquals("it is about app=api", near(http(SHOP, "web", "db", "GET", "/users")));
    assertEquals(
        "it is about /users, not /users/1", near(http(SHOP, "api", "db", "GET", "/users/1")));
  }

  private static String near(Explanation why) {
    return why.sides().get(1).near().getFirst().why();
  }

  @Test
  void everyAdviceDoesWhatItPromises() {
    for (String from : List.of("api", "web", "host", "world")) {
      for (String what : List.of("tcp/22", "udp/53", "icmp", "PUT /a/b")) {
        Verdict before = SHOP.ask(from, "db", what);
        if (before.decision() != Decision.DENY) {
          continue;
        }
        String path = what.substring(what.indexOf(' ') + 1);
        Explanation why =
            what.startsWith("PUT")
                ? http(SHOP, from, "db", "PUT", path)
                : Explainer.l4(
                    SHOP.policy(),
                    SHOP.number(from),
                    SHOP.number("db"),
                    what.startsWith("tcp") ? 6 : what.startsWith("udp") ? 17 : 1,
                    what.equals("icmp") ? 0 : Integer.parseInt(what.substring(4)));
        assertEquals(1, why.advice().size());
        var mended =
            new Scene()
                .container("api", "app=api")
                .container("web", "app=web")
                .container(
                    "db", "app=db", "app=api may GET /users", why.advice().getFirst().oneLine());
        assertEquals(Decision.ALLOW, mended.decide(from, "db", what), why::toString);
      }
    }
  }

  @Test
  void nothingLiftsAMayNot() {
    var scene =
        new Scene()
            .container("api", "app=api")
            .container("db", "app=api may GET /**", "anyone may not GET /admin/**");
    Explanation why = http(scene, "api", "db", "GET", "/admin/x");
    assertTrue(why.advice().isEmpty());
    assertEquals(
        "anyone may not GET /admin/**", why.sides().get(1).decidedBy().orElseThrow().text());
  }

  @Test
  void bothSidesAreAdvisedIfBothDeny() {
    var scene =
        new Scene()
            .container("api", "app=api", "may GET / on app=x")
            .container("db", "app=db", "app=x may GET /");
    Explanation why = http(scene, "api", "db", "GET", "/users");
    assertEquals(
        List.of("may GET /users on app=db", "app=api may GET /users"),
        why.advice().stream().map(Explanation.Advice::value).toList());
  }

  private static final Scene RPC =
      new Scene()
          .container("api", "app=api")
          .container("db", "app=db", "app=api may call shop.Cart/Get", "app=api may connect 90")
          .container("bank", "app=bank", "app=api may open tls to bank.example port 443");

  private static Explanation call(Scene scene, String target, int port) {
    return Explainer.of(
        scene.policy(), scene.number("api"), scene.number("db"), port, Scene.call(target));
  }

  private static Explanation tls(Scene scene, String to, int port, String name) {
    return Explainer.of(
        scene.policy(), scene.number("api"), scene.number(to), port, new TlsAsk(name));
  }

  @Test
  void saysWhatKeepsACallFromMatching() {
    assertEquals(
        "it is about shop.Cart/Get, not /shop.Cart/Put", near(call(RPC, "shop.Cart/Put", 80)));
    Explanation plain = http(RPC, "api", "db", "POST", "/shop.Cart/Get");
    assertEquals("it is about gRPC, whose content-type is application/grpc", near(plain));
  }

  @Test
  void saysWhatKeepsANameFromMatching() {
    assertEquals(
        "it is about bank.example, not evil.example", near(tls(RPC, "bank", 443, "evil.example")));
    assertEquals("it is about port 443", near(tls(RPC, "bank", 444, "bank.example")));
    assertEquals("it is about HTTP in the clear", near(tls(RPC, "db", 80, "bank.example")));
    assertEquals(
        "it is about TLS",
        Explainer.of(RPC.policy(), RPC.number("api"), RPC.number("bank"), 443, Scene.call("a.B/C"))
            .sides()
            .get(1)
            .near()
            .getFirst()
            .why());
  }

  @Test
  void adviceForCallsAndNamesDoesWhatItPromises() {
    Explanation put = call(RPC, "shop.Cart/Put", 80);
    assertEquals("app=api may call shop.Cart/Put", put.advice().getFirst().value());
    Explanation evil = tls(RPC, "bank", 443, "evil.example");
    assertEquals("app=api may open tls to evil.example", evil.advice().getFirst().value());
    Explanation onDb = tls(RPC, "db", 80, "db.example");
    var mended =
        new Scene()
            .container("api", "app=api")
            .container(
                "db",
                "app=db",
                put.advice().getFirst().oneLine(),
                onDb.advice().getFirst().oneLine().replace("allow:", "allow2:"))
            .container("bank", "app=bank", evil.advice().getFirst().oneLine());
    assertEquals(Decision.ALLOW, mended.decide("api", "db", "CALL shop.Cart/Put"));
    assertEquals(Decision.ALLOW, mended.decide("api", "db", "TLS db.example"));
    assertEquals(Decision.ALLOW, mended.decide("api", "bank", "TLS:443 evil.example"));
  }

  @Test
  void nothingLiftsAMayNotThatEncryptionWouldHide() {
    var scene =
        new Scene()
            .container("api", "app=api")
            .container("db", "app=api may open tls to a.b", "anyone may not DELETE /**");
    Explanation why = tls(scene, "db", 80, "a.b");
    assertEquals(Reason.TLS_UNDER_HTTP_RULE, why.verdict().reason());
    assertTrue(why.advice().isEmpty());
  }
}
