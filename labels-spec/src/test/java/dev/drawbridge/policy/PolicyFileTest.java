package dev.drawbridge.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.policy.ask.Explainer;
import dev.drawbridge.policy.ask.Explanation;
import dev.drawbridge.policy.language.HostPolicy;
import dev.drawbridge.policy.language.Rule;
import dev.drawbridge.policy.parse.HostPolicyParser;
import dev.drawbridge.policy.parse.SentenceParser;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What only policy files can say, and the words for parts of the world. SPEC S11, H6, H7, H8, H9.
 */
final class PolicyFileTest {
  private static final String PROJECT = "com.docker.compose.project=";
  private static final String SERVICE = "com.docker.compose.service=";

  private static Scene home() {
    return new Scene()
        .container("prometheus", "app=prometheus", PROJECT + "watch", SERVICE + "prometheus")
        .container("wiki-db", "app=wiki-db", PROJECT + "wiki", SERVICE + "wiki-db")
        .container("git-db", "app=git-db", PROJECT + "git", SERVICE + "git-db")
        .container("wiki", "app=wiki", PROJECT + "wiki", SERVICE + "wiki")
        .container("closed", "app=closed", "app=wiki may GET /x")
        .container("open", "app=open");
  }

  private static void says(Scene scene, String from, String to, String what, String expected) {
    Verdict verdict = scene.ask(from, to, what);
    assertEquals(
        expected,
        verdict.decision() + " " + verdict.reason() + (verdict.audited() ? " audited" : ""),
        from + " -> " + to + " " + what);
  }

  @Test
  void aRuleThatAddsClosesNoSide() {
    Scene scene = home().host("app=prometheus may also GET /metrics on containers");
    says(scene, "prometheus", "closed", "GET /metrics", "ALLOW RULE_ALLOWS");
    says(scene, "prometheus", "closed", "GET /x", "DENY NO_RULE");
    says(scene, "wiki", "closed", "GET /x", "ALLOW RULE_ALLOWS");
    says(scene, "wiki", "closed", "GET /metrics", "DENY NO_RULE");
    for (String to : List.of("open", "wiki-db")) {
      says(scene, "wiki", to, "tcp/5432", "ALLOW OPEN");
      says(scene, "prometheus", to, "tcp/5432", "ALLOW OPEN");
      says(scene, "prometheus", to, "GET /anything", "ALLOW OPEN");
    }
    says(scene, "prometheus", "world", "tcp/443", "ALLOW OPEN");
    says(scene, "world", "open", "tcp/443", "ALLOW OPEN");
  }

  @Test
  void aRuleThatAddsDoesNotNarrowWhatIsOpen() {
    Scene scene =
        home()
            .host("app=prometheus may also GET /metrics on containers")
            .host("anyone may not connect 25 on world")
            .host("anyone may not DELETE /** on anyone port 80");
    says(scene, "prometheus", "open", "tcp/5432", "ALLOW OPEN");
    says(scene, "prometheus", "open", "GET /other", "ALLOW OPEN");
    says(scene, "prometheus", "open", "DELETE /other", "DENY RULE_DENIES");
    says(scene, "prometheus", "world", "tcp/25", "DENY RULE_DENIES");
    says(scene, "prometheus", "world", "tcp/26", "ALLOW OPEN");
  }

  /** SPEC H6: what the host lets all containers do among themselves, one of them keeps. */
  @Test
  void aRuleThatAddsTakesNothingFromWhatAConnectRuleAllows() {
    Scene scene =
        home()
            .host("containers may connect on containers for caller")
            .host("app=prometheus may also GET /metrics on containers");
    says(scene, "prometheus", "open", "GET /other", "ALLOW RULE_ALLOWS");
    says(scene, "prometheus", "open", "tcp/5432", "ALLOW RULE_ALLOWS");
    says(scene, "prometheus", "closed", "GET /metrics", "ALLOW RULE_ALLOWS");
    says(scene, "prometheus", "closed", "GET /x", "DENY NO_RULE");
    says(scene, "prometheus", "world", "tcp/443", "DENY NO_RULE");
    scene.host("anyone may not DELETE /** on anyone");
    says(scene, "prometheus", "open", "GET /other", "ALLOW RULE_ALLOWS");
    says(scene, "prometheus", "open", "DELETE /other", "DENY RULE_DENIES");
    // One that does not only add is read as ever (L2).
    scene.host("app=prometheus may GET /users on containers for caller");
    says(scene, "prometheus", "open", "GET /metrics", "ALLOW RULE_ALLOWS");
    says(scene, "prometheus", "open", "GET /other", "DENY NO_RULE");
  }

  @Test
  void aHostsRuleThatDoesNotCloseTheCallerDoesNotNarrowHim() {
    Scene scene =
        home()
            .host("app=prometheus may GET /metrics on app=open for callee")
            .host("app=prometheus may GET /metrics on app=closed")
            .host("anyone may not connect 25 on anyone")
            .host("anyone may not DELETE /** on anyone port 80");
    says(scene, "prometheus", "wiki", "GET /other", "ALLOW OPEN");
    says(scene, "prometheus", "closed", "GET /metrics", "ALLOW RULE_ALLOWS");
    says(scene, "prometheus", "closed", "GET /x", "DENY NO_RULE");
  }

  @Test
  void aLabelMayAddToo() {
    Scene scene =
        new Scene()
            .container("api", "app=api")
            .container("db", "app=api may also GET /metrics")
            .container("both", "app=api may also GET /metrics", "app=x may GET /y");
    says(scene, "api", "db", "tcp/5432", "ALLOW OPEN");
    says(scene, "api", "both", "GET /metrics", "ALLOW RULE_ALLOWS");
    says(scene, "api", "both", "GET /y", "DENY NO_RULE");
    assertFalse(scene.policy().closed(scene.number("db"), Direction.INGRESS));
  }

  @Test
  void aProjectIsClosedInBothDirections() {
    Scene scene = home().host("project:wiki is closed");
    for (String who : List.of("wiki", "wiki-db")) {
      for (Direction direction : Direction.values()) {
        assertTrue(scene.policy().closed(scene.number(who), direction));
        assertTrue(scene.policy().closedByHost(scene.number(who), direction));
      }
    }
    says(scene, "wiki", "wiki-db", "tcp/5432", "DENY NO_RULE");
    says(scene, "git-db", "wiki", "tcp/80", "DENY NO_RULE");
    says(scene, "wiki", "world", "tcp/443", "DENY NO_RULE");
    says(scene, "git-db", "open", "tcp/80", "ALLOW OPEN");
    scene.host("service:wiki may connect 5432 on service:wiki-db");
    says(scene, "wiki", "wiki-db", "tcp/5432", "ALLOW RULE_ALLOWS");
  }

  @Test
  void theWholeHostIsClosedAsByItsDefault() {
    Scene one = home().host("containers are closed");
    Scene other = home().defaultDeny();
    for (String from : List.of("wiki", "git-db", "world", "host")) {
      for (String to : List.of("open", "closed", "world")) {
        assertEquals(
            other.ask(from, to, "tcp/80").decision(), one.ask(from, to, "tcp/80").decision());
      }
    }
  }

  @Test
  void whatTheHostAuditsPassesAndIsRecorded() {
    Scene scene =
        home()
            .host("containers are closed")
            .host("project:wiki is audited")
            .host("anyone may not connect 25 on project:wiki");
    says(scene, "wiki", "wiki-db", "tcp/5432", "ALLOW NO_RULE audited");
    says(scene, "wiki", "wiki-db", "GET /x", "ALLOW NO_RULE audited");
    says(scene, "wiki", "wiki-db", "tcp/25", "DENY RULE_DENIES");
    says(scene, "wiki", "git-db", "tcp/5432", "DENY NO_RULE");
    says(scene, "wiki", "world", "tcp/443", "ALLOW NO_RULE audited");
    assertEquals(Mode.AUDIT, scene.policy().mode(scene.number("wiki")));
    assertEquals(Mode.ENFORCE, scene.policy().mode(scene.number("git-db")));
  }

  @Test
  void anAuditByTheHostCoversLabelsAndLayer7() {
    Scene scene =
        home()
            .host("app=closed is audited")
            .host("anyone may not DELETE /** on app=closed for callee");
    says(scene, "wiki", "closed", "GET /x", "ALLOW RULE_ALLOWS");
    says(scene, "wiki", "closed", "GET /y", "ALLOW NO_RULE audited");
    says(scene, "open", "closed", "GET /x", "ALLOW NO_RULE audited");
    says(scene, "open", "closed", "DELETE /x", "DENY RULE_DENIES");
  }

  @Test
  void anAuditByRequestHasReadWhatNoRuleSpeaksOf() {
    Scene scene =
        home()
            .host("project:wiki is closed")
            .host("project:wiki is audited by request")
            .host("service:wiki may connect 5432 on service:wiki-db")
            .host("anyone may not connect 25 on project:wiki");
    says(scene, "git-db", "wiki", "tcp/80", "ENGINE NEEDS_ENGINE");
    says(scene, "git-db", "wiki", "GET:80 /x", "ALLOW NO_RULE audited");
    says(scene, "git-db", "wiki", "TLS:443 wiki.example", "ALLOW NO_RULE audited");
    says(scene, "git-db", "wiki", "udp/53", "ALLOW NO_RULE audited");
    says(scene, "git-db", "wiki", "tcp/25", "DENY RULE_DENIES");
    says(scene, "git-db", "wiki", "GET:25 /x", "DENY RULE_DENIES");
    says(scene, "wiki", "wiki-db", "tcp/5432", "ALLOW RULE_ALLOWS");
    says(scene, "git-db", "open", "tcp/80", "ALLOW OPEN");
    Policy policy = scene.policy();
    for (Reason reason : List.of(Reason.NOT_HTTP, Reason.CLIENT_SILENT, Reason.HTTP_MALFORMED)) {
      Verdict verdict =
          policy.undecodable(scene.number("git-db"), scene.number("wiki"), 80, reason);
      assertEquals(Decision.ALLOW, verdict.decision());
      assertTrue(verdict.audited());
    }
  }

  @Test
  void anAuditByRequestLetsNothingPastWhatOthersDeny() {
    Scene scene = home().host("project:wiki is audited by request", "app=closed is closed");
    says(scene, "wiki", "closed", "GET:80 /y", "DENY NO_RULE");
    says(scene, "wiki", "closed", "tcp/5432", "ENGINE NEEDS_ENGINE");
    says(scene, "git-db", "closed", "GET:80 /x", "DENY NO_RULE");
  }

  @Test
  void whoIsOffByLabelIsAuditedForTheHostsRules() {
    Scene scene =
        new Scene()
            .container("api", "app=api")
            .container("db", "drawbridge.mode: off", "app=no may GET /y")
            .host("containers are closed")
            .host("container:db is audited");
    says(scene, "world", "db", "tcp/80", "ALLOW NO_RULE audited");
    says(scene, "api", "db", "tcp/80", "DENY NO_RULE");
  }

  @Test
  void aGroupIsWhomOneOfItsSelectorsSelects() {
    Scene scene =
        home()
            .host("app=prometheus may connect 5432 on group:databases")
            .host("group databases = service:wiki-db, service:git/git-db")
            .host("group:databases and app=wiki-db may connect 53/udp on world");
    says(scene, "prometheus", "wiki-db", "tcp/5432", "ALLOW RULE_ALLOWS");
    says(scene, "prometheus", "git-db", "tcp/5432", "ALLOW RULE_ALLOWS");
    says(scene, "wiki", "git-db", "tcp/5432", "DENY NO_RULE");
    says(scene, "wiki", "open", "tcp/5432", "ALLOW OPEN");
    says(scene, "wiki-db", "world", "tcp/443", "DENY NO_RULE");
    says(scene, "git-db", "world", "tcp/443", "ALLOW OPEN");
  }

  @Test
  void aServiceOfAnyProjectGoesByItsPlainNameWhereThatIsUnique() {
    Scene scene = home().host("service:wiki may connect 5432 on service:git-db");
    says(scene, "wiki", "git-db", "tcp/5432", "ALLOW RULE_ALLOWS");
    says(scene, "wiki", "git-db", "tcp/5433", "DENY NO_RULE");
    says(scene, "prometheus", "git-db", "tcp/5432", "DENY NO_RULE");
  }

  @Test
  void aNameThatSeveralProjectsHaveAllowsNoneClosesAllAndForbidsAll() {
    Scene scene =
        home()
            .container("other-git-db", PROJECT + "other", SERVICE + "git-db")
            .host("service:wiki may connect 5432 on service:git-db")
            .host("service:git-db may connect 443 on world")
            .host("service:git-db may connect 7 on app=open")
            .host("service:git-db may not connect 9 on app=open");
    for (String db : List.of("git-db", "other-git-db")) {
      says(scene, "wiki", db, "tcp/5432", "DENY NO_RULE");
      says(scene, "prometheus", db, "tcp/5432", "DENY NO_RULE");
      says(scene, db, "world", "tcp/443", "DENY NO_RULE");
      says(scene, db, "open", "tcp/7", "DENY NO_RULE");
      says(scene, db, "open", "tcp/9", "DENY RULE_DENIES");
    }
    says(scene, "wiki", "open", "tcp/9", "DENY NO_RULE");
    assertEquals(
        List.of("DB0213", "DB0213", "DB0213", "DB0213"),
        scene.policy().problems().stream()
            .map(Problem::code)
            .filter(code -> !code.equals("DB0206"))
            .toList());
  }

  @Test
  void aCallerWhoseNameIsSharedIsNotLetInByIt() {
    Scene scene = home().host("service:git-db may connect 7 on app=open");
    says(scene, "git-db", "open", "tcp/7", "ALLOW RULE_ALLOWS");
    scene.container("other-git-db", PROJECT + "other", SERVICE + "git-db");
    for (String db : List.of("git-db", "other-git-db")) {
      says(scene, db, "open", "tcp/7", "DENY NO_RULE");
    }
  }

  @Test
  void inAGroupOnlyTheSharedNameIsNotMeant() {
    Scene scene =
        home()
            .container("other-git-db", PROJECT + "other", SERVICE + "git-db")
            .host("group databases = service:wiki-db, service:git-db")
            .host("app=prometheus may connect 5432 on group:databases")
            .host("group:databases may connect 443 on world");
    says(scene, "prometheus", "wiki-db", "tcp/5432", "ALLOW RULE_ALLOWS");
    says(scene, "prometheus", "git-db", "tcp/5432", "DENY NO_RULE");
    says(scene, "prometheus", "other-git-db", "tcp/5432", "DENY NO_RULE");
    says(scene, "wiki-db", "world", "tcp/443", "ALLOW RULE_ALLOWS");
    says(scene, "git-db", "world", "tcp/443", "DENY NO_RULE");
  }

  @Test
  void inALabelAPlainNameStaysWithinTheProject() {
    Scene scene =
        home()
            .container("strict", PROJECT + "strict", SERVICE + "strict", "service:wiki may GET /x");
    says(scene, "wiki", "strict", "GET /x", "DENY NO_RULE");
  }

  /** Peer of an address, as the engine finds it. */
  private static int peer(Policy policy, String address) throws Exception {
    return policy.peerAgain(Peers.WORLD, InetAddress.getByName(address));
  }

  @ParameterizedTest
  @CsvSource({
    "1.1.1.1, internet",
    "9.255.255.255, internet",
    "11.0.0.0, internet",
    "192.167.255.255, internet",
    "223.255.255.255, internet",
    "2606:4700::1111, internet",
    "3ffe:ffff::1, internet",
    "10.0.0.1, lan",
    "172.16.0.1, lan",
    "172.31.255.255, lan",
    "192.168.255.255, lan",
    "100.64.0.1, lan",
    "fd00::1, lan",
    "fc00::1, lan",
    "127.0.0.1, neither",
    "0.0.0.0, neither",
    "172.32.0.1, internet",
    "192.0.2.1, neither",
    "198.51.100.1, neither",
    "203.0.113.1, neither",
    "198.18.0.1, neither",
    "240.0.0.1, neither",
    "::1, neither",
    "2001:db8::1, neither",
    "2001::1, neither",
    "2002:a00:1::1, neither",
    "64:ff9b::a00:1, neither",
    "3fff::1, neither",
    "fec0::1, neither"
  })
  void internetAndLanAreTheseRanges(String address, String zone) throws Exception {
    for (String word : List.of("internet", "lan")) {
      for (boolean named : List.of(false, true)) {
        Scene scene = new Scene().container("api", "may connect 443 on " + word);
        if (named) {
          // Ranges that others name cut out nothing.
          scene.container(
              "other",
              "may connect 80 on 10.0.0.0/9",
              "may connect 80 on 0.0.0.0/0 except 1.0.0.0/8",
              "may connect 80 on 2606::/16",
              "may connect 80 on 128.0.0.0/1",
              "may connect 80 on 2001:db8:1::/48",
              "may connect 80 on 192.168.0.0/17");
        }
        Policy policy = scene.policy();
        Verdict out = policy.l4(scene.number("api"), peer(policy, address), Ports.TCP, 443);
        assertEquals(
            word.equals(zone) ? Decision.ALLOW : Decision.DENY, out.decision(), word + named);
      }
    }
  }

  @Test
  void theLinkIsNoPartOfTheWorldForWhomAnotherNamesIt() throws Exception {
    for (String address : List.of("169.254.169.254", "fe80::1", "224.0.0.1", "ff02::1")) {
      for (String word : List.of("internet", "lan", "world")) {
        Scene scene =
            new Scene()
                .container("api", "may connect 443 on " + word)
                .container("other", "may connect 80 on " + address);
        Policy policy = scene.policy();
        assertEquals(
            Decision.DENY,
            policy.l4(scene.number("api"), peer(policy, address), Ports.TCP, 443).decision(),
            word + " " + address);
      }
    }
    assertFalse(
        new Scene()
                .container("api", "may connect on internet", "lan may connect 80")
                .policy()
                .networks()
                .stream()
                .anyMatch(entry -> LinkRanges.ALL.contains(entry.range())));
  }

  @Test
  void nobodyIsAdvisedToOpenTheWholeWorld() throws Exception {
    Scene scene =
        new Scene()
            .container("api", "app=x may GET /", "may connect 80 on app=x")
            .container("other", "may connect 443 on internet");
    Policy policy = scene.policy();
    int out = peer(policy, "1.1.1.1");
    assertEquals(
        List.of("may connect 443/tcp on internet"),
        Explainer.l4(policy, scene.number("api"), out, Ports.TCP, 443).advice().stream()
            .map(Explanation.Advice::value)
            .toList());
  }

  @Test
  void containersAndTheHostAreNoPartOfInternetOrLan() {
    Scene scene = home().container("api", "may connect on internet", "may connect on lan");
    for (String to : List.of("open", "host")) {
      says(scene, "api", to, "tcp/443", "DENY NO_RULE");
    }
    says(scene, "api", "world", "tcp/443", "DENY NO_RULE");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "app=api may also not connect 80 on app=db | DB0103 18",
        "app=api may not also connect 80 on app=db | DB0103 17",
        "anyone is closed | DB0105 1 containers",
        "host is closed | DB0105 1",
        "10.0.0.0/8 is audited | DB0105 1",
        "project:shop is clossed | DB0103 17 closed",
        "project:shop is | DB0104 17",
        "project:shop are closed now | DB0103 25",
        "project:shop is audited by path | DB0103 28 request",
        "project:shop is closed by request | DB0103 24",
        "project:shop project:x is closed | DB0103 14",
        "app=api may connect 80 on group:dbs | DB0109 27",
        "app=api may connect 80 on group:databses | DB0109 27 group:databases",
        "group databases = app=x | DB0115 7",
        "group x app=x | DB0103 9 =",
        "group x =app=x | DB0103 9 = app=x",
        "group x= app=x | DB0111 7",
        "group x = | DB0104 10",
        "group x = app=a, | DB0104 17",
        "group x = app=a app=b | DB0103 17",
        "group x = app=a service:b | DB0103 17 ,",
        "group x = anyone | DB0109 11",
        "group x = 10.0.0.0/8 | DB0109 11",
        "group x = group:databases | DB0109 11",
        "group x = app=a,app= | DB0109 17",
        "lan and app=x may connect 80 on app=db | DB0109 5"
      })
  void mistakesAreAnsweredWithPlaceAndSuggestion(String line, String expected) {
    Parsed<HostPolicy> parsed =
        HostPolicyParser.parse("t.policy", "group databases = app=db\n" + line);
    assertEquals(1, parsed.problems().size(), () -> "" + parsed);
    Problem problem = parsed.problems().getFirst();
    assertEquals(
        expected,
        problem.code()
            + " "
            + problem.column()
            + problem.suggestion().map(word -> " " + word).orElse(""),
        problem::withCaret);
    assertEquals(2, ((Origin.FileLine) problem.origin()).line());
  }

  /** SPEC L3. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "app=a may connect 80 | anyone may not DELETE /** | ALLOW RULE_ALLOWS | DB0214",
        "app=a may connect 80 | anyone may not DELETE /** port 80 | DENY RULE_DENIES | ''",
        "app=a may connect | anyone may not DELETE /** | DENY RULE_DENIES | ''",
        "app=a may ANY /** | anyone may not DELETE /** | DENY RULE_DENIES | ''",
        "app=a may connect 53/udp,80-81 | anyone may not DELETE /** | ALLOW RULE_ALLOWS | DB0214"
      })
  void connectOfAPortBesideAMayNotOfRequests(
      String may, String mayNot, String expected, String problem) {
    Scene scene = new Scene().container("a", "app=a").container("db", may, mayNot);
    says(scene, "a", "db", "DELETE:80 /x", expected);
    assertEquals(
        problem.isEmpty() ? List.of() : List.of(problem),
        scene.policy().problems().stream().map(Problem::code).toList());
  }

  /** SPEC S3: nothing names an empty value. */
  @Test
  void anEmptyValueIsThereAndHasNoName() {
    Scene scene =
        new Scene()
            .container("empty", "team=")
            .container("none", "app=x")
            .container("a", "has team may GET /")
            .container("b", "team!=red may GET /")
            .container("c", "team in (red blue) may GET /");
    says(scene, "empty", "a", "GET /", "ALLOW RULE_ALLOWS");
    says(scene, "none", "a", "GET /", "DENY NO_RULE");
    says(scene, "empty", "b", "GET /", "ALLOW RULE_ALLOWS");
    says(scene, "none", "b", "GET /", "ALLOW RULE_ALLOWS");
    says(scene, "empty", "c", "GET /", "DENY NO_RULE");
  }

  /** SPEC S9. */
  @Test
  void aDotAtTheEndOfANameMeansNothing() {
    Scene scene =
        new Scene()
            .container("a", "app=a")
            .container("db", "app=a may open tls to db.example.com. port 443");
    says(scene, "a", "db", "TLS:443 db.example.com", "ALLOW RULE_ALLOWS");
    says(scene, "a", "db", "TLS:443 db.example.com.", "ALLOW RULE_ALLOWS");
    says(scene, "a", "db", "TLS:443 xdb.example.com.", "DENY NO_RULE");
  }

  @Test
  void aGroupInALabelIsAMistake() {
    Parsed<Optional<Rule>> parsed =
        SentenceParser.label(new Origin.Label("l"), "group:databases may GET /x");
    assertEquals("DB0109", parsed.problems().getFirst().code());
  }

  @Test
  void aRuleKeepsItsNumberWhileItStandsAndGetsAnotherWithItsGroup() {
    Scene scene = home().host("group g = app=open", "group:g may connect 80 on app=wiki");
    Policy first = scene.policy();
    Policy second =
        first.next(
            home()
                .host("# moved", "group g = app=open", "group:g may connect 80 on app=wiki")
                .generation(2)
                .input());
    Policy third =
        second.next(
            home()
                .host("group g = app=prometheus", "group:g may connect 80 on app=wiki")
                .generation(3)
                .input());
    int open = scene.number("open");
    int wiki = scene.number("wiki");
    Verdict before = first.l4(open, wiki, Ports.TCP, 80);
    assertEquals(before.rule(), second.l4(open, wiki, Ports.TCP, 80).rule());
    assertEquals(Decision.DENY, third.l4(open, wiki, Ports.TCP, 80).decision());
  }

  @Test
  void theRuleOfAClosedProjectIsNoNearMiss() {
    Scene scene = home().host("project:wiki is closed");
    Explanation why =
        Explainer.l4(scene.policy(), scene.number("git-db"), scene.number("wiki"), Ports.TCP, 80);
    assertTrue(why.sides().stream().allMatch(side -> side.near().isEmpty()));
  }
}
