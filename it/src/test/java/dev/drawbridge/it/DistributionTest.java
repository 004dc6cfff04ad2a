package dev.drawbridge.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.testkit.Distribution;
import dev.drawbridge.testkit.Output;
import dev.drawbridge.testkit.Shell;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the build lays out for the agent and for the client. */
@Tag("it")
final class DistributionTest {
  private static final Path LIB = Path.of(System.getProperty("drawbridge.dist", ""), "lib");

  private static List<Path> jars(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(file -> file.toString().endsWith(".jar")).toList();
    }
  }

  @Test
  void theRootAgentsClassPathHoldsOneYamlParserForItsConfigurationAndNoToolsOfTheClient()
      throws IOException {
    var found = new TreeSet<String>();
    for (Path jar : jars(LIB)) {
      try (var file = new JarFile(jar.toFile())) {
        file.stream()
            .map(entry -> entry.getName())
            .filter(name ->
                (name.matches("(?i).*yaml.*\\.class")
                        && !name.startsWith("org/snakeyaml/engine/")
                        && !name.matches("dev/drawbridge/daemon/config/YamlText(\\$.*)?\\.class"))
                    || name.startsWith("dev/drawbridge/tools/")
                    || name.startsWith("dev/drawbridge/cli/"))
            .forEach(name -> found.add(jar.getFileName() + " " + name));
      }
    }
    assertEquals(new TreeSet<>(), found);
    assertTrue(jars(LIB.resolve("client")).stream().anyMatch(j -> j.toString().contains("yaml")));
  }

  @Test
  void theClientFindsTheProgramsThatItInstalls(@TempDir Path root) {
    Distribution distribution = Distribution.locate();
    Output installed =
        Shell.run(
            distribution.client().toString(), "install", "--no-reload", "--root", root.toString());
    assertTrue(installed.ok(), installed.text());
    for (String program : List.of("drawbridge-runc", "drawbridge-hook")) {
      assertTrue(
          Files.isExecutable(root.resolve("usr/libexec/drawbridge").resolve(program)), program);
    }
  }
}
