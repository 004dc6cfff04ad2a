package dev.drawbridge.tools.compose;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What is to be read.
 *
 * @param files in the order of {@code -f}: later ones override; at least one
 * @param sources whatever these name
 * @param environment variables of the process, which win over {@code .env}
 * @param projectName as {@code -p} gives it
 * @param directoryName the name of the first file's directory, which names the project if nothing
 *     else does
 */
public record ComposeRequest(
    List<Source> files,
    Sources sources,
    Map<String, String> environment,
    Optional<String> projectName,
    String directoryName) {

  public ComposeRequest {
    files = List.copyOf(files);
    environment = Map.copyOf(environment);
  }

  /** A file that was named. */
  public record Source(String name, String text) {}
}
