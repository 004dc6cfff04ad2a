package dev.drawbridge.tools.importer;

import dev.drawbridge.policy.Origin;
import dev.drawbridge.policy.Parsed;
import dev.drawbridge.policy.Rule;
import dev.drawbridge.policy.SentenceParser;
import dev.drawbridge.tools.yaml.YamlValue;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The sentences of one policy's direction: for the callee or for the caller. */
final class Sentences {
  private final Shape shape;
  private final String self;
  private final boolean ingress;
  private final Set<String> lines = new LinkedHashSet<>();

  Sentences(Shape shape, String self, boolean ingress) {
    this.shape = shape;
    this.self = self;
    this.ingress = ingress;
  }

  boolean isIngress() {
    return ingress;
  }

  /** One sentence for each peer. */
  void add(YamlValue at, boolean allows, String action, List<String> peers, String tail) {
    for (String peer : peers) {
      add(
          at,
          (ingress ? peer : self)
              + (allows ? " may " : " may not ")
              + action
              + " on "
              + (ingress ? self : peer)
              + (tail.isEmpty() ? "" : " " + tail));
    }
  }

  private void add(YamlValue at, String sentence) {
    String line = sentence + (ingress ? " for callee" : " for caller");
    Parsed<Optional<Rule>> parsed =
        SentenceParser.host(new Origin.FileLine("import", at.line()), line);
    if (parsed.ok()) {
      lines.add(parsed.value().map(rule -> rule.sentence().print()).orElse(line));
    } else {
      shape.inexpressible(at, parsed.problems().getFirst().message() + " in the sentence: " + line);
    }
  }

  /** Closes the side, if no sentence does: whatever is not expressed stays denied. */
  Set<String> closed(YamlValue at) {
    if (lines.isEmpty()) {
      add(at, ingress ? "nobody may connect on " + self : self + " may connect on nobody");
    }
    return lines;
  }
}
