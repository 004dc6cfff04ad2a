package dev.drawbridge.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class MainTest {

  @TempDir Path directory;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  private int check(String text) throws IOException {
    Path file = Files.writeString(directory.resolve("drawbridge.yaml"), text);
    return run("--check-config", "--config", file.toString());
  }

  private int run(String... arguments) {
    out.reset();
    err.reset();
    return Main.run(
        arguments,
        new PrintStream(out, true, StandardCharsets.UTF_8),
        new PrintStream(err, true, StandardCharsets.UTF_8));
  }

  private static String text(ByteArrayOutputStream said) {
    return said.toString(StandardCharsets.UTF_8);
  }

  @Test
  void aFileThatCanBeUsedIsSaidToBe() throws Exception {
    assertEquals(0, check("defaultDeny: true\napiGroup: root\napiTcp: '[::1]:9807'\n"), text(err));
    assertTrue(text(out).endsWith("drawbridge.yaml can be used\n"), text(out));
    assertEquals("", text(err));
  }

  @Test
  void aFileThatCannotIsSaidWhyInOneSentence() throws Exception {
    assertEquals(2, check("defaultDeny: 1\n"));
    assertTrue(text(err).contains("drawbridge.yaml:1:14, key \"defaultDeny\""), text(err));
    assertEquals(1, text(err).lines().count());
    assertEquals("", text(out));
  }

  /** What the host must have for a value to be right. */
  @Test
  void aGroupThatIsNotThereAndAnAddressThatIsNoneAreFound() throws Exception {
    assertEquals(2, check("apiGroup: no-such-group\n"));
    assertTrue(text(err).contains("there is no group \"no-such-group\""), text(err));
    assertEquals(2, check("apiTcp: localhost:9807\n"));
    assertTrue(text(err).contains("expected ADDRESS:PORT such as 127.0.0.1:9807"), text(err));
    assertEquals(2, check("apiTcp: 0.0.0.0:9807\n"));
    assertTrue(text(err).contains("listens on loopback only, not on /0.0.0.0:9807"), text(err));
    assertEquals(2, check("apiGroup: \"a\\nb\"\n"));
    assertEquals(1, text(err).lines().count(), text(err));
  }

  @Test
  void badArgumentsAreToldHow() {
    assertEquals(2, run("--check-config", "--konfig", "x"));
    assertTrue(text(err).contains("usage: drawbridge-agent"), text(err));
    assertEquals(2, run("--config"));
  }

  @Test
  void nothingIsTakenOffWhileAnAgentWorksWithIt() throws Exception {
    Path pins = Files.createDirectories(directory.resolve("drawbridge"));
    Path file =
        Files.writeString(
            directory.resolve("agent.yaml"),
            "bpffs: '" + directory + "'\n",
            StandardCharsets.UTF_8);
    try (AgentLock _ = AgentLock.take(directory.resolve("lock"), pins)) {
      assertEquals(1, run("--detach", "--config", file.toString()));
      assertTrue(text(err).contains("process " + ProcessHandle.current().pid()), text(err));
      assertTrue(Files.isDirectory(pins));
    }
    assertEquals(0, run("--detach", "--config", file.toString()), text(err));
    assertEquals("detached: 1 pins removed\n", text(out));
    assertTrue(Files.notExists(pins));
    assertEquals(0, run("--detach", "--config", file.toString()), text(err));
    assertEquals("nothing is attached\n", text(out));
  }
}
