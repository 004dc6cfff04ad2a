package dev.drawbridge.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.testkit.Output;
import dev.drawbridge.testkit.Shell;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Every C file of the checkout, as clang-format would have it: 14 of Debian 12 and 19 of 13. */
@Tag("it")
final class CFormatTest {
  @Test
  void clangFormatChangesNothing() throws IOException {
    List<Path> sources = Checkout.files(path -> path.endsWith(".c") || path.endsWith(".h"));
    assertTrue(sources.size() >= 60, "only " + sources);
    List<String> command = new ArrayList<>(List.of("clang-format", "--dry-run", "--Werror"));
    sources.forEach(source -> command.add(source.toString()));
    Output output = Shell.run(command.toArray(String[]::new));
    assertEquals("", output.text().strip(), "clang-format -i mends it");
    assertTrue(output.ok());
  }
}
