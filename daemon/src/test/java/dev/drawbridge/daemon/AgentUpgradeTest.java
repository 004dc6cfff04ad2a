package dev.drawbridge.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.bpf.BpfMap;
import dev.drawbridge.bpf.linux.Cgroups;
import dev.drawbridge.bpf.linux.Supervisor;
import dev.drawbridge.daemon.config.Config;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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

  private void pinMap(String name, String type, int key, int value) throws Exception {
    Path map = bpffs.resolve("drawbridge/maps").resolve(name);
    Files.createDirectories(map.getParent());
    assertEquals(
        "",
        run(
            "bpftool",
            "map",
            "create",
            map.toString(),
            "type",
            type,
            "key",
            Integer.toString(key),
            "value",
            Integer.toString(value),
            "entries",
            "1",
            "name",
            name));
  }

  private Path configuration(String runDir, String more) throws IOException {
    Path config = directory.resolve(runDir + ".json");
    Files.writeString(
        config,
        """
        {"runDir":"%1$s/%3$s","stateDir":"%1$s/state","bpffs":"%2$s","apiTcp":"","dockerSocket":"",
         "dataRoot":"","cgroup":"drawbridge-upgrade-test"%4$s}
        """
            .formatted(directory, bpffs, runDir, more));
    return config;
  }

  private static String said(Path config) {
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    int exit =
        Agent.run(
            new String[] {"--config", config.toString()},
            false,
            new PrintStream(said, true, StandardCharsets.UTF_8));
    String sentence = said.toString(StandardCharsets.UTF_8);
    assertEquals(1, exit, sentence);
    assertEquals(1, sentence.lines().count(), sentence);
    return sentence;
  }

  @Test
  void whatConnectionsDependOnIsLeftInForceAndTheRemedyIsSaid() throws Exception {
    pinMap("sockets", "hash", 4, 24);
    Path map = bpffs.resolve("drawbridge/maps/sockets");
    String before = run("bpftool", "map", "show", "pinned", map.toString());

    String sentence = said(configuration("run", ""));

    assertTrue(sentence.contains(map.toString()), sentence);
    assertTrue(sentence.contains("goes on enforcing"), sentence);
    assertTrue(sentence.contains("drawbridge down"), sentence);
    assertEquals(before, run("bpftool", "map", "show", "pinned", map.toString()));
    try (var maps = Files.list(map.getParent())) {
      assertEquals(List.of(map), maps.toList(), "nothing was pinned beside it");
    }
  }

  /** An agent in this process; afterwards the process is where it was. */
  private void running(Path config, Task task) throws Exception {
    Path before = Cgroups.ofPid((int) ProcessHandle.current().pid());
    Agent agent =
        new Agent(Config.load(config), () -> Optional.of(config), Supervisor.of(Map.of()));
    try {
      agent.start();
      task.run();
    } finally {
      agent.close();
      Cgroups.enter(before);
      boolean _ = Cgroups.remove(Cgroups.cgroup2Mount().resolve("drawbridge-upgrade-test"));
    }
  }

  @FunctionalInterface
  private interface Task {
    void run() throws Exception;
  }

  @Test
  void anotherLayoutOfAPolicyMapIsExchangedAndTheGenerationGoesOn() throws Exception {
    pinMap("config", "array", 4, 24);
    Path map = bpffs.resolve("drawbridge/maps/config");
    assertEquals(
        "",
        run(
            ("bpftool map update pinned " + map + " key 0 0 0 0 value 41" + " 0".repeat(23))
                .split(" ")));

    running(
        configuration("run", ""),
        () -> {
          try (BpfMap pinned = BpfMap.openPinned(map)) {
            assertEquals(dev.drawbridge.bpf.abi.Config.SIZE, pinned.valueSize());
            long generation =
                dev.drawbridge.bpf.abi.Config.decode(pinned.lookup(new byte[4]).orElseThrow())
                    .generation();
            assertTrue(generation > 41, "generation " + generation);
          }
        });
  }

  @Test
  void aLimitChangesThePinnedMapAndKeepsItsEntries() throws Exception {
    Path pin = bpffs.resolve("drawbridge/maps/pairs");
    running(configuration("run", ""), () -> assertEquals(262_144, entries(pin)));

    running(
        configuration("run", ",\"limits\":{\"pairs\":1024}"),
        () -> assertEquals(1_024, entries(pin)));
  }

  private static int entries(Path pin) {
    try (BpfMap map = BpfMap.openPinned(pin)) {
      return map.maxEntries();
    }
  }

  @Test
  void twoAgentsNeverWorkAtOnceWhicheverRunDirectoryTheSecondHas() throws Exception {
    Path first = configuration("run", "");
    running(
        first,
        () -> {
          String sameRun = said(first);
          assertTrue(sameRun.contains("another agent holds"), sameRun);

          String samePins = said(configuration("elsewhere", ""));
          assertTrue(samePins.contains("works with the pins in " + bpffs), samePins);
          assertTrue(samePins.contains("process " + ProcessHandle.current().pid()), samePins);
        });
    running(first, () -> {});
  }

  @Test
  void whatADeadAgentLeftIsTakenOver() throws Exception {
    Files.createDirectories(bpffs.resolve("drawbridge"));
    Files.createSymbolicLink(bpffs.resolve("drawbridge/owner"), Path.of("1-1"));

    running(configuration("run", ""), () -> {});

    assertFalse(Files.exists(bpffs.resolve("drawbridge/owner"), LinkOption.NOFOLLOW_LINKS));
  }
}
