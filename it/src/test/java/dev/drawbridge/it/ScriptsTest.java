package dev.drawbridge.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.testkit.Output;
import dev.drawbridge.testkit.Shell;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Every shell script of the checkout, looked at by shellcheck. */
@Tag("it")
final class ScriptsTest {
  @Test
  void shellcheckFindsNothing() throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                "shellcheck",
                "--severity=warning",
                "--external-sources",
                // What is sourced shares names with who sources it: unfollowed, unset, unused.
                "--exclude=SC1091,SC2034,SC2154",
                "--format=gcc"));
    List<String> scripts = scripts();
    assertTrue(scripts.size() >= 15, "only " + scripts);
    command.addAll(scripts);
    Output output = Shell.run(command.toArray(String[]::new));
    assertEquals("", output.text().strip());
    assertTrue(output.ok());
  }

  private static List<String> scripts() throws IOException {
    List<String> found = new ArrayList<>();
    for (Path file : Checkout.files(path -> path.matches(".*/[^.]+|.*\\.sh|/\\.ci/run"))) {
      String first = firstLine(file);
      if (first.matches("#!.*/(env )?(ba|da)?sh\\b.*") || first.startsWith("# shellcheck shell=")) {
        found.add(file.toString());
      }
    }
    return found;
  }

  private static String firstLine(Path file) throws IOException {
    try (BufferedReader reader = Files.newBufferedReader(file, StandardCharsets.ISO_8859_1)) {
      String line = reader.readLine();
      return line == null ? "" : line;
    }
  }
}
