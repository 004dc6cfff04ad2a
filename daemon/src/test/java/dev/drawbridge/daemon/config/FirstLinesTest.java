package dev.drawbridge.daemon.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FirstLinesTest {

  @TempDir private Path directory;

  /** As many lines as a namespace's owner likes; counts what somebody takes of them. */
  private static final class Generated extends Reader {
    private final long lines;
    private final String line;
    private long taken;

    Generated(long lines, String line) {
      this.lines = lines;
      this.line = line + "\n";
    }

    @Override
    public int read(char[] into, int offset, int length) {
      long left = lines * line.length() - taken;
      if (left <= 0) {
        return -1;
      }
      int count = (int) Math.min(left, length);
      for (int i = 0; i < count; i++) {
        into[offset + i] = line.charAt((int) ((taken + i) % line.length()));
      }
      taken += count;
      return count;
    }

    @Override
    public void close() {}
  }

  @Test
  void ofHundredsOfThousandsOfLinesNoMoreIsTakenThanIsAskedFor() throws IOException {
    String route = "eth0\t0000000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0";
    Generated many = new Generated(400_000, route);
    FirstLines read = FirstLines.of(many, 100);
    assertEquals(100, read.lines().size());
    assertEquals(route, read.lines().getLast());
    assertTrue(read.more());
    assertTrue(many.taken < 64 * 1024, () -> many.taken + " characters were read");
  }

  @Test
  void saysWhetherThereIsMore() throws IOException {
    Path file = directory.resolve("route");
    Files.writeString(file, "a\nb\n");
    assertEquals(new FirstLines(List.of("a", "b"), false), FirstLines.of(file, 2));
    assertEquals(new FirstLines(List.of("a"), true), FirstLines.of(file, 1));
    assertEquals(new FirstLines(List.of(), false), FirstLines.ofAny(directory.resolve("none"), 1));
  }

  /** What reads a namespace's files of proc reads their first lines. */
  @Test
  void nobodyReadsAFileOfANamespaceWhole() throws IOException {
    Path sources = Path.of("src/main/java/dev/drawbridge/daemon").toAbsolutePath();
    for (String name : List.of("network/OwnSources", "host/ProcessAddresses")) {
      String text = Files.readString(sources.resolve(name + ".java"));
      for (String whole : Arrays.asList("readAllLines", "readString", "NetworkInterface")) {
        assertFalse(text.contains(whole), () -> name + " has " + whole);
      }
    }
  }
}
