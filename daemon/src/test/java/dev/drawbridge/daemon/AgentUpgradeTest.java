package dev.drawbridge.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A version that finds the pins of another one. Needs root, bpffs and bpftool. */
@Tag("kernel")
class AgentUpgradeTest {

  @TempDir Path directory;
  private Path bpffs;

  @BeforeEach
  void mount() throws Exception {
    bpffs = Files.createDirectory(directory.resolve("bpf"));
    assertEquals("", run("mount", "-t", "bpf", "none", bpffs.toString()));
  }

  @AfterEach
  void unmount() throws Exception {
    assertEquals("", run("umount", bpffs.toString()));
  }

  private static String run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(30, TimeUnit.SECONDS), () -> List.of(command).toString());
    return text;
  }

  @Test
  void mapsOfAnotherVersionAreLeftInForceAndTheRemedyIsSaid() throws Exception {
    Path map = bpffs.resolve("drawbridge/maps/config");
    Files.createDirectories(map.getParent());
    assertEquals(
        "",
        run(
            "bpftool",
            "map",
            "create",
            map.toString(),
            "type",
            "array",
            "key",
            "4",
            "value",
            "24",
            "entries",
            "1",
            "name",
            "config"));
    String before = run("bpftool", "map", "show", "pinned", map.toString());
    Path config = directory.resolve("agent.json");
    Files.writeString(
        config,
        "{\"runDir\":\"%1$s/run\",\"stateDir\":\"%1$s/state\",\"bpffs\":\"%2$s\",\"apiTcp\":\"\"}"
            .formatted(directory, bpffs));
    ByteArrayOutputStream said = new ByteArrayOutputStream();

    int exit =
        Agent.run(
            new String[] {"--config", config.toString()},
            new PrintStream(said, true, StandardCharsets.UTF_8));

    String sentence = said.toString(StandardCharsets.UTF_8);
    assertEquals(1, exit, sentence);
    assertEquals(1, sentence.lines().count(), sentence);
    assertTrue(sentence.contains(map.toString()), sentence);
    assertTrue(sentence.contains("value size is 24, expected 8"), sentence);
    assertTrue(sentence.contains("goes on enforcing"), sentence);
    assertTrue(sentence.contains("drawbridge down"), sentence);
    assertEquals(before, run("bpftool", "map", "show", "pinned", map.toString()));
    try (var maps = Files.list(map.getParent())) {
      assertEquals(List.of(map), maps.toList(), "nothing was pinned beside it");
    }
  }
}
