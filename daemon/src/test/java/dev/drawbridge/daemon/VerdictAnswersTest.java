package dev.drawbridge.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.api.ExplanationReport;
import dev.drawbridge.api.Outcome;
import dev.drawbridge.api.VerdictQuery;
import dev.drawbridge.api.VerdictReport;
import dev.drawbridge.api.VerdictResult;
import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.policy.ContainerPolicy;
import dev.drawbridge.policy.HostPolicyParser;
import dev.drawbridge.policy.LabelParser;
import dev.drawbridge.policy.Member;
import dev.drawbridge.policy.Parsed;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.PolicyInput;
import dev.drawbridge.policy.Workload;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class VerdictAnswersTest {

  private static final NodeState STATE =
      state(
          Map.of(
              "api",
              Map.of("app", "api", "drawbridge.policy.pay", "may connect 443 on 10.0.5.0/24"),
              "db",
              Map.of("app", "db", "drawbridge.policy.read", "app=api may GET /users")),
          "anyone may not GET /admin/** on app=db");

  /** Numbered 256 and up in the order of their names. */
  static NodeState state(Map<String, Map<String, String>> containers, String hostPolicy) {
    List<Member> members = new ArrayList<>();
    Map<Integer, NodeState.Container> known = new TreeMap<>();
    new TreeMap<>(containers)
        .forEach((name, labels) -> {
          int number = 256 + members.size();
          Parsed<ContainerPolicy> declared = LabelParser.parse(labels);
          members.add(new Member(number, Workload.of(name, labels), declared.value()));
          ObservedContainer observed =
              new ObservedContainer(
                  "%064x".formatted(number),
                  name,
                  new TreeMap<>(labels),
                  new TreeMap<>(),
                  "",
                  true,
                  1,
                  List.of(),
                  "",
                  "");
          known.put(
              number,
              new NodeState.Container(
                  number,
                  Names.reference(number, observed),
                  observed,
                  declared,
                  Optional.of(Guard.How.HOOK),
                  Optional.empty(),
                  List.of()));
        });
    var host = HostPolicyParser.parse("10-a.policy", hostPolicy).value();
    return new NodeState(
        Policy.compile(new PolicyInput(5, members, host, false)),
        known,
        Map.of(),
        host,
        new NodeState.Known(List::of),
        true,
        Optional.empty());
  }

  private static VerdictReport ask(String... parameters) throws Exception {
    return ask(STATE, parameters);
  }

  private static VerdictReport ask(NodeState state, String... parameters) throws Exception {
    VerdictResult result =
        new VerdictAnswers(false).answer(state, VerdictQuery.of(List.of(parameters)));
    return assertInstanceOf(VerdictResult.Answered.class, result).report();
  }

  private static VerdictReport request(String from, String to, String method, String path)
      throws Exception {
    return ask("from", from, "to", to, "method", method, "path", path, "explain", "1");
  }

  @Test
  void explanationHoldsBothSidesNearMissAndLabel() throws Exception {
    VerdictReport report = request("api", "db", "POST", "/users");
    assertEquals(Outcome.DENY, report.verdict());
    ExplanationReport why = report.explanation().orElseThrow();
    assertEquals(
        List.of("egress", "ingress"), why.sides().stream().map(s -> s.direction()).toList());
    ExplanationReport.SideReport in = why.sides().get(1);
    assertEquals("db", in.container());
    assertEquals("deny", in.decision());
    assertEquals("drawbridge.policy.read", in.near().getFirst().rule().origin());
    assertEquals("it is about GET", in.near().getFirst().why());
    assertTrue(
        why.labels().stream().anyMatch(l -> l.value().equals("app=api may POST /users")),
        why.toString());
  }

  @Test
  void tlsIsJudgedByTheServerName() throws Exception {
    NodeState state =
        state(
            Map.of(
                "api",
                Map.of("app", "api"),
                "db",
                Map.of(
                    "app",
                    "db",
                    "drawbridge.policy.read",
                    "app=api may GET /users",
                    "drawbridge.policy.tls",
                    "app=api may open tls to *.internal port 8443")),
            "");
    VerdictReport yes = ask(state, "from", "api", "to", "db", "port", "8443", "sni", "db.internal");
    assertEquals(Outcome.ALLOW, yes.verdict());
    assertEquals("engine", yes.judgedBy());
    assertEquals("drawbridge.policy.tls", yes.rule().orElseThrow().origin());
    VerdictReport no =
        ask(state, "from", "api", "to", "db", "port", "8443", "sni", "db.example", "explain", "1");
    assertEquals(Outcome.DENY, no.verdict());
    assertTrue(
        no.explanation().orElseThrow().sides().get(1).near().stream()
            .anyMatch(near -> near.why().equals("it is about *.internal, not db.example")));
    VerdictReport clear = ask(state, "from", "api", "to", "db", "port", "80", "sni", "db.internal");
    assertEquals("tls-under-http-rule", clear.reason());
  }

  @Test
  void hostPolicyIsNamedByFileAndLine() throws Exception {
    VerdictReport report = request("app=x", "db", "GET", "/admin/x");
    assertEquals("10-a.policy:1", report.rule().orElseThrow().origin());
    assertEquals(List.of(), report.explanation().orElseThrow().labels());
  }

  @Test
  void explanationIsLeftOutUnlessAsked() throws Exception {
    assertEquals(Optional.empty(), ask("from", "api", "to", "db", "port", "80").explanation());
  }

  @Test
  void addressesAreJudgedByTheRangesThatRulesName() throws Exception {
    assertEquals(Outcome.ALLOW, ask("from", "api", "to", "10.0.5.7", "port", "443").verdict());
    assertEquals(Outcome.DENY, ask("from", "api", "to", "10.0.6.7", "port", "443").verdict());
    assertEquals(
        Outcome.ALLOW,
        ask(
                "from",
                "drawbridge.policy=may connect 443 on 10.0.5.0/24",
                "to",
                "10.0.5.7",
                "port",
                "443")
            .verdict());
  }

  @Test
  void hostIsComparedAsTheEngineDoes() throws Exception {
    String rule = "drawbridge.policy=may GET / on app=other with host shop.example";
    for (String host : List.of("shop.example", "SHOP.example", "shop.example:80")) {
      assertEquals(
          Outcome.ALLOW,
          ask("from", rule, "to", "app=other", "method", "GET", "path", "/", "host", host)
              .verdict(),
          host);
    }
  }

  @Test
  void everyReadingOfThePathIsJudged() throws Exception {
    assertEquals(Outcome.DENY, request("app=api,x=1", "db", "GET", "/users/../secret").verdict());
    assertEquals(Outcome.ALLOW, request("app=api,x=1", "db", "GET", "/%75sers?id=1").verdict());
  }
}
