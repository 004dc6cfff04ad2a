package dev.drawbridge.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

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
  void theRootAgentsClassPathHoldsNoYamlParserAndNoToolsOfTheClient() throws IOException {
    var found = new TreeSet<String>();
    for (Path jar : jars(LIB)) {
      try (var file = new JarFile(jar.toFile())) {
        file.stream()
            .map(entry -> entry.getName())
            .filter(name ->
                name.matches("(?i).*yaml.*\\.class")
                    || name.startsWith("dev/drawbridge/tools/")
                    || name.startsWith("dev/drawbridge/cli/"))
            .forEach(name -> found.add(jar.getFileName() + " " + name));
      }
    }
    assertEquals(new TreeSet<>(), found);
    assertTrue(jars(LIB.resolve("client")).stream().anyMatch(j -> j.toString().contains("yaml")));
  }
}
