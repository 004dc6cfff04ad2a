package dev.drawbridge.daemon.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.api.VerdictResult;
import dev.drawbridge.api.question.VerdictQuestion;
import dev.drawbridge.api.report.ExplanationReport;
import dev.drawbridge.api.report.Outcome;
import dev.drawbridge.api.report.VerdictReport;
import dev.drawbridge.control.EngineKind;
import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.daemon.container.How;
import dev.drawbridge.daemon.view.LocalView;
import dev.drawbridge.policy.Cidr;
import dev.drawbridge.policy.Direction;
import dev.drawbridge.policy.Member;
import dev.drawbridge.policy.Parsed;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.PolicyInput;
import dev.drawbridge.policy.ask.Inquiry;
import dev.drawbridge.policy.labels.Workload;
import dev.drawbridge.policy.language.ContainerPolicy;
import dev.drawbridge.policy.parse.HostPolicyParser;
import dev.drawbridge.policy.parse.LabelParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

public class VerdictAnswersTest {

  private static final NodeState STATE =
      state(
          Map.of(
              "api",
              Map.of("app", "api", "drawbridge.policy.pay", "may connect 443 on 10.0.5.0/24"),
              "db",
              Map.of("app", "db", "drawbridge.policy.read", "app=api may GET /users")),
          "anyone may not GET /admin/** on app=db");

  /**
   * Numbered 256 and up in the order of their names; NET_ADMIN is with those called mighty. Whose
   * names end in one word after a dot live together, and the address 10.9.9.9 is the first's.
   */
  public static NodeState state(Map<String, Map<String, String>> containers, String hostPolicy) {
    List<Member> members = new ArrayList<>();
    Map<Integer, NodeState.Container> known = new TreeMap<>();
    Map<Cidr, Integer> addresses = new HashMap<>();
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
          if (name.contains(".")) {
            addresses.putIfAbsent(Cidr.parse("10.9.9.9").orElseThrow(), number);
          }
          known.put(
              number,
              new NodeState.Container(
                  number,
                  Names.reference(number, observed),
                  observed,
                  Optional.of(EngineKind.DOCKER),
                  declared,
                  Optional.of(How.HOOK),
                  name.contains(".") ? 7 : number,
                  name.startsWith("mighty"),
                  name.startsWith("late"),
                  false,
                  Set.of(),
                  Optional.empty(),
                  List.of()));
        });
    var host = HostPolicyParser.parse("10-a.policy", hostPolicy).value();
    return new NodeState(
        Policy.compile(new PolicyInput(5, members, host, false)),
        known,
        addresses,
        host,
        new NodeState.Known(List::of),
        true,
        Map.of());
  }

  private static VerdictReport ask(String... parameters) throws Exception {
    return ask(STATE, parameters);
  }

  private static VerdictReport ask(NodeState state, String... parameters) throws Exception {
    VerdictResult result =
        VerdictResult.of(
            new Inquiry(LocalView.known(state, false))
                .answer(VerdictQuestion.of(List.of(parameters))));
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

  /** SPEC P8, as judge.h. */
  @Test
  void aContainerThatTalksToItselfIsNotJudged() throws Exception {
    VerdictReport report = request("db", "app=db", "DELETE", "/admin/x");
    assertEquals(Outcome.ALLOW, report.verdict());
    assertEquals("open", report.reason());
    assertEquals("kernel", report.judgedBy());
  }

  /** As connect.bpf.c: who is called at a common address is who listens there. */
  @Test
  void whoSharesANetworkIsJudgedByItsOwnRulesAlone() throws Exception {
    NodeState state =
        state(
            Map.of(
                "api",
                Map.of("app", "api"),
                "other",
                Map.of("app", "other"),
                "narrow",
                Map.of("drawbridge.policy.out", "may connect any on app=guest"),
                "a.owner",
                Map.of("app", "owner", "drawbridge.policy.in", "app=other may connect 80"),
                "guest.owner",
                Map.of(
                    "app",
                    "guest",
                    "drawbridge.policy.get",
                    "app=api may GET /users port 80\napp=owner may GET /users port 80",
                    "drawbridge.policy.dns",
                    "anyone may connect 53/udp")),
            "");
    for (String from : List.of("api", "a.owner")) {
      assertEquals(
          Outcome.ALLOW,
          ask(state, "from", from, "to", "guest.owner", "method", "GET", "path", "/users")
              .verdict());
      assertEquals(
          "no-rule",
          ask(state, "from", from, "to", "guest.owner", "method", "POST", "path", "/users")
              .reason());
    }
    assertEquals("no-rule", ask(state, "from", "api", "to", "a.owner", "port", "80").reason());
    assertEquals(
        Outcome.ALLOW, ask(state, "from", "other", "to", "a.owner", "port", "80").verdict());
    assertEquals(
        Outcome.ALLOW, ask(state, "from", "a.owner", "to", "a.owner", "port", "9").verdict());
    assertEquals(
        Outcome.ALLOW,
        ask(state, "from", "guest.owner", "to", "guest.owner", "port", "9").verdict());
    assertEquals(
        "no-rule", ask(state, "from", "guest.owner", "to", "a.owner", "port", "9").reason());
    VerdictResult at =
        VerdictResult.of(
            new Inquiry(LocalView.known(state, false))
                .answer(
                    VerdictQuestion.of(List.of("from", "other", "to", "10.9.9.9", "port", "80"))));
    assertEquals("ambiguous", assertInstanceOf(VerdictResult.Unknown.class, at).code());
    // A datagram leaves to whose the address is, and who is called is found out where it arrives.
    String[] asked = {"to", "guest.owner", "port", "53", "protocol", "udp"};
    assertEquals(
        Outcome.ALLOW,
        ask(state, "from", "api", asked[0], asked[1], asked[2], asked[3], asked[4], asked[5])
            .verdict());
    assertEquals(
        "no-rule",
        ask(state, "from", "narrow", asked[0], asked[1], asked[2], asked[3], asked[4], asked[5])
            .reason());
  }

  /** As members.h: one who listened before the programs may be taken for any of them. */
  @Test
  void whoseListenerIsNotKnownIsNotAnsweredUnlessAllAnswerAlike() throws Exception {
    NodeState state =
        state(
            Map.of(
                "api",
                Map.of("app", "api"),
                "late.owner",
                Map.of("drawbridge.policy.in", "app=api may connect 80-90"),
                "z.owner",
                Map.of("drawbridge.policy.in", "app=api may connect 80")),
            "");
    assertEquals(
        Outcome.ALLOW, ask(state, "from", "api", "to", "late.owner", "port", "80").verdict());
    assertEquals("no-rule", ask(state, "from", "api", "to", "late.owner", "port", "91").reason());
    VerdictResult between =
        VerdictResult.of(
            new Inquiry(LocalView.known(state, false))
                .answer(
                    VerdictQuestion.of(List.of("from", "api", "to", "late.owner", "port", "81"))));
    assertEquals("unknown-listener", assertInstanceOf(VerdictResult.Unknown.class, between).code());
  }

  /** SPEC L7: nobody judges again what goes over a common loopback. */
  @Test
  void whoMayChangePacketsHasNoLayer7WithinItsOwnNetwork() throws Exception {
    NodeState state =
        state(
            Map.of(
                "mighty.owner",
                Map.of("app", "owner"),
                "mighty-guest.owner",
                Map.of("drawbridge.policy.get", "app=owner may GET /users port 80"),
                "api",
                Map.of("app", "owner")),
            "");
    assertEquals(
        "caller-rewrites",
        ask(
                state,
                "from",
                "mighty.owner",
                "to",
                "mighty-guest.owner",
                "port",
                "80",
                "method",
                "GET",
                "path",
                "/users")
            .reason());
    assertEquals(
        Outcome.ALLOW,
        ask(
                state,
                "from",
                "api",
                "to",
                "mighty-guest.owner",
                "port",
                "80",
                "method",
                "GET",
                "path",
                "/users")
            .verdict());
  }

  /**
   * SPEC L7, as connect.bpf.c: where nobody judges what arrives, and only where something would be
   * read.
   */
  @Test
  void whoMayChangePacketsHasLayer7ToContainersAlone() throws Exception {
    Map<String, String> labels =
        Map.of(
            "app",
            "api",
            "drawbridge.policy.out",
            "may GET /users port 80 on anyone\nmay connect 443 on world");
    NodeState state =
        state(
            Map.of(
                "mighty",
                labels,
                "plain",
                labels,
                "db",
                Map.of("app", "db"),
                "mighty-db",
                Map.of()),
            "");
    for (String to : List.of("world", "host", "203.0.113.9")) {
      VerdictReport no =
          ask(state, "from", "mighty", "to", to, "method", "GET", "path", "/users", "port", "80");
      assertEquals(Outcome.DENY, no.verdict(), to);
      assertEquals("caller-rewrites", no.reason(), to);
      assertTrue(no.rule().isPresent(), to);
    }
    assertEquals(
        "caller-rewrites",
        ask(state, "from", "mighty", "to", "world", "method", "GET", "path", "/users").reason());
    assertEquals(
        Outcome.ALLOW,
        ask(state, "from", "plain", "to", "world", "method", "GET", "path", "/users", "port", "80")
            .verdict());
    assertEquals(
        Outcome.ALLOW, ask(state, "from", "mighty", "to", "world", "port", "443").verdict());
    for (String to : List.of("db", "mighty-db")) {
      assertEquals(
          Outcome.ALLOW,
          ask(state, "from", "mighty", "to", to, "method", "GET", "path", "/users", "port", "80")
              .verdict());
      assertEquals("no-rule", ask(state, "from", "mighty", "to", to, "port", "25").reason());
    }
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

  static List<String> rows() throws IOException {
    String spec = Files.readString(Path.of("../labels-spec/SPEC.md"));
    int start = spec.indexOf("```verdicts\n") + "```verdicts\n".length();
    return spec.substring(start, spec.indexOf("```", start)).lines().toList();
  }

  /** The table of rule and request in the specification, asked of the API. */
  @ParameterizedTest
  @MethodSource("rows")
  void theApiSaysWhatTheWireDoes(String row) throws Exception {
    String[] parts = row.split(" \\| ", -1);
    Map<String, String> db = new HashMap<>();
    for (String rule : parts[0].split(" ; ", -1)) {
      db.put("drawbridge.policy.r" + db.size(), rule);
    }
    String[] words = parts[1].split(" ", -1);
    List<String> question = new ArrayList<>(List.of("from", "api", "to", "db", "port", "80"));
    question.addAll(List.of("method", words[0], "path", words[1]));
    for (int i = 2; i < words.length; i++) {
      int equals = words[i].indexOf('=');
      question.add("header." + words[i].substring(0, equals).replace("trailer:", ""));
      question.add(words[i].substring(equals + 1));
    }
    NodeState state = state(Map.of("api", Map.of("app", "api"), "db", db), "");
    VerdictReport report = ask(state, question.toArray(String[]::new));
    String verdict = report.verdict().name().toLowerCase(Locale.ROOT);
    assertEquals(parts[2], verdict + " " + report.reason());
    assertEquals("engine", report.judgedBy());
  }

  private static VerdictResult.Unknown unknown(NodeState state, String... parameters)
      throws Exception {
    VerdictResult result =
        VerdictResult.of(
            new Inquiry(LocalView.known(state, false))
                .answer(VerdictQuestion.of(List.of(parameters))));
    return assertInstanceOf(VerdictResult.Unknown.class, result);
  }

  private static Map<String, String> service(String project, String name, String... more) {
    Map<String, String> labels = new HashMap<>();
    labels.put("com.docker.compose.project", project);
    labels.put("com.docker.compose.service", name);
    for (int i = 0; i < more.length; i++) {
      labels.put("drawbridge.policy.r" + i, more[i]);
    }
    return labels;
  }

  private static final NodeState HOME =
      state(
          Map.of(
              "home_wiki_1", service("home", "wiki"),
              "home_redis_1", service("home", "redis", "service:wiki may connect 6379"),
              "work_redis_1", service("work", "redis")),
          "");

  @Test
  void servicesAreNamedByProjectAndName() throws Exception {
    String[] redis = {"from", "host", "to", "service:home/redis", "port", "6379"};
    assertEquals(Outcome.DENY, ask(HOME, redis).verdict());
    redis[3] = "service:work/redis";
    assertEquals(Outcome.ALLOW, ask(HOME, redis).verdict());
    redis[3] = "service:redis";
    assertEquals("ambiguous", unknown(HOME, redis).code());
    redis[3] = "project:home";
    assertEquals("ambiguous", unknown(HOME, redis).code());
    // Of a project, a container of it asks the others.
    redis[1] = "service:wiki";
    assertEquals("rule-allows", ask(HOME, redis).reason());
  }

  @Test
  void namesThatNobodyBearsAreNotImagined() throws Exception {
    VerdictResult.Unknown wiki = unknown(HOME, "from", "wiki", "to", "host", "port", "1");
    assertTrue(wiki.message().contains("did you mean home_wiki_1?"), wiki.message());
    VerdictResult.Unknown typo = unknown(HOME, "from", "home_wikki_1", "to", "host", "port", "1");
    assertTrue(typo.message().contains("did you mean home_wiki_1?"), typo.message());
    VerdictResult.Unknown other =
        unknown(HOME, "from", "service:shop/wiki", "to", "host", "port", "1");
    assertTrue(other.message().contains("did you mean service:home/wiki?"), other.message());
    assertEquals(
        "unknown-service", unknown(HOME, "from", "project:none", "to", "host", "port", "1").code());
  }

  @Test
  void whatDependsOnWhatWasNotSaidIsNotAnswered() throws Exception {
    NodeState state =
        state(
            Map.of(
                "api",
                Map.of("app", "api"),
                "db",
                Map.of(
                    "drawbridge.policy.a", "app=api may GET /users",
                    "drawbridge.policy.b", "app=api may GET /admin port 9000",
                    "drawbridge.policy.c", "anyone may not GET /users with host *.internal")),
            "");
    String[] admin = {"from", "api", "to", "db", "method", "GET", "path", "/admin"};
    assertEquals("needs-port", unknown(state, admin).code());
    admin[7] = "/users";
    assertEquals("needs-host", unknown(state, admin).code());
    assertEquals(
        Outcome.ALLOW,
        ask(state, "from", "api", "to", "db", "method", "GET", "path", "/users", "host", "db")
            .verdict());
  }

  /** The kernel's table holds 32; both judge by what is in it. */
  @Test
  void fortyPortsAreJudgedByTheTableThatTheKernelHas() throws Exception {
    StringBuilder ports = new StringBuilder();
    for (int port = 1000; port < 1080; port += 2) {
      ports.append(ports.isEmpty() ? "" : ",").append(port);
    }
    NodeState state =
        state(
            Map.of(
                "api",
                Map.of("app", "api"),
                "db",
                Map.of("drawbridge.policy.a", "app=api may connect " + ports)),
            "");
    var table =
        state.policy().pairs(257, Direction.INGRESS).stream()
            .filter(pair -> pair.peer() == 256)
            .findFirst()
            .orElseThrow()
            .table();
    for (int port = 1000; port < 1080; port += 2) {
      int asked = port;
      boolean held = table.ranges().stream().anyMatch(r -> r.low() <= asked && asked <= r.high());
      VerdictReport report = ask(state, "from", "api", "to", "db", "port", "" + port);
      assertEquals(held ? Outcome.ALLOW : Outcome.DENY, report.verdict(), "" + port);
      assertEquals(held ? "rule-allows" : "no-rule", report.reason());
    }
    assertEquals(32, table.ranges().size());
  }
}
