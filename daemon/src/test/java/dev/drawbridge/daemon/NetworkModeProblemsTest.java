package dev.drawbridge.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drawbridge.api.ProblemReport;
import dev.drawbridge.control.ObservedContainer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NetworkModeProblemsTest {

  private static List<String> codes(String mode) {
    return Problems.network(
            new ObservedContainer(
                "id",
                "name",
                new TreeMap<>(),
                new TreeMap<>(),
                "",
                true,
                1,
                List.of(),
                "drawbridge",
                mode))
        .stream()
        .map(ProblemReport::code)
        .toList();
  }

  @ParameterizedTest
  @CsvSource({"host, DB0509", "container:0123456789ab, DB0510"})
  void aNetworkThatIsShared(String mode, String code) throws Exception {
    assertEquals(List.of(code), codes(mode));
    assertEquals(
        1,
        Files.readAllLines(Path.of("../docs/reasons.md")).stream()
            .filter(line -> line.startsWith("| `" + code + "` |"))
            .count());
  }

  @Test
  void aNetworkOfItsOwnIsNoProblem() {
    for (String mode : List.of("", "bridge", "default", "none", "shop_default", "containers")) {
      assertEquals(List.of(), codes(mode), mode);
    }
  }
}
