package dev.drawbridge.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.testkit.Output;
import dev.drawbridge.testkit.Shell;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The guards that the mutation runs take out are where their lists say: what changes nothing would
 * end such a run, which nobody starts at each change.
 */
final class GuardListsTest {
  private static final Path CHECKOUT = Path.of(System.getProperty("drawbridge.checkout", ".."));

  /** A line of a list; {@code below} is where its files are. */
  record Guard(String name, Path below, List<String> files, String change) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Guard> guards() throws IOException {
    return Stream.concat(
        lines("it").map(GuardListsTest::ofTheKernelSide),
        lines("l7-engine").map(GuardListsTest::ofTheEngine));
  }

  private static Stream<String> lines(String module) throws IOException {
    List<String> lines =
        Files.readAllLines(CHECKOUT.resolve(module).resolve("src/test/mutations/guards"));
    assertTrue(lines.size() > 20, module + " has " + lines.size());
    return lines.stream().filter(line -> !line.isBlank() && !line.startsWith("#"));
  }

  private static Guard ofTheKernelSide(String line) {
    String[] fields = line.split("\\|", -1);
    assertEquals(5, fields.length, line);
    List<String> files = List.of(fields[1].strip().split(" ", -1));
    Path below =
        files.getFirst().endsWith(".java") ? CHECKOUT : CHECKOUT.resolve("bpf/src/main/bpf");
    return new Guard(fields[0].strip(), below, files, fields[2].strip());
  }

  /** There the change may have the separator in it. */
  private static Guard ofTheEngine(String line) {
    String[] fields = line.split(" \\| ", -1);
    assertTrue(fields.length >= 5, line);
    String change = String.join(" | ", List.of(fields).subList(2, fields.length - 2));
    return new Guard(fields[0].strip(), CHECKOUT, List.of(fields[1].strip()), change.strip());
  }

  @ParameterizedTest
  @MethodSource("guards")
  void isWhereItsListSays(Guard guard) throws IOException {
    for (String file : guard.files()) {
      Path source = guard.below().resolve(file);
      Output changed = Shell.run("sed", guard.change(), source.toString());
      assertTrue(changed.ok(), changed::text);
      assertNotEquals(Files.readString(source).strip(), changed.out().strip(), file);
    }
  }
}
