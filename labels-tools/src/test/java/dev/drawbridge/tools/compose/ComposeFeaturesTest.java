package dev.drawbridge.tools.compose;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Cites SPEC rules C1 C2 C3 C4 C6.
 *
 * <p>12.C1: every feature of compose files that labels come through is read, or said not to be
 * known. What stands in {@code expected.txt} was compared with the real programs by {@link
 * RealComposeTest}.
 */
final class ComposeFeaturesTest {
  static List<String> features() {
    return Corpus.names();
  }

  @ParameterizedTest(name = "12.C1 {0}")
  @MethodSource("features")
  void readsWhatComposeReadsOrSaysThatItCannotKnow(String feature) throws IOException {
    Path expected = Corpus.ROOT.resolve(feature).resolve("expected.txt");
    List<String> lines = Corpus.lines(Corpus.read(feature));
    if (Boolean.getBoolean("drawbridge.write")) {
      Files.write(expected, lines);
    }
    assertEquals(Files.readAllLines(expected), lines);
  }
}
