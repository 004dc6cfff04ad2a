package dev.drawbridge.cli.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.drawbridge.cli.Typed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class OfflineVerdictTest {
  private static final String SHOP =
      """
      name: shop
      services:
        web:
          labels:
            app: web
            drawbridge.policy.out: may GET /** on service:db
            drawbridge.policy.pay: may connect 443 on 10.0.5.0/24
        api:
          labels:
            app: api
        db:
          container_name: database
          labels:
            app: db
            drawbridge.policy.read: app=api may GET /users
            drawbridge.policy.web: service:web may GET,POST /posts/**
            drawbridge.policy.sql: app=api may connect 5432/tcp
            drawbridge.policy.tls: app=api may open tls to *.internal port 8443
        cache:
          labels:
            app: cache
            drawbridge.mode: audit
            drawbridge.policy: app=api may connect 6379
      """;

  @TempDir Path directory;
  private Path compose = Path.of("unset");

  @BeforeEach
  void write() throws IOException {
    compose = Files.writeString(directory.resolve("compose.yaml"), SHOP);
  }

  private Typed ask(String question, String... more) {
    List<String> words = new ArrayList<>(List.of("verdict"));
    words.addAll(List.of(question.split(" ", -1)));
    words.addAll(List.of("--compose", compose.toString()));
    words.addAll(List.of(more));
    return Typed.run(words.toArray(String[]::new));
  }

  @ParameterizedTest
  @CsvSource({
    "0, api db GET /users",
    "0, api database GET /users",
    "0, service:api service:db GET /users",
    "0, container:shop-api-1 db GET /users",
    "1, api db POST /users",
    "1, api db GET /posts/1",
    "0, web db GET /posts/1",
    "1, web db POST /posts/1",
    "0, api db 8443 --sni db.internal",
    "0, api db 8443 --sni DB.Internal",
    "1, api db 8443 --sni db.example",
    "1, web db 8443 --sni db.internal",
    "1, api db 8444 --sni db.internal",
    "0, app=api db 5432",
    "1, app=cache db 5432",
    "1, app=nobody db GET /users",
    "1, world db GET /users",
    "1, host db 22",
    "0, world api 80",
    "0, web 10.0.5.7 443",
    "1, web 10.0.6.7 443",
    "1, web world 443",
    "1, web cache 6379",
    "1, api db GET /users/../posts/1",
    "1, api db GET //users"
  })
  void answersAsTheAgentWould(String code, String question) {
    Typed typed = ask(question);
    assertEquals(Integer.parseInt(code), typed.exit(), typed.out() + typed.err());
    assertTrue(typed.out().startsWith(code.equals("0") ? "ALLOW  " : "DENY   "), typed.out());
  }

  @ParameterizedTest
  @CsvSource({
    "2, buyer api.stripe.com:443",
    "2, web api.stripe.com:443",
    "2, buyer 1.1.1.1 443",
    "1, buyer 1.1.1.1 444",
    "1, buyer 10.0.5.7 443",
    "2, picky 1.1.1.1 443",
    "2, picky world 443",
    "0, picky world 444",
    "1, buyer world 443",
    "0, picky 1.1.1.1 444",
    "2, picky 1.1.1.1 GET / --port 80",
  })
  void whatANameMightMakeOfAnAddressIsNotAnswered(String code, String question) throws IOException {
    Files.writeString(
        compose,
        SHOP
            + """
              buyer:
                labels:
                  drawbridge.policy.pay: may connect 443 on *.stripe.com
              picky:
                labels:
                  drawbridge.policy.all: may connect on world
                  drawbridge.policy.not: may not connect 443 on *.stripe.com
                  drawbridge.policy.web: may not GET / on www.shop.example port 80
            """);
    Typed typed = ask(question);
    assertEquals(Integer.parseInt(code), typed.exit(), typed.out() + typed.err());
    if (code.equals("2")) {
      assertEquals("", typed.out());
      assertTrue(typed.err().contains("name"), typed.err());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "2, careful world 443",
    "2, careful world GET / --port 80",
    "0, careful world 25",
    "1, careful world 22",
    "0, careful 1.1.1.1 443",
    "1, careful 10.1.2.3 443",
    "0, guest world 443",
  })
  void whatIsForbiddenInAPartOfTheWorldIsNotAllowedToAll(String code, String question)
      throws IOException {
    Files.writeString(
        compose,
        SHOP
            + """
              careful:
                labels:
                  drawbridge.policy.all: may connect 25,443 on world
                  drawbridge.policy.web: may GET /** on world port 80
                  drawbridge.policy.not: may not connect 443 on 10.0.0.0/8
                  drawbridge.policy.get: may not GET / on 192.0.2.0/24 port 80
              guest:
                labels:
                  drawbridge.policy.all: may connect 443 on world
            """);
    Typed typed = ask(question);
    assertEquals(Integer.parseInt(code), typed.exit(), typed.out() + typed.err());
    if (code.equals("2")) {
      assertTrue(typed.err().contains("denied for some of 1"), typed.err());
    }
  }

  @Test
  void theServerNameOfATlsClientIsShown() {
    Typed typed = ask("api db 8443 --sni db.example");
    assertTrue(typed.out().startsWith("DENY   api -> db  8443 tls db.example  "), typed.out());
    assertEquals(2, ask("api db GET /users --sni db.internal").exit());
    assertEquals(2, ask("api db 8443 --sni 10.0.0.7").exit());
  }

  @Test
  void explanationNamesRuleNearMissAndTheLabelThatWouldAllow() {
    Typed typed = ask("api db POST /users", "--explain");
    assertEquals(1, typed.exit());
    String[] lines = typed.out().split("\n", -1);
    assertTrue(lines[0].startsWith("DENY   api -> db  POST /users  no-rule: "), typed.out());
    assertTrue(typed.out().contains("\n       out of shop-api-1: allow, open: "), typed.out());
    assertTrue(typed.out().contains("\n       into database: deny, no-rule: "), typed.out());
    assertTrue(
        typed
            .out()
            .contains(
                "nearly: drawbridge.policy.read of database: \"app=api may GET /users\": it is about GET\n"),
        typed.out());
    assertTrue(
        typed.out().contains("would allow it, as a label of database: drawbridge.policy.allow: "),
        typed.out());
  }

  @Test
  void theLabelThatIsAdvisedDoesAllow() throws IOException {
    JsonObject label =
        JsonParser.parseString(ask("api db POST /users", "--explain", "-o", "json").out())
            .getAsJsonObject()
            .getAsJsonObject("explanation")
            .getAsJsonArray("labels")
            .get(0)
            .getAsJsonObject();
    String line = label.get("key").getAsString() + ": " + label.get("value").getAsString();
    Files.writeString(
        compose, SHOP.replace("      app: db\n", "      app: db\n      " + line + "\n"));
    assertEquals(0, ask("api db POST /users").exit(), line);
  }

  @Test
  void hostPolicyOutranksLabelsAndNamesFileAndLine() throws IOException {
    Path policy =
        Files.writeString(
            directory.resolve("10-all.policy"), "# none\nanyone may not GET /users on app=db\n");
    Typed typed = ask("api db GET /users", "--policy", policy.toString());
    assertEquals(1, typed.exit(), typed.err());
    assertTrue(typed.out().contains("10-all.policy:2: \"anyone may not GET"), typed.out());
  }

  @Test
  void defaultDenyClosesWhatNoRuleSelects() {
    assertEquals(0, ask("db api 80").exit());
    assertEquals(1, ask("db api 80", "--default-deny").exit());
  }

  @Test
  void auditModeAllowsAndSaysWhatEnforceWouldDo() {
    Typed typed = ask("web cache 6380");
    assertEquals(1, typed.exit(), "web's own side is closed and enforced");
    Typed audited = ask("db cache 6380");
    assertEquals(0, audited.exit(), audited.out());
    assertTrue(audited.out().contains("audit mode"), audited.out());
  }

  @Test
  void jsonIsTheShapeOfTheApi() {
    JsonObject report =
        JsonParser.parseString(ask("api db GET /users", "-o", "json").out()).getAsJsonObject();
    assertEquals("allow", report.get("verdict").getAsString());
    assertEquals(
        "drawbridge.policy.read", report.getAsJsonObject("rule").get("origin").getAsString());
    assertTrue(report.get("explanation").isJsonNull());
  }

  @Test
  void composeFileMayComeFromStandardInput() {
    Typed typed =
        Typed.run(
            Map.of(),
            SHOP,
            new String[] {"verdict", "api", "db", "GET", "/users", "--compose", "-"});
    assertEquals(0, typed.exit(), typed.err());
  }

  @Test
  void questionsThatNobodyCanAnswerAreTwo() throws IOException {
    Typed unknown = ask("apy db GET /users");
    assertEquals(2, unknown.exit());
    assertTrue(unknown.err().contains("one of web, api, db, cache"), unknown.err());
    assertEquals(2, ask("api db").exit());
    assertEquals(2, ask("api db GET users").exit());
    assertEquals(2, ask("api db 80", "--policy", directory.resolve("none").toString()).exit());
    assertEquals(2, Typed.run("verdict", "api", "db", "80", "--policy", "x.policy").exit());
    assertEquals(2, Typed.run("verdict", "api", "db", "80", "--compose", "/nowhere.yaml").exit());
  }

  @Test
  void filesWithErrorsHaveNoVerdictAndTheErrorsAreNamed() throws IOException {
    Files.writeString(compose, SHOP.replace("app=api may GET", "app=api mya GET"));
    Typed typed = ask("api db GET /users");
    assertEquals(2, typed.exit());
    assertTrue(
        typed.err().contains("compose.yaml:15:") && typed.err().contains("DB0"), typed.err());
    assertFalse(typed.err().contains("\tat "), typed.err());
    Path policy = Files.writeString(directory.resolve("a.policy"), "nonsense\n");
    write();
    Typed host = ask("api db GET /users", "--policy", policy.toString());
    assertEquals(2, host.exit());
    assertTrue(host.err().contains("a.policy:1"), host.err());
  }

  @Test
  void labelsOfSeveralServicesWithDifferentAnswersAreAskedFor() {
    Typed typed = ask("com.docker.compose.project=shop db GET /users");
    assertEquals(2, typed.exit(), typed.out());
    assertTrue(typed.err().contains("but"), typed.err());
  }

  static List<String> rows() throws IOException {
    String spec = Files.readString(Path.of("../labels-spec/SPEC.md"));
    int start = spec.indexOf("```verdicts\n") + "```verdicts\n".length();
    return spec.substring(start, spec.indexOf("```", start)).lines().toList();
  }

  /** The table of rule and request in the specification, asked of a compose file. */
  @ParameterizedTest
  @MethodSource("rows")
  void saysWhatTheWireDoes(String row) throws IOException {
    String[] parts = row.split(" \\| ", -1);
    StringBuilder file = new StringBuilder("services:\n  api: {}\n  db:\n    labels:\n");
    int n = 0;
    for (String rule : parts[0].split(" ; ", -1)) {
      file.append("      drawbridge.policy.r").append(n++).append(": ").append(rule).append('\n');
    }
    Files.writeString(compose, file);
    String[] words = parts[1].split(" ", -1);
    List<String> more = new ArrayList<>(List.of("-o", "json"));
    for (int i = 2; i < words.length; i++) {
      more.addAll(List.of("--header", words[i].replace("trailer:", "")));
    }
    Typed typed = ask("api db " + words[0] + " " + words[1], more.toArray(String[]::new));
    JsonObject report = JsonParser.parseString(typed.out()).getAsJsonObject();
    assertEquals(
        parts[2], report.get("verdict").getAsString() + " " + report.get("reason").getAsString());
    assertEquals(parts[2].startsWith("allow") ? 0 : 1, typed.exit());
  }

  @Test
  void callsAreAskedAboutAsInASentence() throws IOException {
    Files.writeString(
        compose,
        """
        services:
          web: {}
          cart:
            labels:
              drawbridge.policy: service:web may call shop.Cart/Get
        """);
    assertEquals(0, ask("web cart call shop.Cart/Get").exit());
    assertEquals(0, ask("web cart call /shop.Cart/Get").exit());
    assertEquals(1, ask("web cart call shop.Cart/Put").exit());
    assertEquals(1, ask("web cart POST /shop.Cart/Get").exit(), "not a call");
  }

  @Test
  void servicesAreNamedByProjectAndNeverImagined() {
    assertEquals(1, ask("service:shop/cache service:shop/db 5432").exit());
    assertEquals(0, ask("service:shop/api service:shop/db 5432").exit());
    Typed typed = ask("service:home/api service:shop/db 5432");
    assertEquals(2, typed.exit(), typed.out());
    assertTrue(typed.err().contains("did you mean service:shop/api?"), typed.err());
  }

  /** DB0510: a file alone does not say whose connections at a common address are whose. */
  @Test
  void aGuestInAnothersNetworkIsNotAnsweredOffline() throws IOException {
    Files.writeString(
        compose,
        """
        services:
          api: {}
          vpn: {}
          guest:
            network_mode: service:vpn
            labels:
              drawbridge.policy.a: service:api may GET /users
              drawbridge.policy.b: service:api may connect 5432
          closed:
            labels:
              drawbridge.policy: nobody may connect
          tenant:
            network_mode: service:closed
        """);
    Typed typed = ask("api guest GET /users");
    assertEquals(2, typed.exit(), typed.out());
    assertTrue(typed.err().contains("shares the network of the service vpn"), typed.err());
    assertEquals(2, ask("api tenant 80").exit());
  }
}
