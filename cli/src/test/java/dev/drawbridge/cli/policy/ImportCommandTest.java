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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImportCommandTest {
  private static final String DATABASE =
      """
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata:
        name: db
      spec:
        podSelector:
          matchLabels:
            app: db
        ingress:
        - from:
          - podSelector:
              matchLabels:
                app: api
          ports:
          - port: 5432
      """;

  @TempDir Path directory;

  private Path file(String text) throws IOException {
    return Files.writeString(directory.resolve("policy.yaml"), text);
  }

  @Test
  void sentencesAreAHostPolicyThatLintAccepts() throws IOException {
    Typed typed = Typed.run("import", file(DATABASE).toString());
    assertEquals(0, typed.exit(), typed.err());
    assertEquals("", typed.err());
    assertTrue(typed.out().contains("may connect 5432"), typed.out());
    Path policy = Files.writeString(directory.resolve("50.policy"), typed.out());
    Typed linted = Typed.run("lint", policy.toString());
    assertEquals(0, linted.exit(), linted.out());
  }

  @Test
  void standardInputIsReadForADash() {
    Typed typed = Typed.run(Map.of(), DATABASE, new String[] {"import", "-"});
    assertEquals(0, typed.exit(), typed.err());
    assertTrue(typed.out().contains("5432"), typed.out());
  }

  @Test
  void whatCannotBeExpressedIsOneWithFileAndLineOnStandardError() throws IOException {
    Typed typed =
        Typed.run("import", file(DATABASE.replace("port: 5432", "prot: 5432")).toString());
    assertEquals(1, typed.exit(), typed.out());
    assertTrue(typed.err().contains("policy.yaml:15:"), typed.err());
    assertFalse(typed.out().contains("prot"), typed.out());
  }

  @Test
  void jsonHoldsSentencesAndFindings() throws IOException {
    Typed typed =
        Typed.run(
            "import", file(DATABASE.replace("port: 5432", "prot: 5432")).toString(), "-o", "json");
    assertEquals(1, typed.exit());
    assertEquals("", typed.err());
    JsonObject result = JsonParser.parseString(typed.out()).getAsJsonObject();
    assertTrue(result.get("sentences").isJsonArray());
    assertEquals(
        15, result.getAsJsonArray("findings").get(0).getAsJsonObject().get("line").getAsInt());
  }

  @Test
  void unreadableFilesAreTwo() throws IOException {
    assertEquals(2, Typed.run("import", directory.resolve("none.yaml").toString()).exit());
    Path binary = Files.write(directory.resolve("b.yaml"), new byte[] {(byte) 0xff, 0});
    assertEquals(2, Typed.run("import", binary.toString()).exit());
    assertEquals(2, Typed.run("import").exit());
  }

  @Test
  void whatIsNoPolicyIsNeverZero() throws IOException {
    for (String text : new String[] {"", "{", "a: b", "- 1", "kind: NetworkPolicyy", "\u0000"}) {
      Typed typed = Typed.run("import", file(text).toString());
      assertEquals(1, typed.exit(), text + typed.out());
      assertTrue(typed.err().contains("policy.yaml:"), text + typed.err());
    }
  }
}
