package dev.drawbridge.tools.lint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.http.HttpRequest;
import dev.drawbridge.policy.language.HostPolicy;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class LinterTest {
  private static List<String> places(LintReport report) {
    return report.findings().stream()
        .map(f -> f.line() + ":" + f.column() + " " + f.code() + " " + f.severity())
        .toList();
  }

  private static LintReport compose(String text) {
    return Linter.compose("compose.yaml", text, "shop");
  }

  @Test
  void goodFileHasNothing() {
    LintReport report =
        compose(
            """
            services:
              web:
                labels: { app: web }
              db:
                labels:
                  app: db
                  drawbridge.policy.read: app=web may GET /users
                  drawbridge.policy.more: |
                    service:web may POST /posts/**
                    app=web may connect 5432
                  drawbridge.mode: audit
            """);
    assertEquals(List.of(), places(report), report::text);
    assertEquals(0, report.exitCode());
  }

  @Test
  void mistakesStandAtTheirPlace() {
    LintReport report =
        compose(
            """
            services:
              web:
                labels:
                  - app=web
                  - drawbridge.policy.x=app=web may GETT /
              db:
                labels:
                  app: db
                  drawbridge.polcy.read: app=web may GET /users
                  drawbridge.policy.read: app=web may GET users
                  drawbridge.policy.quoted: "app=web may connect 70000"
                  drawbridge.policy.more: |
                    app=web may GET /a

                    app=web may GIT /b
            """);
    assertEquals(
        List.of(
            "5:41 DB0111 error",
            "9:7 DB0101 error",
            "10:47 DB0107 error",
            "11:54 DB0106 error",
            "15:21 DB0111 error"),
        places(report),
        report::text);
    assertEquals(1, report.exitCode());
    assertTrue(report.text().contains("did you mean 'drawbridge.policy.read'?"), report::text);
    assertTrue(report.text().endsWith("5 errors, 0 warnings\n"), report::text);
  }

  @Test
  void servicesThatDoNotExistAreNamed() {
    LintReport report =
        compose(
            """
            services:
              web:
                image: web
              db:
                labels:
                  drawbridge.policy.read: service:wbe may GET /users
                  drawbridge.policy.other: app=nobody-has-this may GET /users
            """);
    assertEquals(List.of("6:31 DB0205 error", "7:32 DB0201 warning"), places(report), report::text);
    assertEquals("service:web", report.findings().getFirst().suggestion());
  }

  @Test
  void uselessRulesAreNamed() {
    LintReport report =
        compose(
            """
            services:
              web:
                labels: { app: web }
              db:
                labels:
                  drawbridge.policy.a: app=web may GET /admin/*/x
                  drawbridge.policy.b: anyone may not ANY /admin/**
                  drawbridge.policy.c: app=web may GET /
                  drawbridge.policy.d: app=web may GET /
              cache:
                labels:
                  drawbridge.policy.x: anyone may not connect 6379
            """);
    assertEquals(
        List.of("6:28 DB0204 warning", "9:28 DB0210 warning", "12:28 DB0206 warning"),
        places(report),
        report::text);
  }

  @Test
  void labelsThatNeverArriveAreNamed() {
    LintReport report =
        compose(
            """
            services:
              db:
                build:
                  context: .
                  labels:
                    drawbridge.policy.x: anyone may GET /
                deploy:
                  labels:
                    - drawbridge.policy.y=anyone may GET /
            """);
    assertEquals(List.of("6:9 DB0303 error", "9:11 DB0303 error"), places(report), report::text);
  }

  @Test
  void variablesAreNotGuessed() {
    LintReport report =
        compose(
            """
            services:
              db:
                labels:
                  drawbridge.policy.x: app=${APP} may GET /
                  drawbridge.policy.y: anyone may GET /${PATH_PART:-users}
                  drawbridge.policy.z: anyone may GET /$$metadata
            """);
    assertEquals(List.of("4:28 DB0304 error"), places(report), report::text);
  }

  @Test
  void mergedLabelsCount() {
    ComposeFile file =
        ComposeFile.read(
            "c.yaml",
            """
            x-readers: &readers { drawbridge.policy.users: app=web may GET /users }
            services:
              web: { labels: { app: web } }
              db:
                labels:
                  <<: *readers
                  app: db
            """,
            "shop");
    Policy policy = file.policy(HostPolicy.NONE, false);
    assertEquals(
        Decision.ALLOW, policy.judge(256, 257, 80, HttpRequest.of("GET", "/users")).decision());
    assertEquals(Decision.DENY, policy.judge(256, 257, 80, HttpRequest.of("GET", "/x")).decision());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "services",
        "- a",
        "service: {}",
        "services: []",
        "services: { db: }",
        "services: { db: { labels: text } }",
        "services: { db: { labels: [ { app: db } ] } }",
        "services: { db: { labels: { drawbridge.policy.x: [ a ] } } }",
        "services: { db: { labels: { a: 1, a: 2 } } }",
        "services: &a { db: *a }",
        "a: b: c",
        "\t",
        "services: { db: { labels: { drawbridge.policy.x: } } }",
        "services: { db: { labels: [ drawbridge.policy.x ] } }",
        "? [a]\n: b",
        "a: 1\n---\nb: 2",
        "{",
      })
  void brokenFilesAreErrorsNotExceptions(String text) {
    assertEquals(1, compose(text).exitCode(), () -> compose(text).text());
  }

  @Test
  void hostPolicyIsChecked() {
    LintReport report =
        Linter.hostPolicy(
            "10.policy",
            """
            # comment
            app=web may GET /users on app=db   # why not
            may GET /users on app=db
            app=web may GET /users
            group:web may GET / on app=db
            app=web may resolve a.b on app=db
            """);
    assertEquals(
        List.of("3:5 DB0105 error", "4:24 DB0105 error", "5:1 DB0109 error"),
        places(report),
        report::text);
  }

  private static List<String> encrypted(String... sentences) {
    var text =
        new StringBuilder("services:\n  web: { labels: { app: web } }\n  db:\n    labels:\n");
    text.append("      app: db\n");
    for (int i = 0; i < sentences.length; i++) {
      text.append("      drawbridge.policy.r")
          .append(i)
          .append(": ")
          .append(sentences[i])
          .append('\n');
    }
    return places(Linter.compose("c.yaml", text.toString(), "p"));
  }

  @Test
  void httpRulesWhereTlsIsSpokenAreNamed() {
    String at6 = "6:29 DB0211 warning";
    assertEquals(List.of(at6), encrypted("app=web may GET /x port 443"));
    assertEquals(List.of(at6), encrypted("app=web may call a.B/C port 400-500"));
    assertEquals(
        List.of(at6),
        encrypted("app=web may GET /x port 8443", "app=web may open tls to a.b port 8000-9000"));
    assertEquals(
        List.of(at6), encrypted("app=web may GET /x port 8443", "app=web may open tls to a.b"));
    assertEquals(List.of(at6), encrypted("anyone may not GET /x", "app=web may open tls to a.b"));
  }

  @Test
  void httpAndTlsRulesThatStandApartAreNotNamed() {
    assertEquals(
        List.of(), encrypted("app=web may GET /x port 80", "app=web may open tls to a.b port 443"));
    assertEquals(List.of(), encrypted("app=web may GET /x", "app=web may open tls to a.b"));
    assertEquals(List.of(), encrypted("app=web may GET /x port 444"));
    assertEquals(List.of(), encrypted("app=web may connect 443"));
    assertEquals(
        List.of(),
        encrypted("anyone may not GET /x port 80", "app=web may open tls to a.b port 443"));
  }
}
