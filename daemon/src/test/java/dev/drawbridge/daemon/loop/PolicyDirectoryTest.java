package dev.drawbridge.daemon.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PolicyDirectoryTest {

  private static final String GOOD = "# who may read\napp=api may GET /users on app=db\n";

  @TempDir Path directory;
  @TempDir Path kept;
  private PolicyDirectory files;

  @BeforeEach
  void open() {
    files = new PolicyDirectory(directory, kept);
  }

  /** Two looks that agree. True if either says that something changed. */
  private boolean settle() {
    boolean first = files.refresh();
    return files.refresh() || first;
  }

  @Test
  void aMissingDirectoryIsNoPolicy() {
    PolicyDirectory absent = new PolicyDirectory(directory.resolve("absent"), kept);
    absent.refresh();
    assertFalse(absent.refresh());
    assertEquals(0, absent.policy().rules().size());
    assertEquals(0, absent.unreadable().size());
  }

  @Test
  void seesAChangeOnce() throws IOException {
    Files.writeString(directory.resolve("a.policy"), GOOD);
    assertTrue(settle());
    assertFalse(files.refresh());
    assertEquals(1, files.policy().rules().size());
  }

  @Test
  void readsOnlyPolicyFiles() throws IOException {
    Files.writeString(directory.resolve("a.policy.bak"), GOOD);
    settle();
    assertEquals(0, files.policy().rules().size());
  }

  @Test
  void keepsTheLastGoodContentOfAFileThatBreaks() throws IOException {
    Files.writeString(directory.resolve("a.policy"), GOOD);
    settle();
    Files.writeString(directory.resolve("a.policy"), "app=api mya GET /users on app=db\n");
    assertTrue(settle());
    assertEquals(1, files.policy().rules().size());
    assertFalse(files.problems().isEmpty());
  }

  @Test
  void aFileThatWasNeverGoodContributesNothing() throws IOException {
    Files.writeString(directory.resolve("a.policy"), "nonsense");
    settle();
    assertEquals(0, files.policy().rules().size());
    assertFalse(files.problems().isEmpty());
  }

  @Test
  void aRemovedFileIsOutOfForce() throws IOException {
    Path file = Files.writeString(directory.resolve("a.policy"), GOOD);
    settle();
    Files.delete(file);
    assertTrue(settle());
    assertEquals(0, files.policy().rules().size());
  }

  @Test
  void bytesThatAreNoTextAreSaidAndKeepTheLastGoodContent() throws IOException {
    Path file = Files.writeString(directory.resolve("a.policy"), GOOD);
    settle();
    Files.write(file, new byte[] {(byte) 0xc3, (byte) 0x28});
    settle();
    assertEquals(1, files.policy().rules().size());
    assertTrue(files.unreadable().getFirst().contains("a.policy"));
  }

  @Test
  void takesNothingThatIsStillBeingWritten() throws IOException {
    Path file = Files.writeString(directory.resolve("a.policy"), GOOD);
    settle();
    Files.writeString(file, "");
    assertFalse(files.refresh());
    Files.writeString(file, GOOD + "anyone may not DELETE /** on app=db\n");
    assertFalse(files.refresh());
    assertEquals(1, files.policy().rules().size());
    assertTrue(files.refresh());
    assertEquals(2, files.policy().rules().size());
  }

  @Test
  void aFileThatBreaksKeepsItsLastGoodContentAcrossARestart() throws IOException {
    Files.writeString(directory.resolve("a.policy"), GOOD);
    settle();
    Files.writeString(directory.resolve("a.policy"), "nonsense");
    PolicyDirectory restarted = new PolicyDirectory(directory, kept);
    restarted.refresh();
    assertEquals(1, restarted.policy().rules().size());
    assertFalse(restarted.problems().isEmpty());
  }

  @Test
  void aRemovedFileDoesNotComeBackAfterARestart() throws IOException {
    Path file = Files.writeString(directory.resolve("a.policy"), GOOD);
    settle();
    Files.delete(file);
    settle();
    Files.writeString(file, "nonsense");
    PolicyDirectory restarted = new PolicyDirectory(directory, kept);
    restarted.refresh();
    assertEquals(0, restarted.policy().rules().size());
  }

  @Test
  void aFileThatItsWriterHasClosedCountsAtTheFirstLook() throws Exception {
    files.refresh();
    BlockingQueue<Boolean> changed = new LinkedBlockingQueue<>();
    files.watch(() -> changed.add(true));
    try {
      Files.writeString(directory.resolve("a.policy"), GOOD);
      assertNotNull(changed.poll(10, TimeUnit.SECONDS));
      assertTrue(files.takeComplete());
      assertEquals(1, files.policy().rules().size());
    } finally {
      files.close();
    }
  }

  @Test
  void aCompleteFileSettlesNoOther() throws Exception {
    Files.writeString(directory.resolve("a.policy"), GOOD);
    settle();
    BlockingQueue<Boolean> changed = new LinkedBlockingQueue<>();
    files.watch(() -> changed.add(true));
    try {
      // An editor has moved a.policy away and is about to write it anew; the clock has seen that.
      Files.delete(directory.resolve("a.policy"));
      files.refresh();
      Files.writeString(directory.resolve("b.policy"), GOOD);
      assertNotNull(changed.poll(10, TimeUnit.SECONDS));
      assertTrue(files.takeComplete());
      assertEquals(2, files.policy().rules().size());
    } finally {
      files.close();
    }
  }

  @Test
  void aFileThatIsCutOffIsNotTakenAtOnce() throws Exception {
    Files.writeString(directory.resolve("a.policy"), GOOD);
    settle();
    BlockingQueue<Boolean> changed = new LinkedBlockingQueue<>();
    files.watch(() -> changed.add(true));
    try {
      Files.writeString(directory.resolve("a.policy"), "");
      assertNotNull(changed.poll(10, TimeUnit.SECONDS));
      assertFalse(files.takeComplete());
      assertEquals(1, files.policy().rules().size());
      assertTrue(settle());
      assertEquals(0, files.policy().rules().size());
    } finally {
      files.close();
    }
  }

  @Test
  void aFileThatIsStillBeingWrittenDoesNotCountAtTheFirstLook() throws Exception {
    files.refresh();
    files.watch(() -> {});
    try (OutputStream out = Files.newOutputStream(directory.resolve("a.policy"))) {
      out.write(GOOD.getBytes(StandardCharsets.UTF_8));
      assertFalse(files.refresh());
      assertEquals(0, files.policy().rules().size());
    } finally {
      files.close();
    }
  }

  @Test
  void oneFileThatIsBeingWrittenDoesNotHoldUpAnother() throws Exception {
    files.refresh();
    Files.writeString(directory.resolve("a.policy"), GOOD);
    files.refresh();
    Files.writeString(directory.resolve("b.policy"), "app=api may GET");
    assertTrue(files.refresh());
    assertEquals(1, files.policy().rules().size());
    assertTrue(files.problems().isEmpty());
  }
}
