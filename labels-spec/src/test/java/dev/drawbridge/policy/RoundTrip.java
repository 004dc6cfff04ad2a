package dev.drawbridge.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drawbridge.policy.yaml.YamlReader;
import dev.drawbridge.policy.yaml.YamlValue;
import java.util.List;
import java.util.Optional;

/** Printing a sentence and reading it again, plain or out of YAML, gives the same sentence. */
final class RoundTrip {
  private RoundTrip() {}

  static void check(Sentence sentence, boolean label) {
    String printed = sentence.print();
    var origin = new Origin.Label("round-trip");
    Parsed<Optional<Rule>> again =
        label ? SentenceParser.label(origin, printed) : SentenceParser.host(origin, printed);
    assertEquals(
        Optional.of(sentence), again.value().map(Rule::sentence), () -> printed + again.problems());
    assertEquals(printed, again.value().orElseThrow().sentence().print());
    YamlReader.Documents yaml = YamlReader.read("key: " + printed);
    assertEquals(List.of(), yaml.mistakes(), printed);
    assertEquals(
        Optional.of(printed),
        yaml.documents().getFirst() instanceof YamlValue.YamlMap map
            ? map.find("key").map(v -> ((YamlValue.YamlScalar) v).text())
            : Optional.empty());
  }
}
