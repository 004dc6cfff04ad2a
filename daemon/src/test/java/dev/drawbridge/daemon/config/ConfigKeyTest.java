package dev.drawbridge.daemon.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The table of keys, the reference and the example say the same. */
final class ConfigKeyTest {

  private static final Path CHECKOUT = Path.of(System.getProperty("drawbridge.checkout", ".."));
  private static final Path EXAMPLE = CHECKOUT.resolve("install/examples/drawbridge.yaml");

  @TempDir Path directory;

  @Test
  void theReferenceHasARowOfEachKeyWithItsDefaultItsRangeAndWhenItTakesEffect() throws IOException {
    List<String> reference = Files.readAllLines(CHECKOUT.resolve("docs/configuration.md"));
    for (ConfigKey key : ConfigKey.ALL) {
      String row =
          key.name().startsWith("limits.")
              ? "| `%s` | %s | %s |".formatted(key.name(), key.standard(), key.kind().range())
              : "| `%s` | `%s` | %s | %s |"
                  .formatted(
                      key.name(),
                      key.standard(),
                      key.kind().range(),
                      key.reload() ? "reload" : "restart");
      assertTrue(reference.stream().anyMatch(line -> line.startsWith(row)), row);
      assertEquals(
          1,
          reference.stream().filter(line -> line.startsWith("| `" + key.name() + "` |")).count(),
          key.name());
    }
  }

  /** With DRAWBRIDGE_RECORD=docs it is written anew. */
  @Test
  void theExampleIsWhatTheTableSays() throws IOException {
    if ("docs".equals(System.getenv("DRAWBRIDGE_RECORD"))) {
      Files.writeString(EXAMPLE, example());
    }
    assertEquals(example(), Files.readString(EXAMPLE));
  }

  @Test
  void theExampleSaysNothingAsItIs() throws Exception {
    assertEquals(Config.defaults().toString(), load(Files.readString(EXAMPLE)).toString());
  }

  /** So the defaults that are documented are those that hold. */
  @Test
  void theExampleWithEveryKeySetIsTheDefaults() throws Exception {
    String text =
        Files.readString(EXAMPLE)
            .lines()
            .map(line -> line.matches("#( {2})?[a-zA-Z]+:.*") ? line.substring(1) : line)
            .collect(Collectors.joining("\n"));
    ConfigText read = YamlText.read("example", text);
    Settings settings = Settings.of(read);
    for (ConfigKey key : ConfigKey.ALL) {
      assertTrue(settings.has(key.name()), key.name());
    }
    // Said by its name, a group must exist.
    String without = text.replaceAll("(?m)^apiGroup:.*$", "");
    Config defaults = Config.defaults();
    Config all = load(without);
    for (ConfigKey key : ConfigKey.ALL) {
      assertEquals(key.value().apply(defaults), key.value().apply(all), key.name());
    }
  }

  @Test
  void eachKeySetsWhatItsNameSaysAndNothingElse() throws Exception {
    Config defaults = Config.defaults();
    for (ConfigKey key : ConfigKey.ALL) {
      String set = key.last() + ": " + other(key);
      Config one = load(key.group().isEmpty() ? set : key.group() + ":\n  " + set);
      List<String> changed =
          ConfigKey.ALL.stream()
              .filter(k -> !k.value().apply(defaults).equals(k.value().apply(one)))
              .map(ConfigKey::name)
              .toList();
      assertEquals(
          key.name().equals("runDir")
              ? List.of("runDir", "hookSocket", "apiSocket")
              : List.of(key.name()),
          changed);
      assertEquals(key.reload() ? List.of() : changed, defaults.waiting(one));
      assertEquals(key.reload(), defaults.reloaded(one).toString().equals(one.toString()));
    }
  }

  /** Something else than the default. */
  private static String other(ConfigKey key) {
    return switch (key.kind()) {
      case KeyKind.Flag _ -> key.standard().equals("true") ? "false" : "true";
      case KeyKind.WholeNumber(int _, int most) -> Integer.toString(most);
      case KeyKind.PowerOfTwo(int _, int most) -> Integer.toString(most);
      case KeyKind.OneOf(List<String> words) -> words.getLast();
      case KeyKind.Place _, KeyKind.PlaceOrNothing _ -> "/x";
      case KeyKind.Text _, KeyKind.Below _ -> "x";
      case KeyKind.Texts _ -> "[x]";
    };
  }

  private Config load(String text) throws IOException, Config.ConfigException {
    return Config.load(Files.writeString(directory.resolve("drawbridge.yaml"), text));
  }

  private static String example() {
    StringBuilder text =
        new StringBuilder(
            """
            # Configuration of the Drawbridge agent: /etc/drawbridge/drawbridge.yaml, where it is read by default.
            # Every key is optional, and stands here with its default. The whole reference: docs/configuration.md.
            # "reload" takes effect by systemctl reload drawbridge, "restart" by the next start of the agent.
            # Whether a file is right: drawbridge-agent --check-config --config FILE
            """);
    String group = "";
    for (ConfigKey key : ConfigKey.ALL) {
      text.append('\n');
      if (!key.group().equals(group)) {
        group = key.group();
        text.append('#').append(group).append(":\n");
      }
      text.append("# ")
          .append(key.meaning())
          .append("\n# ")
          .append(sentence(key.kind().range()))
          .append("; ")
          .append(key.reload() ? "reload" : "restart")
          .append(".\n#")
          .append(group.isEmpty() ? "" : "  ")
          .append(key.last())
          .append(": ")
          .append(key.standard())
          .append('\n');
    }
    return text.toString();
  }

  private static String sentence(String range) {
    return range.substring(0, 1).toUpperCase(Locale.ROOT) + range.substring(1);
  }
}
