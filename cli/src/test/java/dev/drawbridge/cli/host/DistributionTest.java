package dev.drawbridge.cli.host;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class DistributionTest {
  @Test
  void theProgramsAreBesideTheLibraries() {
    assertEquals(
        Path.of("/opt/drawbridge/libexec"),
        Distribution.programs(Path.of("/opt/drawbridge/lib/client/cli-1.jar")));
  }
}
