package dev.drawbridge.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.policy.http.GrpcContentType;
import dev.drawbridge.policy.http.Headers;
import dev.drawbridge.policy.http.HttpRequest;
import dev.drawbridge.policy.tls.TlsAsk;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The table of SPEC rules L1 to L5, G1 to G3 and T1 to T5: every row is a case. */
final class LayersTest {
  /** Rows: rule of SPEC.md, api's labels, db's labels, host lines, from, to, what, expected. */
  private static List<Arguments> table() {
    return List.of(
        // Layer 4 beside layer 7.
        row("L1", "", "app=api may GET /a", "", "api", "db", "tcp/1234", "ENGINE NEEDS_ENGINE"),
        row("L1", "", "app=api may GET /a", "", "api", "db", "udp/1234", "DENY NO_RULE"),
        row(
            "L1",
            "",
            "app=api may GET /a;app=api may connect 5432",
            "",
            "api",
            "db",
            "tcp/5432",
            "ALLOW RULE_ALLOWS"),
        row(
            "L2",
            "",
            "app=api may GET /a port 80;app=api may connect 80",
            "",
            "api",
            "db",
            "tcp/80",
            "ENGINE NEEDS_ENGINE"),
        row(
            "L2",
            "",
            "app=api may connect 80;app=api may GET /a port 80",
            "",
            "api",
            "db",
            "GET /b",
            "DENY NO_RULE"),
        row(
            "L2",
            "",
            "app=api may GET /a;app=api may connect",
            "",
            "api",
            "db",
            "GET /b",
            "DENY NO_RULE"),
        row(
            "L2",
            "",
            "app=api may GET /a;app=api may connect",
            "",
            "api",
            "db",
            "udp/53",
            "ALLOW RULE_ALLOWS"),
        row(
            "L2",
            "",
            "app=api may GET /a;app=api may connect tcp",
            "",
            "api",
            "db",
            "GET /a",
            "ALLOW RULE_ALLOWS"),
        row(
            "L3",
            "",
            "app=api may connect 80;anyone may not DELETE /** port 80",
            "",
            "api",
            "db",
            "GET /x",
            "ALLOW RULE_ALLOWS"),
        row(
            "L3",
            "",
            "app=api may connect 80;anyone may not DELETE /** port 80",
            "",
            "api",
            "db",
            "DELETE /x",
            "DENY RULE_DENIES"),
        row(
            "L3",
            "",
            "app=api may GET /a port 80;app=api may not connect 80",
            "",
            "api",
            "db",
            "GET /a",
            "DENY RULE_DENIES"),
        row(
            "L4",
            "may GET /a on app=db;may not resolve a.b",
            "",
            "",
            "api",
            "db",
            "tcp/53",
            "ENGINE NEEDS_ENGINE"),
        row(
            "L4",
            "may resolve *.example.com",
            "",
            "",
            "api",
            "db",
            "udp/53",
            "ENGINE NEEDS_ENGINE"),
        row("L5", "", "app=api may connect icmp", "", "api", "db", "icmp", "ALLOW RULE_ALLOWS"),
        row("L5", "", "app=api may connect icmp", "", "api", "db", "icmpv6", "ALLOW RULE_ALLOWS"),
        row("L5", "", "app=api may connect 80", "", "api", "db", "icmp", "DENY NO_RULE"),
        row("L5", "", "app=api may connect", "", "api", "db", "47", "DENY PROTOCOL"),
        row(
            "L5",
            "",
            "app=api may connect 1-1024/sctp",
            "",
            "api",
            "db",
            "sctp/1024",
            "ALLOW RULE_ALLOWS"));
  }

  private static Arguments row(Object... cells) {
    return Arguments.of(cells);
  }

  @ParameterizedTest
  @MethodSource("table")
  void holds(
      String rule,
      String api,
      String db,
      String host,
      String from,
      String to,
      String what,
      String expected) {
    SemanticsCase.check(rule, api, db, host, from, to, what, expected);
  }

  /** Rules, separated by semicolons, on db; what; expected. */
  private static List<Arguments> calls() {
    return List.of(
        row("G1", "app=api may call a.B/C", "CALL a.B/C", "ALLOW RULE_ALLOWS"),
        row("G1", "app=api may call a.B/C", "CALL a.B/D", "DENY NO_RULE"),
        row("G1", "app=api may call a.B/C", "CALL a.B/c", "DENY NO_RULE"),
        row("G1", "app=api may call a.B/C", "CALL a.B/C/", "DENY NO_RULE"),
        row("G1", "app=api may call a.B/C", "CALL x.a.B/C", "DENY NO_RULE"),
        row("G1", "app=api may call a.B/C", "POST /a.B/C", "DENY NO_RULE"),
        row("G1", "app=api may call a.B/C", "GET /a.B/C", "DENY NO_RULE"),
        row("G1", "app=api may call a.B/*", "CALL a.B/D", "ALLOW RULE_ALLOWS"),
        row("G1", "app=api may call a.*/Get", "CALL a.b.v1.C/Get", "ALLOW RULE_ALLOWS"),
        row("G1", "app=api may call a.*/Get", "CALL b.C/Get", "DENY NO_RULE"),
        row("G1", "app=api may call a.B/**", "CALL a.B/C", "ALLOW RULE_ALLOWS"),
        row("G1", "app=api may call **/Check", "CALL grpc.Health/Check", "ALLOW RULE_ALLOWS"),
        row("G1", "app=api may call **", "CALL a.B/C", "ALLOW RULE_ALLOWS"),
        row("G1", "app=api may call **", "POST /a.B/C", "DENY NO_RULE"),
        row("G1", "app=web may call a.B/C", "CALL a.B/C", "DENY NO_RULE"),
        row(
            "G2",
            "app=api may ANY /**;app=api may not call a.B/C",
            "CALL a.B/C",
            "DENY RULE_DENIES"),
        row(
            "G2",
            "app=api may ANY /**;app=api may not call a.B/C",
            "POST /a.B/C",
            "DENY RULE_DENIES"),
        row(
            "G2",
            "app=api may ANY /**;app=api may not call a.B/C",
            "GET /a.B/C",
            "DENY RULE_DENIES"),
        row(
            "G2",
            "app=api may ANY /**;app=api may not call a.B/C",
            "CALL a.B/D",
            "ALLOW RULE_ALLOWS"),
        row(
            "G2",
            "app=api may call **;anyone may not call a.B/*",
            "CALL a.B/C",
            "DENY RULE_DENIES"),
        row(
            "G2",
            "anyone may not call a.B/C port 80;app=api may connect 80",
            "CALL a.B/C",
            "DENY RULE_DENIES"),
        row("G3", "app=api may call a.B/C;app=api may GET /x", "GET /x", "ALLOW RULE_ALLOWS"),
        row("G3", "app=api may call a.B/C;app=api may GET /x", "CALL a.B/C", "ALLOW RULE_ALLOWS"),
        row("G3", "app=api may POST /a.B/C", "CALL a.B/C", "ALLOW RULE_ALLOWS"),
        row("G3", "app=api may call a.B/C port 90", "CALL:90 a.B/C", "ALLOW RULE_ALLOWS"),
        row("G3", "app=api may call a.B/C port 90", "CALL:91 a.B/C", "DENY NO_RULE"),
        row("G3", "app=api may call a.B/C with header X=1", "CALL a.B/C", "DENY NO_RULE"),
        row("G3", "app=api may call a.B/C", "tcp/80", "ENGINE NEEDS_ENGINE"),
        row("G3", "app=api may call a.B/C", "udp/80", "DENY NO_RULE"),
        row(
            "T1",
            "app=api may open tls to a.example.com",
            "TLS a.example.com",
            "ALLOW RULE_ALLOWS"),
        row(
            "T1",
            "app=api may open tls to a.example.com",
            "TLS A.Example.COM",
            "ALLOW RULE_ALLOWS"),
        row("T1", "app=api may open tls to a.example.com", "TLS b.example.com", "DENY NO_RULE"),
        row("T1", "app=api may open tls to a.example.com", "TLS x.a.example.com", "DENY NO_RULE"),
        row(
            "T1",
            "app=api may open tls to *.example.com",
            "TLS b.example.com",
            "ALLOW RULE_ALLOWS"),
        row("T1", "app=api may open tls to *.example.com", "TLS example.com", "DENY NO_RULE"),
        row("T1", "app=api may open tls to *.example.com", "TLS a.b.example.com", "DENY NO_RULE"),
        row(
            "T1",
            "app=api may open tls to **.example.com",
            "TLS a.b.example.com",
            "ALLOW RULE_ALLOWS"),
        row("T1", "app=api may open tls to **.example.com", "TLS example.com", "DENY NO_RULE"),
        row("T1", "app=api may open tls to **", "TLS a.b", "ALLOW RULE_ALLOWS"),
        row("T1", "app=web may open tls to **", "TLS a.b", "DENY NO_RULE"),
        row(
            "T1",
            "app=api may open tls to **;app=api may not open tls to *.b",
            "TLS a.b",
            "DENY RULE_DENIES"),
        row(
            "T1",
            "app=api may not open tls to *.b;app=api may open tls to **",
            "TLS a.c",
            "ALLOW RULE_ALLOWS"),
        row("T2", "app=api may open tls to a.b", "tcp/1", "ENGINE NEEDS_ENGINE"),
        row("T2", "app=api may open tls to a.b", "udp/443", "DENY NO_RULE"),
        row("T2", "app=api may open tls to a.b port 443", "TLS:443 a.b", "ALLOW RULE_ALLOWS"),
        row("T2", "app=api may open tls to a.b port 443", "TLS:444 a.b", "DENY NO_RULE"),
        row(
            "T2",
            "app=api may open tls to a.b;app=api may connect 443",
            "TLS:443 c.d",
            "ALLOW RULE_ALLOWS"),
        row(
            "T2",
            "app=api may open tls to a.b port 443;app=api may connect 443",
            "TLS:443 c.d",
            "DENY NO_RULE"),
        row(
            "T2",
            "app=api may not open tls to a.b port 443;app=api may connect 443",
            "TLS:443 a.b",
            "DENY RULE_DENIES"),
        row(
            "T2",
            "app=api may not open tls to a.b port 443;app=api may connect 443",
            "TLS:443 c.d",
            "ALLOW RULE_ALLOWS"),
        row(
            "T2",
            "app=api may open tls to a.b;app=api may not connect 443",
            "TLS:443 a.b",
            "DENY RULE_DENIES"),
        row("T4", "app=api may GET /x;app=api may open tls to a.b", "GET /x", "ALLOW RULE_ALLOWS"),
        row("T4", "app=api may GET /x;app=api may open tls to a.b", "TLS a.b", "ALLOW RULE_ALLOWS"),
        row("T4", "app=api may GET /x;app=api may open tls to a.b", "TLS c.d", "DENY NO_RULE"),
        row("T4", "app=api may GET /x;app=api may open tls to a.b", "GET /y", "DENY NO_RULE"),
        row("T4", "app=api may GET /x", "TLS a.b", "DENY TLS_UNDER_HTTP_RULE"),
        row(
            "T4",
            "app=api may connect 80;app=api may not GET /x port 80",
            "TLS a.b",
            "DENY TLS_UNDER_HTTP_RULE"),
        row("T4", "app=api may open tls to a.b", "GET /x", "DENY NOT_TLS"),
        row(
            "T4",
            "app=api may open tls to a.b;anyone may not GET /x",
            "TLS a.b",
            "DENY TLS_UNDER_HTTP_RULE"),
        row("T4", "app=api may open tls to a.b;anyone may not GET /x", "GET /y", "DENY NO_RULE"),
        row(
            "T4",
            "app=api may open tls to a.b port 443;anyone may not GET /x port 80",
            "TLS:443 a.b",
            "ALLOW RULE_ALLOWS"),
        row(
            "T4",
            "app=api may connect 80;app=api may GET /x port 80;app=api may not open tls to c.d port 80",
            "TLS a.b",
            "DENY NO_RULE"),
        row(
            "T4",
            "app=api may GET /x;drawbridge.mode: audit",
            "TLS a.b",
            "ALLOW TLS_UNDER_HTTP_RULE audited"),
        row(
            "T4",
            "app=api may open tls to a.b;drawbridge.mode: audit",
            "TLS c.d",
            "ALLOW NO_RULE audited"),
        row(
            "T4",
            "app=api may open tls to a.b;drawbridge.mode: audit",
            "GET /x",
            "ALLOW NOT_TLS audited"),
        row("T4", "", "TLS a.b", "ALLOW OPEN"),
        row(
            "T5",
            "app=api may open tls to a.b port 443;app=api may connect 5432",
            "TLS:443 a.b",
            "ALLOW RULE_ALLOWS"));
  }

  @ParameterizedTest
  @MethodSource("calls")
  void judgesCallsAndNames(String rule, String db, String what, String expected) {
    SemanticsCase.check(rule, "", db, "", "api", "db", what, expected);
  }

  @Test
  void eachSideJudgesTheNameByItsOwnRules() {
    var scene =
        new Scene()
            .container("api", "app=api", "may open tls to *.shop on app=db")
            .container("db", "app=db", "app=api may open tls to db.shop");
    assertEquals(Decision.ALLOW, scene.decide("api", "db", "TLS db.shop"));
    assertEquals(Reason.NO_RULE, scene.ask("api", "db", "TLS x.shop").reason());
    var oneSide =
        new Scene()
            .container("api", "app=api", "may open tls to *.shop on app=db")
            .container("db", "app=db", "app=api may GET /");
    assertEquals(Reason.TLS_UNDER_HTTP_RULE, oneSide.ask("api", "db", "TLS db.shop").reason());
    assertEquals(Reason.NOT_TLS, oneSide.ask("api", "db", "GET /").reason());
  }

  @Test
  void aCallersNameRuleReachesTheWorldAndItsRanges() {
    var scene =
        new Scene()
            .container("api", "app=api", "may open tls to a.b on 10.0.0.0/8 port 443")
            .host("app=api may open tls to **.pay on world");
    Policy policy = scene.policy();
    int range = policy.networks().getFirst().peer();
    assertEquals(
        Decision.ALLOW,
        policy.judge(scene.number("api"), range, 443, new TlsAsk("a.b")).decision());
    assertEquals(
        Decision.ALLOW,
        policy.judge(scene.number("api"), range, 444, new TlsAsk("x.pay")).decision());
    assertEquals(
        Decision.DENY, policy.judge(scene.number("api"), range, 444, new TlsAsk("a.b")).decision());
    assertEquals(Decision.ALLOW, scene.decide("api", "world", "TLS x.pay"));
    assertEquals(Decision.DENY, scene.decide("api", "world", "TLS a.b"));
  }

  /** SPEC rule T3: what cannot be named is undecodable, whatever the TLS rules. */
  @Test
  void whatNamesNobodyIsDeniedByItsOwnReason() {
    for (String rule :
        List.of("app=api may open tls to **", "app=api may not open tls to x.y port 443")) {
      Policy policy =
          new Scene()
              .container("api", "app=api")
              .container("db", "app=db", rule, "app=api may connect")
              .policy();
      for (Reason reason : List.of(Reason.TLS_NO_NAME, Reason.TLS_NAME_HIDDEN)) {
        Verdict verdict = policy.undecodable(256, 257, 443, reason);
        assertEquals(Decision.DENY, verdict.decision());
        assertEquals(reason, verdict.reason());
        assertTrue(verdict.rule() > 0);
      }
      assertEquals(Reason.NOT_TLS, policy.undecodable(256, 257, 443, Reason.NOT_HTTP).reason());
    }
  }

  /** SPEC rule T4: a name would not help. */
  @Test
  void whatNamesNobodyUnderAnHttpRuleIsTlsUnderIt() {
    Policy policy =
        new Scene()
            .container("api", "app=api")
            .container("db", "app=db", "app=api may GET /**")
            .policy();
    for (Reason reason : List.of(Reason.TLS_NO_NAME, Reason.TLS_NAME_HIDDEN)) {
      assertEquals(Reason.TLS_UNDER_HTTP_RULE, policy.undecodable(256, 257, 443, reason).reason());
    }
  }

  /** SPEC rule G1. */
  @Test
  void contentTypesOfGrpcAreTheseAndNoOthers() {
    for (String type :
        List.of(
            "application/grpc",
            "application/grpc+proto",
            "application/grpc+json",
            "Application/GRPC",
            "application/grpc;charset=utf-8",
            " application/grpc ")) {
      assertEquals(GrpcContentType.GRPC, GrpcContentType.of(type), type);
    }
    for (String type :
        List.of(
            "application/grpc-web",
            "application/grpc-web+proto",
            "application/grpc-web-text",
            "application/grpc-web-text+proto; x=y")) {
      assertEquals(GrpcContentType.WEB, GrpcContentType.of(type), type);
    }
    for (String type :
        List.of(
            "",
            "application/grpcx",
            "application/grpc-webx",
            "application/grpc-",
            "application/json",
            "text/application/grpc")) {
      assertEquals(GrpcContentType.NONE, GrpcContentType.of(type), type);
    }
    assertEquals(GrpcContentType.NONE, GrpcContentType.of(Headers.NONE));
    Headers mixed = name -> List.of("application/grpc", "text/plain");
    assertEquals(GrpcContentType.NONE, GrpcContentType.of(mixed));
  }

  /** SPEC rule A8: what a rule forbids is found in lists and in what servers make of repeats. */
  @Test
  void aForbiddenHeaderValueIsFoundInAList() {
    var scene =
        new Scene()
            .container("api", "app=api")
            .container(
                "db",
                "app=api may GET /**",
                "app=api may not GET /a with header X=1",
                "app=api may not GET /b with header X=1,2");
    Policy policy = scene.policy();
    Map<String, List<List<String>>> denied =
        Map.of(
            "/a",
            List.of(
                List.of("1"), List.of("2", "1"), List.of("2, 1"), List.of("0,1,2"), List.of(" 1 ")),
            "/b",
            List.of(List.of("1,2"), List.of("1", "2")));
    denied.forEach((path, all) -> {
      for (List<String> values : all) {
        Headers headers = name -> name.equals("x") ? values : List.of();
        var request = new HttpRequest("GET", List.of(path), "", headers);
        assertEquals(
            Reason.RULE_DENIES, policy.judge(256, 257, 80, request).reason(), values::toString);
      }
    });
    Headers other = name -> name.equals("x") ? List.of("12", "2, 3") : List.of();
    var request = new HttpRequest("GET", List.of("/a"), "", other);
    assertEquals(Decision.ALLOW, policy.judge(256, 257, 80, request).decision());
  }

  /** SPEC rule A8: a name that some servers take for the rule's. */
  @Test
  void anAliasOfARulesHeaderHelpsNobody() {
    var scene =
        new Scene()
            .container("api", "app=api")
            .container(
                "db",
                "app=api may GET /a with header X-My-Team=blue",
                "app=api may GET /b",
                "app=api may not GET /b with header X-My-Team=red");
    Policy policy = scene.policy();
    for (String alias : List.of("x_my_team", "x-my_team", "x_my-team")) {
      Headers both =
          name -> name.equals("x-my-team") || name.equals(alias) ? List.of("blue") : List.of();
      Headers only = name -> name.equals(alias) ? List.of("blue") : List.of();
      for (Headers headers : List.of(both, only)) {
        var a = new HttpRequest("GET", List.of("/a"), "", headers);
        assertEquals(Reason.NO_RULE, policy.judge(256, 257, 80, a).reason(), alias);
        var b = new HttpRequest("GET", List.of("/b"), "", headers);
        assertEquals(Reason.RULE_DENIES, policy.judge(256, 257, 80, b).reason(), alias);
      }
    }
    Headers right = name -> name.equals("x-my-team") ? List.of("blue") : List.of();
    var a = new HttpRequest("GET", List.of("/a"), "", right);
    assertEquals(Decision.ALLOW, policy.judge(256, 257, 80, a).decision());
  }
}
