package dev.drawbridge.daemon.config;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The first lines of a file of proc about a network namespace. Whoever has {@code CAP_NET_ADMIN}
 * there decides how many there are; how long one is decides the kernel.
 *
 * @param lines at most as many as were asked for
 * @param more whether there are more, which nobody has read
 */
public record FirstLines(List<String> lines, boolean more) {

  /**
   * Reads them.
   *
   * @param most how many at most
   */
  public static FirstLines of(Path file, int most) throws IOException {
    try (Reader reader = Files.newBufferedReader(file, StandardCharsets.ISO_8859_1)) {
      return of(reader, most);
    }
  }

  /** As {@link #of}, of what may not be there: a kernel without IPv6 has no file of its own. */
  public static FirstLines ofAny(Path file, int most) throws IOException {
    try {
      return of(file, most);
    } catch (NoSuchFileException e) {
      return new FirstLines(List.of(), false);
    }
  }

  static FirstLines of(Reader reader, int most) throws IOException {
    BufferedReader in = new BufferedReader(reader);
    List<String> lines = new ArrayList<>();
    String line = in.readLine();
    while (line != null && lines.size() < most) {
      lines.add(line);
      line = in.readLine();
    }
    return new FirstLines(List.copyOf(lines), line != null);
  }
}
