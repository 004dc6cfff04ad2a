package dev.drawbridge.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.policy.http.HttpRequest;
import dev.drawbridge.policy.kernel.PortTable;
import dev.drawbridge.policy.labels.ImageLabels;
import dev.drawbridge.policy.labels.Provenance;
import dev.drawbridge.policy.labels.Workload;
import dev.drawbridge.policy.language.ContainerPolicy;
import dev.drawbridge.policy.language.HostPolicy;
import dev.drawbridge.policy.language.NamePattern;
import dev.drawbridge.policy.parse.HostPolicyParser;
import dev.drawbridge.policy.parse.LabelParser;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Cites SPEC rules S1 S2 S3 S4 S5 S6 S8 S9 S10, N1 N3 N4 N5 N6, A1 A2 A4 A5 A6 A7 A8. */
final class PartsTest {
  @ParameterizedTest
  @CsvSource({
    "10.0.0.0/8,10.0.0.0/8",
    "10.0.5.7,10.0.5.7",
    "0.0.0.0/0,0.0.0.0/0",
    "::/0,::/0",
    "2001:DB8:0:0:0:0:0:1,2001:db8::1",
    "2001:db8::/32,2001:db8::/32",
    "::ffff:10.0.0.1,10.0.0.1",
    "1::2:0:0:3,1::2:0:0:3",
    "fe80::1:2:3:4,fe80::1:2:3:4",
  })
  void addressesAreReadAndPrinted(String text, String printed) {
    assertEquals(printed, Cidr.parse(text).orElseThrow().print());
    assertEquals(Cidr.parse(text), Cidr.parse(printed));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "10",
        "10.0.0",
        "10.0.0.256",
        "10.0.0.01",
        "10.0.0.0/33",
        "10.0.0.0/",
        "1.2.3.4.5",
        "::1::2",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "::12345",
        "::g",
        "::1/129",
        "a.b.c.d",
        ":",
        ":::",
        "1:",
        "fe80::1%eth0",
        "::ffff:1.2.3",
        "10.0.0.0/-1",
        "+1.2.3.4",
      })
  void otherAddressesAreRefused(String text) {
    assertEquals(Optional.empty(), Cidr.parse(text));
  }

  @ParameterizedTest
  @CsvSource({
    "a.example.com,a.example.com,true",
    "a.example.com,A.Example.COM.,true",
    "a.example.com,b.example.com,false",
    "*.example.com,a.example.com,true",
    "*.example.com,example.com,false",
    "*.example.com,a.b.example.com,false",
    "**.example.com,a.b.example.com,true",
    "**.example.com,example.com,false",
    "**.example.com,xexample.com,false",
    "**,anything.at.all,true",
    "sp*al.x.com,special.x.com,true",
    "sp*al.x.com,spal.x.com,true",
    "sp*al.x.com,spa.x.com,false",
    "*a*b*.x.com,aab.x.com,true",
    "*.x.com,.x.com,false",
  })
  void namesMatchLabelByLabel(String pattern, String name, boolean matches) {
    assertEquals(matches, new NamePattern(pattern).matches(name));
  }

  @ParameterizedTest
  @CsvSource({
    "app=api,true",
    "app=web,false",
    "app!=web,true",
    "nothing!=x,true",
    "app in (web api),true",
    "app in (web db),false",
    "has app,true",
    "has other,false",
    "lacks other,true",
    "app=api and has team,true",
    "app=api and lacks team,false",
    "container:c1,true",
    "container:c2,false",
    "containers,true",
    "project:shop,true",
    "project:blog,false",
    "service:shop/web,true",
    "service:blog/web,false",
    "service:shop/db,false",
  })
  void selectorsSelect(String selector, boolean selects) {
    var labels =
        Map.of(
            "app", "api",
            "team", "sre",
            "com.docker.compose.project", "shop",
            "com.docker.compose.service", "web");
    var c1 = new Member(256, Workload.of("c1", labels), ContainerPolicy.NONE);
    var db = new Member(257, Workload.of("other", Map.of("target", "yes")), ContainerPolicy.NONE);
    HostPolicy host =
        HostPolicyParser.parse("h", selector + " may connect 80 on target=yes").value();
    Policy policy = Policy.compile(new PolicyInput(1, List.of(c1, db), host, false));
    assertEquals(selects, policy.l4(256, 257, 6, 80).decision() == Decision.ALLOW, selector);
  }

  @Test
  void drawbridgeLabelsAreNoIdentity() {
    Workload workload = Workload.of("/c", Map.of("app", "x", "drawbridge.mode", "off"));
    assertEquals(Map.of("app", "x"), workload.labels());
    assertEquals("c", workload.name());
  }

  @Test
  void imageLabelsAreToldApart() {
    // Cites SPEC V1 V4 (LabelReadingTest, with the limit).
    var labels = Map.of("app", "db", "team", "x", "drawbridge.policy.a", "anyone may GET /");
    var image = Map.of("app", "db", "team", "y", "drawbridge.policy.a", "anyone may GET /");
    Provenance provenance = Provenance.of(labels, image);
    assertEquals(List.of("app", "drawbridge.policy.a"), List.copyOf(provenance.fromImage()));
    assertEquals(Map.of("team", "x"), provenance.effective(ImageLabels.IGNORE));
    assertEquals(labels, provenance.effective(ImageLabels.COUNT));
    assertEquals("DB0209", provenance.problems(ImageLabels.COUNT).getFirst().code());
  }

  @Test
  void noImageDecidesModeAndCapabilities() {
    // Cites SPEC V2 V3.
    var labels = Map.of("drawbridge.mode", "off", "drawbridge.capabilities", "net-raw", "a", "b");
    for (ImageLabels trust : ImageLabels.values()) {
      assertEquals(
          labels, Provenance.of(labels, Map.of("drawbridge.mode", "audit")).effective(trust));
      Provenance both = Provenance.of(labels, labels);
      assertEquals(trust == ImageLabels.COUNT ? Map.of("a", "b") : Map.of(), both.effective(trust));
      assertEquals(2, both.problems(trust).size());
      Provenance unknown = Provenance.unknown(labels);
      assertEquals(both.effective(trust), unknown.effective(trust));
      assertEquals(2, unknown.problems(trust).size());
    }
    var compose = Map.of("com.docker.compose.project", "p", "com.docker.compose.service", "s");
    assertEquals(Map.of(), Provenance.of(compose, compose).effective(ImageLabels.COUNT));
    assertEquals(compose, Provenance.of(compose, Map.of()).effective(ImageLabels.IGNORE));
    var kubelets = Map.of("io.kubernetes.pod.namespace", "trusted", "io.kubernetes.x", "y");
    assertEquals(Map.of(), Provenance.of(kubelets, kubelets).effective(ImageLabels.COUNT));
    assertEquals(kubelets, Provenance.of(kubelets, Map.of()).effective(ImageLabels.IGNORE));
    assertEquals(kubelets, Provenance.unknown(kubelets).effective(ImageLabels.COUNT));
  }

  @Test
  void warningsDoNotStopAContainerErrorsDo() {
    // Cites SPEC X1 X2 H5.
    var warning =
        new Problem(
            "DB0206",
            Severity.WARNING,
            new Origin.FileLine("f", 3),
            1,
            1,
            "m",
            "",
            Optional.empty(),
            Optional.empty());
    assertTrue(new Parsed<>(1, List.of(warning)).ok());
    Parsed<HostPolicy> parsed = HostPolicyParser.parse("f.policy", "\n\nx may GET / on app=a\n");
    assertFalse(parsed.ok());
    assertEquals("f.policy:3", parsed.problems().getFirst().origin().display());
    assertEquals("f:3", warning.origin().display());
  }

  @Test
  void terminalsAreNotObeyed() {
    Problem problem =
        LabelParser.parse(Map.of("drawbridge.policy.x", "app=\u001b[31mapi may GET /"))
            .problems()
            .getFirst();
    assertFalse(problem.withCaret().contains("\u001b"));
  }

  @Test
  void tooManyRangesAreSaid() {
    // Cites SPEC L6; the case itself is in SemanticsTest.
    assertEquals(32, PortTable.MAX_RANGES);
  }

  /** Random containers and rules: the next generation equals a compile from nothing. */
  @Test
  void incrementalCompileEqualsFullCompile() {
    var random = new Random(42);
    Policy policy = Policy.empty();
    var labelsOf = new HashMap<Integer, Map<String, String>>();
    String hostText = "";
    for (int generation = 1; generation <= 60; generation++) {
      int endpoint = 256 + random.nextInt(8);
      switch (random.nextInt(4)) {
        case 0 -> labelsOf.remove(endpoint);
        case 1 -> hostText = hostLines(random);
        default -> labelsOf.put(endpoint, labels(random));
      }
      var members = new java.util.ArrayList<Member>();
      labelsOf.forEach((number, labels) ->
          members.add(
              new Member(
                  number, Workload.of("c" + number, labels), LabelParser.parse(labels).value())));
      var input =
          new PolicyInput(
              generation,
              members,
              HostPolicyParser.parse("h", hostText).value(),
              generation % 7 == 0);
      policy = policy.next(input);
      same(Policy.compile(input), policy, random);
    }
  }

  private static Map<String, String> labels(Random random) {
    var labels = new HashMap<String, String>();
    labels.put("app", "a" + random.nextInt(4));
    if (random.nextInt(3) == 0) {
      labels.put("drawbridge.mode", random.nextBoolean() ? "audit" : "off");
    }
    for (int i = random.nextInt(3); i > 0; i--) {
      String peer = random.nextInt(5) == 0 ? "10." + i + ".0.0/16" : "app=a" + random.nextInt(4);
      String not = random.nextInt(4) == 0 ? "not " : "";
      String action = random.nextBoolean() ? "GET /p" + random.nextInt(3) : "connect 8" + i;
      labels.put(
          "drawbridge.policy.r" + i,
          random.nextBoolean()
              ? peer + " may " + not + action
              : "may " + not + action + " on " + peer);
    }
    return labels;
  }

  private static String hostLines(Random random) {
    var text = new StringBuilder();
    for (int i = random.nextInt(4); i > 0; i--) {
      text.append("app=a").append(random.nextInt(4)).append(" may ");
      text.append(random.nextInt(3) == 0 ? "not " : "").append("connect ");
      text.append(random.nextBoolean() ? "8" : "9").append(i);
      text.append(" on ").append(random.nextBoolean() ? "app=a" + i : "world").append('\n');
    }
    return text.toString();
  }

  private static void same(Policy full, Policy next, Random random) {
    assertEquals(full.generation(), next.generation());
    for (int i = 0; i < 200; i++) {
      int caller = peer(random);
      int callee = peer(random);
      int port = 80 + random.nextInt(20);
      assertEquals(
          strip(full, full.l4(caller, callee, 6, port)),
          strip(next, next.l4(caller, callee, 6, port)));
      HttpRequest request = HttpRequest.of("GET", "/p" + random.nextInt(3));
      assertEquals(
          strip(full, full.judge(caller, callee, port, request)),
          strip(next, next.judge(caller, callee, port, request)));
    }
    assertEquals(full.pairs().size(), next.pairs().size());
  }

  private static int peer(Random random) {
    int peer = random.nextInt(10);
    return peer < 3 ? peer + 1 : 253 + peer;
  }

  /** Rules keep their numbers over generations, so they are compared by text. */
  private static String strip(Policy policy, Verdict verdict) {
    return verdict.decision()
        + " "
        + verdict.reason()
        + verdict.audited()
        + (verdict.rule() != 0 && policy.rule(verdict.rule()).isEmpty());
  }

  @Test
  void rulesKeepTheirNumbersWhileTheyExist() {
    var first = new Scene().container("db", "app=a may GET /").host("app=a may GET / on app=b");
    Policy before = first.policy();
    int number = before.judge(256, 256, 80, HttpRequest.of("GET", "/")).rule();
    var second =
        new Scene()
            .container("db", "app=a may GET /")
            .container("new", "app=x")
            .host("# moved", "app=c may GET / on app=d", "app=a may GET / on app=b")
            .generation(2);
    Policy after = before.next(second.input());
    assertEquals(before.rule(number).map(RuleInfo::text), after.rule(number).map(RuleInfo::text));
    for (int i = 1; i < 3; i++) {
      assertEquals(before.rule(i).orElseThrow().text(), after.rule(i).orElseThrow().text());
    }
    assertNotEquals(
        before.rule(2).orElseThrow().origin().display(),
        after.rule(2).orElseThrow().origin().display());
    assertSame(before.pairs(256, Direction.INGRESS), after.pairs(256, Direction.INGRESS));
  }
}
