package dev.drawbridge.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.tools.lint.Linter;
import dev.drawbridge.tools.yaml.YamlReader;
import dev.drawbridge.tools.yaml.YamlValue;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The specification's examples as they stand in YAML. */
final class SpecInYamlTest {
  private static List<String> blocks(String language) {
    try {
      String spec = Files.readString(Path.of("../labels-spec/SPEC.md"));
      var found = new ArrayList<String>();
      Matcher matcher =
          Pattern.compile("^```" + language + "\n(.*?)^```", Pattern.DOTALL | Pattern.MULTILINE)
              .matcher(spec);
      while (matcher.find()) {
        found.add(matcher.group(1));
      }
      assertTrue(!found.isEmpty(), language);
      return found;
    } catch (IOException e) {
      throw new IllegalStateException("run in the module's directory", e);
    }
  }

  static List<String> composeBlocks() {
    return blocks("compose");
  }

  @ParameterizedTest
  @MethodSource("composeBlocks")
  void composeExamplesAreClean(String text) {
    assertEquals(List.of(), Linter.compose("spec.yaml", text, "spec").findings());
  }

  static List<String> labelLines() {
    return blocks("label").stream().flatMap(String::lines).toList();
  }

  @ParameterizedTest
  @MethodSource("labelLines")
  void labelExamplesNeedNoQuotes(String line) {
    YamlReader.Documents yaml = YamlReader.read("key: " + line);
    assertEquals(List.of(), yaml.mistakes(), line);
    assertEquals(
        Optional.of(line),
        yaml.documents().getFirst() instanceof YamlValue.YamlMap map
            ? map.find("key").map(v -> ((YamlValue.YamlScalar) v).text())
            : Optional.empty());
  }
}
