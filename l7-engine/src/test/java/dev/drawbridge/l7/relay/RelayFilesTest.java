package dev.drawbridge.l7.relay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** No file of the relay hides two nouns. */
final class RelayFilesTest {
  private static final int MOST_LINES = 400;

  @ParameterizedTest
  @ValueSource(
      strings = {"datagram", "http", "http1/relay", "http2/relay", "opening", "relay", "share"})
  void everyFileIsReadAtOnce(String room) throws IOException {
    try (Stream<Path> files = Files.list(Path.of("src/main/java/dev/drawbridge/l7", room))) {
      List<Path> sources = files.filter(file -> file.toString().endsWith(".java")).toList();
      assertFalse(sources.isEmpty());
      assertEquals(List.of(), sources.stream().filter(file -> lines(file) >= MOST_LINES).toList());
    }
  }

  /** Imports aside: they say where a room's neighbours are. */
  private static long lines(Path file) {
    try (Stream<String> lines = Files.lines(file)) {
      return lines.filter(line -> !line.startsWith("import ")).count();
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }
}
