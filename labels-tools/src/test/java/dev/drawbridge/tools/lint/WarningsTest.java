package dev.drawbridge.tools.lint;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** 12.C3: rules that do nothing, or not what was meant, and what was meant. */
final class WarningsTest {
  private static List<String> found(LintReport report) {
    return report.findings().stream()
        .map(f -> f.code() + " " + f.severity() + " " + f.suggestion())
        .toList();
  }

  private static LintReport policy(String text) {
    return Linter.hostPolicy("a.policy", text);
  }

  @ParameterizedTest(name = "12.C3 {0} never matches")
  @CsvSource(
      delimiter = '~',
      value = {
        "GET /users/{id}       ~ /users/*",
        "GET /users/{id}/x/{y} ~ /users/*/x/*",
        "GET /users/:id        ~ /users/*",
        "GET /users/<id>       ~ /users/*",
        "GET /users/[id]       ~ /users/*",
        "GET /x.{png,jpg}      ~ ''",
        "GET //x               ~ /x",
        "GET /a//b             ~ /a/b",
        "GET /a%zz             ~ /a%25zz",
        "GET /a%               ~ /a%25",
        "GET /v[0-9]           ~ matching /v[0-9]",
        "GET /a/(b|c)          ~ matching /a/(b|c)",
        "GET matching /a\\?b=.* ~ ''",
      })
  void patternsThatCanNeverMatchAreNamed(String action, String suggestion) {
    for (String may : List.of("may ", "may not ")) {
      assertEquals(
          List.of("DB0201 warning " + suggestion),
          found(policy("app=a " + may + action + " on app=b\n")));
    }
  }

  @ParameterizedTest(name = "13 {0}: {1}")
  @CsvSource(
      delimiter = '~',
      value = {
        "may connect 80 on host.docker.internal               ~ DB0201 warning host",
        "may connect 80 on x.localhost                        ~ DB0201 warning host",
        "may connect 80 on metadata.google.internal           ~ DB0201 warning ''",
        "may connect 80 on x.example within 169.254.0.0/16    ~ DB0201 warning ''",
        "may connect 80 on x.example within (169.254.0.0/16 10.0.0.0/8) ~ ''",
        "may connect 443 on *.a.example;may not connect 443 on b.example ~ DB0216 warning ''",
        "may connect 443 on *.a.example;may not connect on x.a.example   ~ DB0216 warning ''",
        "may connect 443 on *.a.example;may not connect 80 on x.a.example ~ ''",
        "may connect 443 on *.a.example;may not open tls to x.a.example  ~ ''",
        "may connect 443 on bücher.example;may connect 443 on xn--bcher-kva.example ~ DB0210 warning ''",
        "may connect 443 on a.example;may connect 443 on b.example       ~ ''",
        "may connect 53 on 10.0.0.53                          ~ DB0217 warning 53/tcp,53/udp",
        "may connect 443,53 on world                          ~ DB0217 warning 53/tcp,53/udp",
        "may connect 5353,53 on world                         ~ DB0217 warning 53/tcp,53/udp",
        "may connect 53 on world;may connect 80/udp on world  ~ DB0217 warning 53/tcp,53/udp",
        "may connect 53/tcp on 10.0.0.53                      ~ ''",
        "may connect 53,53/udp on 10.0.0.53                   ~ ''",
        "may connect 53 on app=dns;may connect 53/udp on app=dns ~ ''",
        "may connect 53 on app=dns;may connect udp on app=dns ~ ''",
        "may connect 53 on app=dns;may resolve ** on app=dns  ~ ''",
        "may connect 443 on 10.0.0.53                         ~ ''",
        "may connect 1-1024 on world                          ~ ''",
        "may not connect 53 on world                          ~ ''",
      })
  void rulesAboutNamesThatSayOtherThanMeantAreNamed(String rules, String warning) {
    var text = new StringBuilder();
    for (String rule : rules.split(";", -1)) {
      text.append("app=a ").append(rule).append('\n');
    }
    List<String> found = found(policy(text.toString()));
    assertEquals(
        warning.isEmpty() ? List.of() : List.of(warning.replace("''", "")), found, text.toString());
  }

  @ParameterizedTest(name = "13 {0}")
  @CsvSource(
      delimiter = '~',
      value = {
        "app in (1 53 54) may connect 53/tcp on world            ~ ''",
        "app=a may connect 53/tcp on app in (1 53 54)            ~ ''",
        "app=a may connect 53 on app=dns;anyone may connect 53/udp on app=dns ~ ''",
        "app=a may connect 53 on app=dns;containers may connect udp on app=dns ~ ''",
        "app=a may also connect 53 on app=dns                    ~ DB0217",
        "app in (1 53 54) may connect 80,53 on world             ~ DB0217",
      })
  void theBarePortIsLookedForAmongThePorts(String rules, String code) {
    String all = String.join(" ", found(policy(rules.replace(';', '\n') + "\n")));
    assertEquals(!code.isEmpty(), all.contains("DB0217"), all);
  }

  @ParameterizedTest(name = "12.C3 {0} selects nobody")
  @CsvSource(
      delimiter = '~',
      value = {
        "app=web*           ~ ''",
        "app!=web*          ~ ''",
        "app in (web api-*) ~ ''",
        "app=web,api        ~ app in (web api)",
        "app=web|api        ~ app in (web api)",
        "app!=web,api       ~ ''",
      })
  void valuesWithWildcardsOrListsAreNamed(String who, String suggestion) {
    assertEquals(
        List.of("DB0201 warning " + suggestion), found(policy(who + " may connect 80 on app=b\n")));
    assertEquals(
        List.of("DB0201 warning " + suggestion),
        found(policy("app=b may not connect 80 on " + who + "\n")));
  }

  @ParameterizedTest(name = "12.C3 {0} can match")
  @ValueSource(
      strings = {
        "GET /users/*",
        "GET /a:b",
        "GET /v1/{",
        "GET /a%20b",
        "GET /@scope/x",
        "GET /pkg.Service:method",
        "GET matching /v[0-9]+/(a|b)",
        "GET /file.txt",
        "GET /a+b",
        "GET /$metadata",
        "GET /Users(1)",
        "GET /favicon.*",
      })
  void patternsThatCanMatchAreLeftAlone(String action) {
    assertEquals(List.of(), found(policy("app=a may " + action + " on app=b\n")));
  }

  @ParameterizedTest(name = "12.C3 useless: {0} beside {1}")
  @CsvSource(
      delimiter = '|',
      value = {
        "may GET /users       | may GET /**",
        "may GET /users/a     | may ANY /users/*",
        "may connect 80       | may connect 80-90",
        "may not GET /x       | may not ANY /**",
      })
  void rulesThatOthersSayAlreadyAreNamed(String narrow, String wide) {
    assertEquals(
        List.of("DB0204 warning "),
        found(policy("app=a " + narrow + " on app=b\napp=a " + wide + " on app=b\n")));
    assertEquals(
        List.of(), found(policy("app=a " + narrow + " on app=b\napp=c " + wide + " on app=b\n")));
  }

  @ParameterizedTest(name = "12.C3 published: {0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "8080:80           | anyone may connect 8080     | 80",
        "127.0.0.1:8080:80 | anyone may GET / port 8080  | 80",
        "8080:80/tcp       | anyone may connect 8080     | 80",
        "8080:8080         | anyone may connect 8080     | ",
        "8080:80           | anyone may connect 80       | ",
        "8080:80           | anyone may connect 8080/udp | ",
      })
  void aPublishedPortInPlaceOfTheContainersIsNamed(String port, String rule, String own) {
    LintReport report =
        Linter.compose(
            "c.yaml",
            "services:\n  web:\n    image: x\n    ports: [ \""
                + port
                + "\" ]\n    labels:\n"
                + "      drawbridge.policy.a: "
                + rule
                + "\n",
            "p");
    assertEquals(
        own == null ? List.of() : List.of("DB0212 warning " + own), found(report), report::text);
  }

  @ParameterizedTest(name = "12.C3 published port of the service that is called")
  @ValueSource(strings = {"may connect 8080 on service:web", "may GET / on service:web port 8080"})
  void aPublishedPortOfAnotherServiceIsNamed(String rule) {
    LintReport report =
        Linter.compose(
            "c.yaml",
            "services:\n  web:\n    image: x\n    ports: [ { published: 8080, target: 80 } ]\n"
                + "  api:\n    image: x\n    labels:\n      drawbridge.policy.a: "
                + rule
                + "\n",
            "p");
    assertEquals(List.of("DB0212 warning 80"), found(report), report::text);
  }

  @ParameterizedTest(name = "12.C3 mode {0}")
  @CsvSource({"no, ''", "disabled, ''", "false, off", "of, ''", "audti, audit", "yes, enforce"})
  void aModeIsNotGuessedOpen(String mode, String suggestion) {
    LintReport report =
        Linter.compose(
            "c.yaml",
            "services:\n  web:\n    image: x\n    labels:\n      drawbridge.mode: \""
                + mode
                + "\"\n",
            "p");
    assertEquals(List.of("DB0117 error " + suggestion), found(report), report::text);
  }
}
