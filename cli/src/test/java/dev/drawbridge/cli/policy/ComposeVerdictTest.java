package dev.drawbridge.cli.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.cli.Typed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Cites SPEC rule C5.
 *
 * <p>12.C1: what {@code verdict --compose} says is what would happen, or it says nothing. The fake
 * outside: there is no agent and no engine here, only files.
 */
class ComposeVerdictTest {
  @TempDir private Path directory;

  private String file(String name, String... lines) throws IOException {
    Path file = directory.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, String.join("\n", lines) + "\n").toString();
  }

  private static Typed verdict(String file, String... words) {
    return Typed.run(
        Stream.concat(Stream.of("verdict", "--compose", file), Stream.of(words))
            .toArray(String[]::new));
  }

  private static void cannotKnow(Typed typed) {
    assertEquals(2, typed.exit(), typed.out() + typed.err());
    assertEquals("", typed.out());
  }

  @Test
  void aServiceThatExtendsAnotherHasItsRules() throws IOException {
    file(
        "base.yaml",
        "services:",
        "  store:",
        "    image: x",
        "    labels: { drawbridge.policy.a: service:web may GET /users }");
    String compose =
        file(
            "compose.yaml",
            "services:",
            "  web: { image: x }",
            "  other: { image: x }",
            "  db: { extends: { file: base.yaml, service: store } }",
            "  same: { extends: db }");
    assertEquals(0, verdict(compose, "web", "db", "GET", "/users").exit());
    assertEquals(1, verdict(compose, "other", "db", "GET", "/users").exit());
    assertEquals(1, verdict(compose, "other", "same", "GET", "/users").exit());
  }

  /** Cites SPEC P8. */
  @Test
  void whichOfSeveralContainersIsAskedIsNotKnown() throws IOException {
    for (String many : new String[] {"scale: 2", "deploy: { replicas: 3 }", "scale: ${N}"}) {
      String compose =
          file(
              "compose.yaml",
              "services:",
              "  db:",
              "    image: x",
              "    " + many,
              "    labels: { app: db, drawbridge.policy.b: may connect on nobody }");
      Typed typed = verdict(compose, "db", "db", "DELETE", "/x");
      assertEquals(2, typed.exit(), typed.out() + typed.err());
      assertTrue(typed.err().contains("several"), typed.err());
    }
  }

  /** Cites SPEC P8. */
  @Test
  void aContainerThatTalksToItselfIsNotJudged() throws IOException {
    String compose =
        file(
            "compose.yaml",
            "services:",
            "  web: { image: x }",
            "  db:",
            "    image: x",
            "    labels:",
            "      app: db",
            "      drawbridge.policy.a: service:web may GET /users",
            "      drawbridge.policy.b: may connect on nobody");
    for (String who : new String[] {"db", "service:db", "app=db"}) {
      Typed typed = verdict(compose, who, "db", "DELETE", "/x");
      assertEquals(0, typed.exit(), typed.out() + typed.err());
      assertTrue(typed.out().contains("open: "), typed.out());
    }
    assertEquals(1, verdict(compose, "web", "db", "DELETE", "/x").exit());
  }

  /** SPEC K1 to K3, as {@code KafkaOnTheWireTest} asks them of a broker. */
  @Test
  void kafkaIsAnsweredByTopicGroupAndTransaction() throws IOException {
    String compose =
        file(
            "compose.yaml",
            "services:",
            "  kafka:",
            "    image: x",
            "    labels:",
            "      drawbridge.policy.a: service:reader may consume incoming",
            "      drawbridge.policy.b: service:writer may produce incoming with transaction pay-*",
            "      drawbridge.policy.c: service:member may consume * with group g1",
            "      drawbridge.policy.d: service:operator may administer",
            "  reader: { image: x }",
            "  writer: { image: x }",
            "  member: { image: x }",
            "  operator: { image: x }",
            "  stranger: { image: x }");
    assertEquals(0, verdict(compose, "reader", "kafka", "consume", "incoming").exit());
    assertEquals(1, verdict(compose, "reader", "kafka", "consume", "other").exit());
    assertEquals(1, verdict(compose, "reader", "kafka", "produce", "incoming").exit());
    assertEquals(1, verdict(compose, "reader", "kafka", "administer").exit());
    assertEquals(1, verdict(compose, "reader", "kafka", "GET", "/").exit());
    assertEquals(1, verdict(compose, "writer", "kafka", "produce", "incoming").exit());
    assertEquals(
        0,
        verdict(compose, "writer", "kafka", "produce", "incoming", "--transaction", "pay-1")
            .exit());
    assertEquals(
        1, verdict(compose, "writer", "kafka", "produce", "incoming", "--transaction", "x").exit());
    assertEquals(0, verdict(compose, "member", "kafka", "consume", "--group", "g1").exit());
    assertEquals(1, verdict(compose, "member", "kafka", "consume", "--group", "g2").exit());
    assertEquals(0, verdict(compose, "operator", "kafka", "administer").exit());
    assertEquals(1, verdict(compose, "operator", "kafka", "consume", "incoming").exit());
    assertEquals(1, verdict(compose, "stranger", "kafka", "consume", "incoming").exit());
    cannotKnow(verdict(compose, "reader", "kafka", "consume"));
  }

  @Test
  void includedServicesLabelFilesAndOverridesCount() throws IOException {
    file("db/compose.yaml", "services:", "  db: { image: x, label_file: db.labels }");
    file("db/db.labels", "drawbridge.policy.a=service:web may GET /users");
    file("compose.override.yaml", "services:", "  web: { labels: { app: web } }");
    String compose =
        file(
            "compose.yaml",
            "include: [ db/compose.yaml ]",
            "services:",
            "  web: { image: x }",
            "  api: { image: x, labels: { drawbridge.policy.a: app=web may GET /x } }");
    assertEquals(0, verdict(compose, "web", "db", "GET", "/users").exit());
    assertEquals(1, verdict(compose, "api", "db", "GET", "/users").exit());
    Typed typed = verdict(compose, "web", "api", "GET", "/x");
    assertEquals(0, typed.exit(), typed.err());
    assertTrue(typed.err().contains("compose.override.yaml"), typed.err());
    assertEquals(0, Typed.run("lint", compose).exit());
    assertEquals(0, Typed.run("lint", directory.toString()).exit());
  }

  @Test
  void severalFilesAreOneProjectInTheirOrder() throws IOException {
    String one = file("a.yaml", "services:", "  web: { image: x, labels: { app: web } }");
    String two =
        file(
            "b.yaml",
            "services:",
            "  db: { image: x, labels: { drawbridge.policy.a: service:web may GET /x } }");
    assertEquals(0, verdict(one, "--compose", two, "web", "db", "GET", "/x").exit());
    assertEquals(1, verdict(two, "--compose", one, "app=x", "db", "GET", "/x").exit());
    assertEquals(0, Typed.run("lint", "-f", one, "-f", two).exit());
    // Alone, the second file cannot know whether the project has the service.
    assertEquals(2, verdict(two, "web", "db", "GET", "/x").exit());
  }

  @Test
  void dotEnvGivesVariablesAndTheProjectsName() throws IOException {
    file(".env", "APP=web", "COMPOSE_PROJECT_NAME=shop");
    String compose =
        file(
            "compose.yaml",
            "services:",
            "  web: { image: x, labels: { app: \"${APP}\" } }",
            "  db: { image: x, labels: { drawbridge.policy.a: 'service:shop/web may GET /${P:-x}' } }");
    assertEquals(0, verdict(compose, "web", "db", "GET", "/x").exit());
    assertEquals(0, verdict(compose, "app=web", "db", "GET", "/x").exit());
    assertEquals(1, verdict(compose, "-p", "other", "web", "db", "GET", "/x").exit());
  }

  @Test
  void variablesThatNobodySetAreNotGuessed() throws IOException {
    String compose =
        file(
            "compose.yaml",
            "services:",
            "  web: { image: x, labels: { app: \"${APP:?set-me-first}\", traefik.enable: true } }",
            "  api: { image: x, labels: { app: api } }",
            "  db: { image: x, labels: { drawbridge.policy.a: app=api may GET /x } }");
    cannotKnow(verdict(compose, "web", "db", "GET", "/x"));
    cannotKnow(verdict(compose, "app=me-first", "db", "GET", "/x"));
    assertEquals(0, verdict(compose, "api", "db", "GET", "/x").exit());
    assertEquals(0, Typed.run("lint", compose).exit());
  }

  @Test
  void aDollarInALabelIsAnErrorAndNoRuleIsDropped() throws IOException {
    for (String rule :
        new String[] {
          "app=x may GET matching /x$", "app=x may not GET /a$ b", "${WHO} may GET /x"
        }) {
      String compose =
          file(
              "compose.yaml",
              "services:",
              "  web: { image: x }",
              "  db: { image: x, labels: { drawbridge.policy.a: '" + rule + "' } }");
      cannotKnow(verdict(compose, "web", "db", "GET", "/x"));
      assertEquals(1, Typed.run("lint", compose).exit());
    }
  }

  @Test
  void aFoldedCommentThatHidesTheNextRuleIsAnError() throws IOException {
    for (String style : new String[] {">", ">-"}) {
      String compose =
          file(
              "compose.yaml",
              "services:",
              "  web: { image: x }",
              "  db:",
              "    image: x",
              "    labels:",
              "      drawbridge.policy.a: " + style,
              "        anyone may GET /**",
              "        # reads only",
              "        anyone may not GET /admin/**");
      cannotKnow(verdict(compose, "web", "db", "GET", "/admin/x"));
      assertEquals(1, Typed.run("lint", compose).exit());
    }
  }

  @Test
  void sharedNetworksAreNotAnswered() throws IOException {
    String compose =
        file(
            "compose.yaml",
            "services:",
            "  vpn: { image: x }",
            "  web: { image: x }",
            "  app: { image: x, network_mode: 'service:vpn', labels: { drawbridge.policy.a: service:web may GET /x } }");
    cannotKnow(verdict(compose, "web", "app", "GET", "/x"));
    cannotKnow(verdict(compose, "web", "vpn", "GET", "/x"));
    cannotKnow(verdict(compose, "app", "web", "80"));
  }

  // SPEC L7.
  @Test
  void whoMayChangePacketsHasLayer7ToContainersAlone() throws IOException {
    String labels = "labels: { drawbridge.policy.a: may GET /x port 80 on anyone }";
    for (String might :
        new String[] {
          "cap_add: [net_admin]",
          "cap_add: [ALL]",
          "cap_add: ['CAP_SYS_ADMIN']",
          "cap_add: ['${MORE:-NET_ADMIN}']",
          "privileged: true",
          "privileged: yes",
          "privileged: 'on'",
          "privileged: '${WHOLE:-true}'"
        }) {
      String compose =
          file(
              "compose.yaml",
              "services:",
              "  base: { image: x, " + might + " }",
              "  plain: { image: x, cap_add: [NET_RAW], privileged: false, " + labels + " }",
              "  vpn: { image: x, extends: base, " + labels + " }",
              "  db: { image: x }");
      Typed no = verdict(compose, "vpn", "world", "--port", "80", "GET", "/x");
      assertEquals(1, no.exit(), no.out() + no.err());
      assertTrue(no.out().contains("caller-rewrites"), no.out());
      assertEquals(0, verdict(compose, "vpn", "db", "--port", "80", "GET", "/x").exit());
      assertEquals(0, verdict(compose, "plain", "world", "--port", "80", "GET", "/x").exit());
    }
  }

  @Test
  void whoMayChangePacketsIsNotGuessedWhereAVariableSaysIt() throws IOException {
    String labels = "labels: { drawbridge.policy.a: may GET /x port 80 on anyone }";
    for (String might : new String[] {"cap_add: ['$MORE']", "privileged: '${WHOLE}'"}) {
      String compose =
          file("compose.yaml", "services:", "  vpn: { image: x, " + might + ", " + labels + " }");
      cannotKnow(verdict(compose, "vpn", "world", "--port", "80", "GET", "/x"));
    }
  }

  @Test
  void whatDiffersBetweenComposesIsNotAnswered() throws IOException {
    String compose =
        file(
            "compose.yaml",
            "services:",
            "  one: { image: x, labels: { v: 1.0 } }",
            "  two: { image: x, labels: { v: 1.10 } }",
            "  db: { image: x, labels: { drawbridge.policy.a: v=1.1 may GET /x } }",
            "  byname: { image: x, labels: { drawbridge.policy.a: 'container:shop-two-1 may GET /x' } }");
    cannotKnow(verdict(compose, "one", "db", "GET", "/x"));
    assertEquals(0, verdict(compose, "two", "db", "GET", "/x").exit());
    cannotKnow(verdict(compose, "-p", "shop", "two", "byname", "GET", "/x"));
  }

  @Test
  void filesThatVariablesNameAreNotGuessed() throws IOException {
    String compose = file("compose.yaml", "services:", "  web: { image: x }");
    file(".env", "COMPOSE_FILE=compose.yaml:other.yaml");
    cannotKnow(verdict(compose, "web", "web", "80"));
    assertEquals(0, verdict(compose, "--compose", compose, "web", "web", "80").exit());
    file(".env", "A=b");
    cannotKnow(
        Typed.run(
            java.util.Map.of("COMPOSE_ENV_FILES", "prod.env"),
            "verdict",
            "--compose",
            compose,
            "web",
            "web",
            "80"));
    for (String disabled : new String[] {"1", "true", "False"}) {
      Typed typed =
          Typed.run(
              java.util.Map.of("COMPOSE_DISABLE_ENV_FILE", disabled),
              "verdict",
              "--compose",
              compose,
              "web",
              "web",
              "80");
      assertEquals(disabled.equals("False") ? 0 : 2, typed.exit(), typed.err());
    }
  }

  @Test
  void variablesInKeysMatterWhereTheKeyMay() throws IOException {
    String compose =
        file(
            "compose.yaml",
            "services:",
            "  web: { image: x, labels: [ 'traefik.${NAME}.rule=x' ] }",
            "  api: { image: x, labels: { drawbridge.policy.a: app=web may GET /x } }",
            "  db: { image: x, labels: { drawbridge.policy.a: traefik.a.rule=x may GET /x } }");
    assertEquals(2, verdict(compose, "web", "db", "GET", "/x").exit());
    String other =
        file(
            "other.yaml",
            "services:",
            "  web: { image: x, labels: [ 'traefik.${NAME}.rule=x' ] }",
            "  api: { image: x, labels: { drawbridge.policy.a: app=web may GET /x } }");
    assertEquals(1, verdict(other, "web", "api", "GET", "/x").exit());
    assertEquals(0, Typed.run("lint", other).exit());
    for (String key : new String[] {"drawbridge.policy.${NAME}", "${NAME}", "draw${NAME}"}) {
      String wrong =
          file("wrong.yaml", "services:", "  web: { image: x, labels: [ '" + key + "=x' ] }");
      cannotKnow(verdict(wrong, "web", "web", "80"));
    }
    String tagged =
        file("tagged.yaml", "services:", "  web: { image: x, labels: { app: !!binary aGk= } }");
    cannotKnow(verdict(tagged, "web", "web", "80"));
  }

  @Test
  void theProjectsNameIsInterpolated() throws IOException {
    String compose =
        file(
            "compose.yaml",
            "name: ${PROJECT:-shop}",
            "services:",
            "  web: { image: x }",
            "  db: { image: x, labels: { drawbridge.policy.a: service:shop/web may GET /x } }");
    assertEquals(0, verdict(compose, "web", "db", "GET", "/x").exit());
  }

  @Test
  void manyAliasesAreReadAndABombIsNot() throws IOException {
    var many = new StringBuilder("x-l: &l { app: a }\nservices:\n");
    for (int i = 0; i < 300; i++) {
      many.append("  s").append(i).append(": { image: x, labels: { <<: *l } }\n");
    }
    assertEquals(0, verdict(file("many.yaml", many.toString()), "s1", "s2", "80").exit());
    var bomb = new StringBuilder("x0: &a0 { k: v }\n");
    for (int i = 1; i < 40; i++) {
      bomb.append("x").append(i).append(": &a").append(i);
      bomb.append(" [ *a").append(i - 1).append(", *a").append(i - 1).append(" ]\n");
    }
    bomb.append("services: { a: { image: x, labels: *a39 } }\n");
    assertEquals(2, verdict(file("bomb.yaml", bomb.toString()), "a", "a", "80").exit());
  }
}
