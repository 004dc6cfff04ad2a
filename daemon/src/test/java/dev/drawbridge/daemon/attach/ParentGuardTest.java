package dev.drawbridge.daemon.attach;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which cgroups may be guarded, on directories that look like cgroups. */
class ParentGuardTest {
  private static final String ID = "0123456789abcdef".repeat(4);

  @TempDir Path parent;

  @BeforeEach
  void noProcessesOfItsOwn() throws IOException {
    Files.writeString(parent.resolve("cgroup.procs"), "");
  }

  private void child(String name, boolean populated) throws IOException {
    Path child = Files.createDirectory(parent.resolve(name));
    Files.writeString(
        child.resolve("cgroup.events"), "populated " + (populated ? 1 : 0) + "\nfrozen 0\n");
  }

  @Test
  void parentOfContainersAloneIsGuarded() throws IOException {
    child(ID, true);
    child("docker-" + ID.replace('0', 'f') + ".scope", true);
    child("buildkit", false);
    assertEquals(Optional.empty(), ParentGuard.strangers(parent));
  }

  @Test
  void sliceWithServicesIsNot() throws IOException {
    child("docker-" + ID + ".scope", true);
    child("ssh.service", true);
    assertTrue(ParentGuard.strangers(parent).orElseThrow().contains("ssh.service"));
  }

  @Test
  void groupWithProcessesOfItsOwnIsNot() throws IOException {
    Files.writeString(parent.resolve("cgroup.procs"), "1\n");
    assertTrue(ParentGuard.strangers(parent).orElseThrow().contains("of its own"));
  }

  @Test
  void whatCannotBeLookedThroughIsNot() throws IOException {
    Files.createDirectory(parent.resolve("no-events"));
    assertTrue(ParentGuard.strangers(parent).isPresent());
    assertTrue(ParentGuard.strangers(parent.resolve("gone")).isPresent());
  }

  @Test
  void nothingOutsideTheCgroupTreeIs() {
    assertTrue(ParentGuard.strangersIn(parent).isPresent());
  }
}
