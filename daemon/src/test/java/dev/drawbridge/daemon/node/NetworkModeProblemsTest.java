package dev.drawbridge.daemon.node;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drawbridge.api.report.ProblemReport;
import dev.drawbridge.control.ObservedContainer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NetworkModeProblemsTest {

  private static ObservedContainer container(String runtime, String mode) {
    return new ObservedContainer(
        "id", "name", new TreeMap<>(), new TreeMap<>(), "", true, 1, List.of(), runtime, mode);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "runsc",
        "/usr/local/bin/runsc",
        "kata",
        "kata-runtime",
        "io.containerd.kata.v2",
        "io.containerd.runsc.v1",
        "/usr/bin/containerd-shim-kata-v2"
      })
  void aStackThatIsNotThisKernelsIsSaid(String runtime) throws Exception {
    assertEquals("DB0513", Problems.ownStack(container(runtime, "bridge")).orElseThrow().code());
    assertEquals(
        1,
        Files.readAllLines(Path.of("../docs/reasons.md")).stream()
            .filter(line -> line.startsWith("| `DB0513` |"))
            .count());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "runc", "crun", "drawbridge", "io.containerd.runc.v2", "/opt/kata/bin/runc"})
  void thisKernelsStackIsNoProblem(String runtime) {
    assertEquals(Optional.empty(), Problems.ownStack(container(runtime, "bridge")));
  }

  private static List<String> codes(String mode) {
    return Problems.network(container("drawbridge", mode)).stream()
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
