package dev.drawbridge.policy.parse;

import dev.drawbridge.policy.Mode;
import dev.drawbridge.policy.Origin;
import dev.drawbridge.policy.Parsed;
import dev.drawbridge.policy.Problem;
import dev.drawbridge.policy.ProblemCode;
import dev.drawbridge.policy.Severity;
import dev.drawbridge.policy.labels.KeptCapabilities;
import dev.drawbridge.policy.labels.LabelKeys;
import dev.drawbridge.policy.labels.Nearest;
import dev.drawbridge.policy.labels.Workload;
import dev.drawbridge.policy.language.ContainerPolicy;
import dev.drawbridge.policy.language.Rule;
import dev.drawbridge.policy.language.Sentence;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Reads a container's labels. */
public final class LabelParser {
  private static final int MAX_PROBLEMS = 100;
  private static final List<String> MODES = List.of("enforce", "audit", "off");

  private final Workload bearer;
  private final List<Rule> rules = new ArrayList<>();
  private final List<Problem> problems = new ArrayList<>();
  private Mode mode = Mode.ENFORCE;

  private LabelParser(Workload bearer) {
    this.bearer = bearer;
  }

  /** What these labels declare; labels that are not Drawbridge's are passed over. */
  public static Parsed<ContainerPolicy> parse(Map<String, String> allLabels) {
    return parse("", allLabels);
  }

  /**
   * As {@link #parse(Map)}, for a container whose name is known, so that a sentence with both sides
   * may name it.
   */
  public static Parsed<ContainerPolicy> parse(String containerName, Map<String, String> allLabels) {
    var parser = new LabelParser(Workload.of(containerName, allLabels));
    new TreeMap<>(allLabels).forEach(parser::label);
    return new Parsed<>(new ContainerPolicy(parser.mode, parser.rules), parser.problems);
  }

  private void label(String key, String value) {
    if (problems.size() >= MAX_PROBLEMS) {
      return;
    }
    Optional<Problem> keyProblem = LabelKeys.problem(key);
    if (keyProblem.isPresent()) {
      problems.add(keyProblem.get());
    } else if (key.equals(LabelKeys.MODE)) {
      mode(value);
    } else if (key.equals(LabelKeys.CAPABILITIES)) {
      KeptCapabilities.problem(value).ifPresent(problems::add);
    } else if (LabelKeys.isPolicy(key)) {
      policy(key, value);
    }
  }

  private void mode(String value) {
    switch (value) {
      case "enforce" -> mode = Mode.ENFORCE;
      case "audit" -> mode = Mode.AUDIT;
      case "off" -> mode = Mode.OFF;
      default ->
          problems.add(
              new Problem(
                  ProblemCode.BAD_MODE.code(),
                  Severity.ERROR,
                  new Origin.Label(LabelKeys.MODE),
                  1,
                  value.length(),
                  "'" + value + "' is no mode",
                  "enforce, audit or off",
                  Nearest.of(value.strip(), MODES)
                      .filter(mode -> !mode.equals("off") || value.strip().length() > 2)
                      .or(() -> Optional.ofNullable(yamlBoolean(value.toLowerCase(Locale.ROOT)))),
                  Optional.of(value)));
    }
  }

  /**
   * YAML 1.1 readers turn a bare off into false. A mere no is nobody's wish to switch rules off.
   */
  private static @org.jspecify.annotations.Nullable String yamlBoolean(String value) {
    return switch (value) {
      case "false" -> "off";
      case "true", "yes", "on", "enabled" -> "enforce";
      default -> null;
    };
  }

  private void policy(String key, String value) {
    var origin = new Origin.Label(key);
    if (Text.utf8Length(key) + Text.utf8Length(value) > SentenceParser.MAX_BYTES) {
      problems.add(
          new Problem(
              ProblemCode.TOO_LONG.code(),
              Severity.ERROR,
              origin,
              1,
              1,
              "key and value take more than 4096 bytes, containerd's limit",
              "several labels",
              Optional.empty(),
              Optional.empty()));
      return;
    }
    boolean any = false;
    int line = 0;
    for (String raw : value.split("\n", -1)) {
      line++;
      String text = Token.withoutComment(raw);
      if (text.isBlank()) {
        continue;
      }
      any = true;
      sentence(new Origin.Label(key, line), text);
    }
    if (!any) {
      problems.add(
          new Problem(
              ProblemCode.EMPTY.code(),
              Severity.ERROR,
              origin,
              1,
              1,
              "there is no sentence",
              "for instance app=api may GET /users",
              Optional.empty(),
              Optional.of(value.strip())));
    }
  }

  private void sentence(Origin origin, String text) {
    Parsed<Optional<Rule>> parsed = SentenceParser.label(origin, text);
    problems.addAll(parsed.problems());
    parsed.value().ifPresent(rule -> checkBearer(rule, text));
  }

  /** A label speaks for its own container: with both sides written, one must be it. */
  private void checkBearer(Rule rule, String text) {
    Sentence sentence = rule.sentence();
    if (sentence.subject().isPresent()
        && sentence.object().isPresent()
        && !Bearer.matches(sentence.subject().get(), bearer)
        && !Bearer.matches(sentence.object().get(), bearer)) {
      problems.add(
          new Problem(
              ProblemCode.WRONG_SIDES.code(),
              Severity.ERROR,
              rule.origin(),
              1,
              text.length(),
              "the sentence names two others; a label speaks for its own container only",
              "'WHO may …' for what comes in, 'may … on WHOM' for what goes out",
              Optional.empty(),
              Optional.of(text)));
      return;
    }
    rules.add(rule);
  }
}
