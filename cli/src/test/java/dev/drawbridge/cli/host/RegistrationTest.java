package dev.drawbridge.cli.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.cli.Typed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RegistrationTest {
  @TempDir Path directory;
  private Path runtime = Path.of("unset");
  private Path root = Path.of("unset");

  @BeforeEach
  void build() throws IOException {
    Path built = Files.createDirectory(directory.resolve("built"));
    for (String program : new String[] {"drawbridge-runc", "drawbridge-hook"}) {
      Path file = Files.writeString(built.resolve(program), "#!/bin/sh\n");
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
    runtime = built.resolve("drawbridge-runc");
    root = Files.createDirectory(directory.resolve("root"));
  }

  private Typed install(String... more) {
    return Typed.run(
        Stream.concat(
                Stream.of("install", "--runtime", runtime.toString(), "--root", root.toString()),
                Stream.of(more))
            .toArray(String[]::new));
  }

  @Test
  void dryRunShowsThePlanAndChangesNothing() throws IOException {
    Typed typed = install("--dry-run");
    assertEquals(0, typed.exit(), typed.err());
    assertTrue(typed.out().contains("daemon.json"), typed.out());
    try (Stream<Path> files = Files.list(root)) {
      assertEquals(0, files.count());
    }
  }

  @Test
  void installRegistersOnceAndUninstallTakesItBack() throws IOException {
    Typed typed = install();
    assertEquals(0, typed.exit(), typed.err());
    Path daemonJson = root.resolve("etc/docker/daemon.json");
    assertTrue(Files.readString(daemonJson).contains("\"drawbridge\""));
    assertTrue(install().out().contains("nothing to do"), install().out());
    Typed removed = Typed.run("uninstall", "--root", root.toString());
    assertEquals(0, removed.exit(), removed.err());
    assertFalse(
        Files.exists(daemonJson) && Files.readString(daemonJson).contains("\"drawbridge\""));
  }

  @Test
  void brokenDaemonJsonIsAConflictAndLeftAlone() throws IOException {
    Path daemonJson = root.resolve("etc/docker/daemon.json");
    Files.createDirectories(daemonJson.resolveSibling("."));
    Files.writeString(daemonJson, "{ broken");
    Typed typed = install();
    assertEquals(1, typed.exit());
    assertTrue(typed.err().contains("nothing was changed"), typed.err());
    assertEquals("{ broken", Files.readString(daemonJson));
  }

  @Test
  void programThatIsNotThereIsToldByName() {
    Typed typed =
        Typed.run(
            "install",
            "--runtime",
            directory.resolve("none").toString(),
            "--root",
            root.toString());
    assertEquals(2, typed.exit());
    assertTrue(typed.err().contains("none"), typed.err());
  }
}
