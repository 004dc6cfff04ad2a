package dev.drawbridge.tools.importer;

import dev.drawbridge.policy.Origin;
import dev.drawbridge.policy.Parsed;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.PolicyInput;
import dev.drawbridge.policy.Problem;
import dev.drawbridge.policy.ProblemCode;
import dev.drawbridge.policy.language.HostPolicy;
import dev.drawbridge.policy.language.Rule;
import dev.drawbridge.policy.parse.SentenceParser;
import dev.drawbridge.tools.yaml.YamlValue;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The sentences of one policy's direction: for the callee or for the caller.
 *
 * <p>Sentences that would be longer than a line may be are written as several.
 */
final class Sentences {
  /** SPEC H5: what a line of a host policy may take. */
  private static final int MAX_BYTES = 4096;

  private static final String LIST = " in (";
  private static final List<String> NOT_ENFORCED = List.of(ProblemCode.NOT_ENFORCEABLE.code());

  private final Shape shape;
  private final String self;
  private final boolean ingress;
  private final boolean onlyDenials;
  private final Set<String> lines = new LinkedHashSet<>();

  /**
   * @param self whom the policy is about
   * @param onlyDenials whether sentences that allow are left out: {@code self} holds more than the
   *     policy is about, or the policy's direction stays open otherwise
   */
  Sentences(Shape shape, String self, boolean ingress, boolean onlyDenials) {
    this.shape = shape;
    this.self = self;
    this.ingress = ingress;
    this.onlyDenials = onlyDenials;
  }

  boolean isIngress() {
    return ingress;
  }

  /** One sentence for each peer. */
  void add(YamlValue at, boolean allows, String action, List<String> peers, String tail) {
    if (allows && onlyDenials) {
      return;
    }
    for (String peer : peers) {
      add(at, new Draft(ingress ? peer : self, allows, action, ingress ? self : peer, tail));
    }
  }

  private record Draft(String subject, boolean allows, String action, String object, String tail) {
    String line(boolean ingress) {
      return subject
          + (allows ? " may " : " may not ")
          + action
          + " on "
          + object
          + (tail.isEmpty() ? "" : " " + tail)
          + (ingress ? " for callee" : " for caller");
    }
  }

  private void add(YamlValue at, Draft draft) {
    String line = draft.line(ingress);
    Parsed<Optional<Rule>> parsed =
        SentenceParser.host(new Origin.FileLine("import", at.line()), line);
    if (!parsed.ok() || parsed.value().isEmpty()) {
      shape.inexpressible(at, parsed.problems().getFirst().message() + " in the sentence: " + line);
      widened(at, draft);
      return;
    }
    String printed = parsed.value().get().sentence().print();
    if (printed.getBytes(StandardCharsets.UTF_8).length > MAX_BYTES) {
      split(at, draft);
    } else if (lines.add(printed)) {
      notEnforced(at, parsed.value().get());
    }
  }

  /** A denial that no sentence can say closes more, never less. */
  private void widened(YamlValue at, Draft draft) {
    boolean widest = draft.action().equals("connect") && draft.tail().isEmpty();
    if (!draft.allows()
        && !(widest && (ingress ? draft.subject() : draft.object()).equals("anyone"))) {
      add(at, false, "connect", List.of("anyone"), "");
    }
  }

  /** Half of the longest list of values and the other half, as two sentences. */
  private void split(YamlValue at, Draft d) {
    String subjects = d.subject();
    String objects = d.object();
    if (subjects.contains(LIST) && subjects.length() >= objects.length()) {
      for (String half : halves(subjects)) {
        add(at, new Draft(half, d.allows(), d.action(), objects, d.tail()));
      }
    } else if (objects.contains(LIST)) {
      for (String half : halves(objects)) {
        add(at, new Draft(subjects, d.allows(), d.action(), half, d.tail()));
      }
    } else {
      shape.inexpressible(at, "a sentence of more than " + MAX_BYTES + " bytes");
      widened(at, d);
    }
  }

  private static List<String> halves(String party) {
    int open = party.indexOf(LIST);
    int close = party.indexOf(')', open);
    String[] values = party.substring(open + LIST.length(), close).split(" ");
    int middle = values.length / 2;
    if (middle == 0) {
      // One value left: as the selector key=value.
      String key = party.substring(party.lastIndexOf(' ', open - 1) + 1, open);
      return List.of(
          party.substring(0, open - key.length())
              + key
              + "="
              + values[0]
              + party.substring(close + 1));
    }
    return List.of(
        half(party, open, close, List.of(values).subList(0, middle)),
        half(party, open, close, List.of(values).subList(middle, values.length)));
  }

  private static String half(String party, int open, int close, List<String> values) {
    return party.substring(0, open + LIST.length())
        + String.join(" ", values)
        + party.substring(close);
  }

  private void notEnforced(YamlValue at, Rule rule) {
    var alone = new PolicyInput(1, List.of(), new HostPolicy(List.of(rule)), false);
    for (Problem problem : Policy.compile(alone).problems()) {
      if (NOT_ENFORCED.contains(problem.code())) {
        shape.note(at, "imported, but not enforced yet, so it stays denied: " + problem.message());
      }
    }
  }

  /** Closes the side, if no sentence does: whatever is not expressed stays denied. */
  Set<String> closed(YamlValue at) {
    if (lines.isEmpty()) {
      add(
          at,
          ingress
              ? new Draft("nobody", true, "connect", self, "")
              : new Draft(self, true, "connect", "nobody", ""));
    }
    return lines;
  }
}
