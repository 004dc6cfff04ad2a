package dev.drawbridge.policy.parse;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drawbridge.policy.Origin;
import dev.drawbridge.policy.Parsed;
import dev.drawbridge.policy.language.Rule;
import dev.drawbridge.policy.language.Sentence;
import java.util.Optional;

/** Printing a sentence and reading it again gives the same sentence. */
final class RoundTrip {
  private RoundTrip() {}

  static void check(Sentence sentence, Groups groups) {
    var origin = new Origin.Label("round-trip");
    check(sentence, SentenceParser.host(origin, sentence.print(), groups));
  }

  static void check(Sentence sentence, boolean label) {
    String printed = sentence.print();
    var origin = new Origin.Label("round-trip");
    Parsed<Optional<Rule>> again =
        label ? SentenceParser.label(origin, printed) : SentenceParser.host(origin, printed);
    check(sentence, again);
  }

  private static void check(Sentence sentence, Parsed<Optional<Rule>> again) {
    String printed = sentence.print();
    assertEquals(
        Optional.of(sentence), again.value().map(Rule::sentence), () -> printed + again.problems());
    assertEquals(printed, again.value().orElseThrow().sentence().print());
  }
}
