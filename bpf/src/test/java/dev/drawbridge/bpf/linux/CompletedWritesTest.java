package dev.drawbridge.bpf.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.drawbridge.bpf.failure.BpfException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CompletedWritesTest {
  @TempDir Path directory;
  private final BlockingQueue<Set<String>> seen = new LinkedBlockingQueue<>();

  private Set<String> next() throws InterruptedException {
    Set<String> names = seen.poll(10, TimeUnit.SECONDS);
    return names == null ? Set.of("nothing came") : names;
  }

  @Test
  void aFileIsNamedWhenItsWriterClosesItAndNotBefore() throws Exception {
    try (CompletedWrites _ = new CompletedWrites(directory, seen::add)) {
      try (OutputStream out = Files.newOutputStream(directory.resolve("a"))) {
        out.write(1);
        out.flush();
        assertNull(seen.poll());
      }
      assertEquals(Set.of("a"), next());
    }
  }

  @Test
  void aFileIsNamedWhenItIsRenamedIntoPlace() throws Exception {
    Path outside = Files.createDirectory(directory.resolve("outside"));
    Path inside = Files.createDirectory(directory.resolve("inside"));
    Files.writeString(outside.resolve("fresh"), "x");
    try (CompletedWrites _ = new CompletedWrites(inside, seen::add)) {
      Files.move(outside.resolve("fresh"), inside.resolve("b"), StandardCopyOption.ATOMIC_MOVE);
      assertEquals(Set.of("b"), next());
    }
  }

  @Test
  void aRemovedFileIsNotNamed() throws Exception {
    Path file = Files.writeString(directory.resolve("a"), "x");
    try (CompletedWrites _ = new CompletedWrites(directory, seen::add)) {
      Files.delete(file);
      Files.writeString(directory.resolve("b"), "x");
      assertEquals(Set.of("b"), next());
    }
  }

  @Test
  void theWatchEndsWithItsDirectory() throws Exception {
    Path gone = Files.createDirectory(directory.resolve("gone"));
    try (CompletedWrites watch = new CompletedWrites(gone, seen::add)) {
      Files.delete(gone);
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
      while (watch.watching() && System.nanoTime() < deadline) {
        Thread.onSpinWait();
      }
      assertFalse(watch.watching());
    }
  }

  @Test
  void closingTwiceIsHarmlessAndNothingIsNamedAfterwards() throws IOException {
    CompletedWrites watch = new CompletedWrites(directory, seen::add);
    watch.close();
    watch.close();
    Files.writeString(directory.resolve("late"), "x");
    assertNull(seen.poll());
  }

  @Test
  void aMissingDirectoryOrAFileCannotBeWatched() throws IOException {
    BpfException none =
        assertThrows(
            BpfException.class, () -> new CompletedWrites(directory.resolve("none"), seen::add));
    assertEquals(Optional.of("ENOENT"), none.errno());
    Path file = Files.writeString(directory.resolve("file"), "x");
    BpfException notOne =
        assertThrows(BpfException.class, () -> new CompletedWrites(file, seen::add));
    assertEquals(Optional.of("ENOTDIR"), notOne.errno());
  }
}
