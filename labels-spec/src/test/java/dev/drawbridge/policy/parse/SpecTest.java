package dev.drawbridge.policy.parse;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Origin;
import dev.drawbridge.policy.Parsed;
import dev.drawbridge.policy.Problem;
import dev.drawbridge.policy.ProblemCode;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.Scene;
import dev.drawbridge.policy.language.HostPolicy;
import dev.drawbridge.policy.language.Rule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** SPEC.md is a test: its examples run, and its rules are cited by tests. */
final class SpecTest {
  private static final Path SPEC = Path.of("SPEC.md");

  private static String spec() {
    try {
      return Files.readString(SPEC);
    } catch (IOException e) {
      throw new IllegalStateException("run in the module's directory", e);
    }
  }

  private static List<String> blocks(String language) {
    var found = new ArrayList<String>();
    Matcher matcher =
        Pattern.compile("^```" + language + "\n(.*?)^```", Pattern.DOTALL | Pattern.MULTILINE)
            .matcher(spec());
    while (matcher.find()) {
      found.add(matcher.group(1));
    }
    assertTrue(!found.isEmpty(), language);
    return found;
  }

  static List<String> labelLines() {
    return blocks("label").stream().flatMap(String::lines).toList();
  }

  @ParameterizedTest
  @MethodSource("labelLines")
  void labelExamplesAreUnderstood(String line) {
    Parsed<Optional<Rule>> parsed = SentenceParser.label(new Origin.Label("l"), line);
    assertEquals(List.of(), parsed.problems());
    RoundTrip.check(parsed.value().orElseThrow().sentence(), true);
  }

  static List<String> policyBlocks() {
    return blocks("policy");
  }

  @ParameterizedTest
  @MethodSource("policyBlocks")
  void hostPolicyExamplesAreUnderstood(String text) {
    Parsed<HostPolicy> parsed = HostPolicyParser.parse("spec.policy", text);
    assertEquals(List.of(), parsed.problems());
    var groups = new Groups();
    for (String line : text.split("\n", -1)) {
      if (Groups.isDefinition(line)) {
        assertEquals(Optional.empty(), groups.define(new Origin.FileLine("spec.policy", 1), line));
      }
    }
    parsed.value().rules().forEach(rule -> RoundTrip.check(rule.sentence(), groups));
  }

  static List<String> wrongLines() {
    return blocks("wrong").stream().flatMap(String::lines).toList();
  }

  @ParameterizedTest
  @MethodSource("wrongLines")
  void wrongExamplesAreAnsweredAsWritten(String line) {
    int bar = line.lastIndexOf(" | ");
    String[] expected = line.substring(bar + 3).split(" ", 3);
    Parsed<Optional<Rule>> parsed =
        SentenceParser.label(new Origin.Label("l"), line.substring(0, bar));
    assertEquals(1, parsed.problems().size(), () -> "" + parsed.value());
    Problem problem = parsed.problems().getFirst();
    assertEquals(
        line.substring(bar + 3),
        problem.code()
            + " "
            + problem.column()
            + (expected.length == 3 ? " " + problem.suggestion().orElse("") : ""),
        problem::withCaret);
    assertTrue(problem.oneLine().lines().count() == 1);
  }

  static List<String> matchLines() {
    return blocks("match").stream().flatMap(String::lines).toList();
  }

  @ParameterizedTest
  @MethodSource("matchLines")
  void pathsMatchAsWritten(String line) {
    String[] sides = line.split(" : ", 2);
    var scene =
        new Scene().container("api", "app=api").container("db", "app=api may GET " + sides[0]);
    String[] lists = sides[1].split(" ! ", 2);
    for (String path : lists[0].split(" ", -1)) {
      assertEquals(Decision.ALLOW, scene.decide("api", "db", "GET " + path), path);
    }
    for (String path : lists[1].split(" ", -1)) {
      assertEquals(Decision.DENY, scene.decide("api", "db", "GET " + path), path);
    }
  }

  @Test
  void everyRuleIsCitedByATest() throws IOException {
    var tests = new StringBuilder();
    for (String root :
        List.of("src/test/java", "../labels-tools/src/test/java", "../cli/src/test/java")) {
      try (Stream<Path> files = Files.walk(Path.of(root))) {
        for (Path file : files.filter(f -> f.toString().endsWith("Test.java")).toList()) {
          tests.append(Files.readString(file));
        }
      }
    }
    var missing = new TreeSet<String>();
    Matcher matcher =
        Pattern.compile("^\\*\\*([A-Z]\\d+)\\*\\*", Pattern.MULTILINE).matcher(spec());
    int rules = 0;
    while (matcher.find()) {
      rules++;
      String cited = "(\"|SPEC[^\\n]*\\b)" + matcher.group(1) + "\\b";
      if (!Pattern.compile(cited).matcher(tests).find()) {
        missing.add(matcher.group(1));
      }
    }
    assertEquals(new TreeSet<>(), missing);
    assertTrue(rules > 40, "" + rules);
  }

  @Test
  void reasonsMirrorTheKernelsHeaderAndTheDocument() throws IOException {
    String header = Files.readString(Path.of("../bpf/src/main/bpf/include/reasons.h"));
    String document = Files.readString(Path.of("../docs/reasons.md"));
    Matcher matcher = Pattern.compile("DB_REASON_(\\w+) = (\\d+), /\\* (.*?) \\*/").matcher(header);
    int count = 0;
    while (matcher.find()) {
      count++;
      Reason reason = Reason.valueOf(matcher.group(1));
      assertEquals(Integer.parseInt(matcher.group(2)), reason.code());
      assertEquals(matcher.group(3), reason.sentence());
      assertEquals(Optional.of(reason), Reason.of(reason.code()));
      String row = "| " + reason.code() + " | `" + reason.slug() + "` | " + reason.sentence();
      assertTrue(document.contains(row), row);
    }
    assertEquals(Reason.values().length, count);
  }

  @Test
  void everyProblemCodeIsDocumentedOnce() throws IOException {
    String document = Files.readString(Path.of("../docs/reasons.md"));
    var codes = new TreeSet<String>();
    for (ProblemCode code : ProblemCode.values()) {
      assertTrue(codes.add(code.code()), code.code());
      String row = "| `" + code.code() + "` | " + code.sentence() + " |";
      assertTrue(document.contains(row), row);
    }
  }
}
