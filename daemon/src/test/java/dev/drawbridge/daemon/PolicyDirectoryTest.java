package dev.drawbridge.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PolicyDirectoryTest {

  private static final String GOOD = "# who may read\napp=api may GET /users on app=db\n";

  @TempDir Path directory;
  private PolicyDirectory files;

  @BeforeEach
  void open() {
    files = new PolicyDirectory(directory);
  }

  @Test
  void aMissingDirectoryIsNoPolicy() {
    PolicyDirectory absent = new PolicyDirectory(directory.resolve("absent"));
    assertFalse(absent.refresh());
    assertEquals(0, absent.policy().rules().size());
    assertEquals(0, absent.unreadable().size());
  }

  @Test
  void seesAChangeOnce() throws IOException {
    Files.writeString(directory.resolve("a.policy"), GOOD);
    assertTrue(files.refresh());
    assertFalse(files.refresh());
    assertEquals(1, files.policy().rules().size());
  }

  @Test
  void readsOnlyPolicyFiles() throws IOException {
    Files.writeString(directory.resolve("a.policy.bak"), GOOD);
    files.refresh();
    assertEquals(0, files.policy().rules().size());
  }

  @Test
  void keepsTheLastGoodContentOfAFileThatBreaks() throws IOException {
    Files.writeString(directory.resolve("a.policy"), GOOD);
    files.refresh();
    Files.writeString(directory.resolve("a.policy"), "app=api mya GET /users on app=db\n");
    assertTrue(files.refresh());
    assertEquals(1, files.policy().rules().size());
    assertFalse(files.problems().isEmpty());
  }

  @Test
  void aFileThatWasNeverGoodContributesNothing() throws IOException {
    Files.writeString(directory.resolve("a.policy"), "nonsense");
    files.refresh();
    assertEquals(0, files.policy().rules().size());
    assertFalse(files.problems().isEmpty());
  }

  @Test
  void aRemovedFileIsOutOfForce() throws IOException {
    Path file = Files.writeString(directory.resolve("a.policy"), GOOD);
    files.refresh();
    Files.delete(file);
    assertTrue(files.refresh());
    assertEquals(0, files.policy().rules().size());
  }

  @Test
  void bytesThatAreNoTextAreSaidAndKeepTheLastGoodContent() throws IOException {
    Path file = Files.writeString(directory.resolve("a.policy"), GOOD);
    files.refresh();
    Files.write(file, new byte[] {(byte) 0xc3, (byte) 0x28});
    files.refresh();
    assertEquals(1, files.policy().rules().size());
    assertTrue(files.unreadable().getFirst().contains("a.policy"));
  }
}
