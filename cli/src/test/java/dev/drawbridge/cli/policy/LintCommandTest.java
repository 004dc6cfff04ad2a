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
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LintCommandTest {
  private static final String GOOD =
      """
      services:
        db:
          image: db
          labels:
            app: db
            drawbridge.policy.read: app=api may GET /users
            drawbridge.mode: enforce
        api:
          labels:
            - app=api
            - drawbridge.policy.out=may GET /users on app=db
        plain:
          image: x
      """;

  @TempDir Path directory;

  private Path compose(String text) throws IOException {
    return Files.writeString(directory.resolve("compose.yaml"), text);
  }

  private Typed lint(String text, String... more) throws IOException {
    String[] arguments = new String[more.length + 2];
    arguments[0] = "lint";
    arguments[1] = compose(text).toString();
    System.arraycopy(more, 0, arguments, 2, more.length);
    return Typed.run(arguments);
  }

  @Test
  void cleanFileIsZeroAndSaysSo() throws IOException {
    Typed typed = lint(GOOD);
    assertEquals(0, typed.exit(), typed.out() + typed.err());
    assertTrue(typed.out().startsWith("no problems in "), typed.out());
  }

  @Test
  void mistakeIsOneWithFileLineServiceColumnAndCaret() throws IOException {
    Typed typed = lint(GOOD.replace("app=api may GET /users", "app=api mya GET /users"));
    assertEquals(1, typed.exit(), typed.err());
    assertTrue(
        typed.out().contains("compose.yaml:6:39: error DB0103 db drawbridge.policy.read: "),
        typed.out());
    assertTrue(
        typed.out().contains("drawbridge.policy.read") && typed.out().contains("^"), typed.out());
  }

  @Test
  void mistakeInAListOfLabelsHasItsLine() throws IOException {
    Typed typed = lint(GOOD.replace("out=may GET", "out=may GTE"));
    assertTrue(typed.exit() == 1 || typed.exit() == 0, typed.err());
    Typed broken = lint(GOOD.replace("out=may GET /users", "out=may GET users"));
    assertEquals(1, broken.exit(), broken.out());
    assertTrue(
        broken.out().contains("compose.yaml:11:") && broken.out().contains(": error DB0107 api "),
        broken.out());
  }

  @Test
  void misspelledLabelKeyIsCaught() throws IOException {
    Typed typed = lint(GOOD.replace("drawbridge.policy.read", "drawbrige.policy.read"));
    assertTrue(typed.out().contains("drawbridge"), typed.out());
    assertFalse(typed.out().startsWith("no problems"), typed.out());
  }

  @Test
  void jsonHasOneObjectAProblem() throws IOException {
    Typed typed =
        lint(GOOD.replace("app=api may GET /users", "app=api mya GET /users"), "-o", "json");
    JsonObject problem =
        JsonParser.parseString(typed.out()).getAsJsonArray().get(0).getAsJsonObject();
    assertEquals(6, problem.get("line").getAsInt());
    assertEquals("db drawbridge.policy.read", problem.get("where").getAsString());
    assertEquals("error", problem.get("severity").getAsString());
    assertTrue(problem.get("code").getAsString().startsWith("DB"));
    assertEquals("[]\n", lint(GOOD, "--json").out());
  }

  @Test
  void anchorsAndMergeKeysAreFollowed() throws IOException {
    Typed typed =
        lint(
            """
            x-common: &common
              drawbridge.policy.a: app=api mya GET /x
            services:
              a:
                labels:
                  <<: *common
                  app: a
              b:
                labels:
                  <<: [*common]
            """);
    assertEquals(1, typed.exit(), typed.err());
    assertEquals(
        2, typed.out().lines().filter(l -> l.contains("compose.yaml:2:")).count(), typed.out());
  }

  @Test
  void hostPolicyFilesAreReadByName() throws IOException {
    Path good =
        Files.writeString(
            directory.resolve("10-a.policy"), "# a comment\napp=api may GET /users on app=db\n");
    assertEquals(
        0, Typed.run("lint", good.toString()).exit(), Typed.run("lint", good.toString()).out());
    Path bad =
        Files.writeString(
            directory.resolve("20-b.policy"), "# a comment\napp=api mya GET /users on app=db\n");
    Typed typed = Typed.run("lint", good.toString(), bad.toString());
    assertEquals(1, typed.exit());
    assertTrue(typed.out().contains("20-b.policy:2"), typed.out());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "# nothing",
        "services",
        "[]",
        "a: 1",
        "services: [a]",
        "services: a",
        "services:\n  db: text",
        "services:\n  db:\n    labels: text",
        "services:\n  db:\n    labels:\n      - [a]",
        "services:\n  db:\n    labels:\n      a: [b]",
        "services:\n  db:\n    labels:\n      ? [x]\n      : y",
        "services: {a: {labels: {x: 1, x: 2}}}",
        "services:\n\tdb: 1",
        "services: {",
        "services: *nowhere",
        "services: &s\n  <<: *s",
        "--- a\n--- b",
        "services: !!binary x\n",
        "\u0000"
      })
  void whatIsNoComposeFileIsAnErrorAtAPlace(String text) throws IOException {
    Typed typed = lint(text);
    assertEquals(1, typed.exit(), typed.out() + typed.err());
    assertTrue(typed.out().contains("compose.yaml:") && typed.out().contains("DB03"), typed.out());
  }

  @Test
  void missingAndBinaryFilesAreTwoAndTheOthersAreStillChecked() throws IOException {
    Path binary =
        Files.write(directory.resolve("binary.yaml"), new byte[] {(byte) 0xff, (byte) 0xfe, 0});
    Typed typed =
        Typed.run(
            "lint",
            directory.resolve("none.yaml").toString(),
            binary.toString(),
            compose(GOOD.replace("may GET /users\n", "mya GET\n")).toString());
    assertEquals(2, typed.exit());
    assertTrue(
        typed.err().contains("there is no such file") && typed.err().contains("not UTF-8"),
        typed.err());
    assertTrue(typed.out().contains(" db drawbridge.policy.read: "), typed.out());
  }

  @Test
  void warningsAreZeroUnlessStrict() throws IOException {
    String unknown = GOOD.replace("app=api may GET", "app=nobody may GET");
    assertEquals(0, lint(unknown).exit(), lint(unknown).out());
    assertTrue(lint(unknown).out().contains("warning DB0201"), lint(unknown).out());
    assertEquals(1, lint(unknown, "--strict").exit());
    assertEquals(0, lint(GOOD, "--strict").exit(), lint(GOOD, "--strict").out());
  }

  @Test
  void standardInputIsReadForADash() {
    Typed typed =
        Typed.run(Map.of(), GOOD.replace("may GET", "mya GET"), new String[] {"lint", "-"});
    assertEquals(1, typed.exit(), typed.err());
    assertTrue(typed.out().contains("stdin:6:"), typed.out());
  }

  @Test
  void damagedFilesNeverThrow() throws IOException {
    Random random = new Random(7);
    for (int i = 0; i < 500; i++) {
      StringBuilder text = new StringBuilder(GOOD);
      for (int n = 0; n < 1 + i % 5; n++) {
        int at = random.nextInt(text.length());
        switch (random.nextInt(3)) {
          case 0 -> text.deleteCharAt(at);
          case 1 -> text.insert(at, "\t:-[{&*!|>'\"%@`\n#".charAt(random.nextInt(17)));
          default -> text.setCharAt(at, (char) (32 + random.nextInt(95)));
        }
      }
      Typed typed = lint(text.toString());
      assertFalse(typed.err().contains("\tat "), text + typed.err());
      assertTrue(typed.exit() <= 2);
    }
  }
}
