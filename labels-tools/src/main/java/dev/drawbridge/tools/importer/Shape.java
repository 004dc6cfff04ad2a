package dev.drawbridge.tools.importer;

import dev.drawbridge.policy.Origin;
import dev.drawbridge.policy.Problem;
import dev.drawbridge.policy.ProblemCode;
import dev.drawbridge.policy.Severity;
import dev.drawbridge.policy.labels.Nearest;
import dev.drawbridge.tools.lint.Finding;
import dev.drawbridge.tools.yaml.YamlValue;
import dev.drawbridge.tools.yaml.YamlValue.YamlList;
import dev.drawbridge.tools.yaml.YamlValue.YamlMap;
import dev.drawbridge.tools.yaml.YamlValue.YamlScalar;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Checks the shape of a document and collects what is wrong with it. */
final class Shape {
  private final String file;
  private final List<Finding> findings = new ArrayList<>();
  private String document = "";
  private long narrowed;

  Shape(String file) {
    this.file = file;
  }

  List<Finding> findings() {
    return findings;
  }

  /** Names the document that what follows is about. */
  void enter(String name) {
    document = name;
  }

  /**
   * How many errors there are by now that forbid to write a rule: a reader compares before and
   * after.
   */
  long errors() {
    return findings.stream().filter(Finding::isError).count() - narrowed;
  }

  /** How many of them say that the document's own system would not take it. */
  long refused() {
    return findings.stream()
        .filter(finding -> finding.code().equals(ProblemCode.BAD_DOCUMENT.code()))
        .count();
  }

  void bad(int line, int column, String message, String expected) {
    add(
        ProblemCode.BAD_DOCUMENT,
        Severity.ERROR,
        line,
        column,
        message,
        expected,
        Optional.empty());
  }

  void bad(YamlValue at, String message, String expected) {
    bad(at.line(), at.column(), message, expected);
  }

  void bad(YamlValue at, String message, String expected, Optional<String> suggestion) {
    add(
        ProblemCode.BAD_DOCUMENT,
        Severity.ERROR,
        at.line(),
        at.column(),
        message,
        expected,
        suggestion);
  }

  void inexpressible(int line, int column, String message) {
    add(ProblemCode.NOT_EXPRESSIBLE, Severity.ERROR, line, column, message, "", Optional.empty());
  }

  void inexpressible(YamlValue at, String message) {
    inexpressible(at.line(), at.column(), message);
  }

  /** Less is allowed than the original allows; the rest of the rule is still written. */
  void narrowed(YamlValue at, String message) {
    narrowed++;
    inexpressible(at, message);
  }

  void note(YamlValue at, String message) {
    add(
        ProblemCode.NOT_EXPRESSIBLE,
        Severity.WARNING,
        at.line(),
        at.column(),
        message,
        "",
        Optional.empty());
  }

  private void add(
      ProblemCode code,
      Severity severity,
      int line,
      int column,
      String message,
      String expected,
      Optional<String> suggestion) {
    var problem =
        new Problem(
            code.code(),
            severity,
            new Origin.FileLine(file, line),
            1,
            1,
            message,
            expected,
            suggestion,
            Optional.empty());
    findings.add(
        new Finding(
            file,
            line,
            column,
            document,
            problem.code(),
            severity == Severity.ERROR ? "error" : "warning",
            message,
            expected,
            suggestion.orElse(""),
            "",
            1,
            1));
  }

  /** Only these keys, each with something in it. */
  void keys(YamlMap map, String what, List<String> allowed) {
    for (YamlValue.Entry entry : map.entries()) {
      if (!allowed.contains(entry.key())) {
        add(
            ProblemCode.BAD_DOCUMENT,
            Severity.ERROR,
            entry.line(),
            entry.column(),
            "the key '" + entry.key() + "' does not exist in " + what,
            allowed.size() > 8 ? "" : "one of " + String.join(", ", allowed),
            Nearest.of(entry.key(), allowed));
      } else if (!entry.tag().isEmpty()) {
        bad(entry.line(), entry.column(), "the tag " + entry.tag() + " is not known", "no tag");
      } else if (entry.value() instanceof YamlScalar scalar && scalar.isNull()) {
        bad(
            entry.line(),
            entry.column(),
            "'" + entry.key() + ":' is empty, which readers take for everything or for nothing",
            "{} or [] or a value, or no such key");
      }
    }
  }

  Optional<YamlMap> map(YamlValue value, String what) {
    if (value instanceof YamlMap map) {
      return Optional.of(map);
    }
    bad(value, what + " is " + value.describe(), "a mapping");
    return Optional.empty();
  }

  /** The items, or nothing after having said that it is no list. */
  Optional<List<YamlValue>> list(YamlValue value, String what) {
    if (value instanceof YamlList list) {
      return Optional.of(list.items());
    }
    if (!(value instanceof YamlScalar scalar && scalar.isNull())) {
      bad(value, what + " is " + value.describe(), "a list");
    }
    return Optional.empty();
  }

  /** Text that is text: a bare number or boolean is refused as its own system does. */
  Optional<String> text(YamlValue value, String what) {
    if (value instanceof YamlScalar scalar && scalar.kind() == YamlValue.Kind.TEXT) {
      return Optional.of(scalar.text());
    }
    bad(
        value,
        what + " is " + value.describe(),
        "text",
        value instanceof YamlScalar scalar && !scalar.isNull()
            ? Optional.of("\"" + scalar.text() + "\"")
            : Optional.empty());
    return Optional.empty();
  }

  /** Text of one word: a blank in it would become a word of the sentence. */
  Optional<String> word(YamlValue value, String what) {
    return text(value, what).filter(text -> isWord(value, what, text));
  }

  /** Whether it is one word; says so if it is not. */
  boolean isWord(YamlValue at, String what, String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isWhitespace(c) || Character.isSpaceChar(c) || Character.isISOControl(c)) {
        inexpressible(at, what + " with a blank or an invisible character");
        return false;
      }
    }
    return true;
  }

  /** Text or number. */
  Optional<String> textOrNumber(YamlValue value, String what) {
    if (value instanceof YamlScalar scalar
        && (scalar.kind() == YamlValue.Kind.TEXT || scalar.kind() == YamlValue.Kind.NUMBER)) {
      return Optional.of(scalar.text());
    }
    bad(value, what + " is " + value.describe(), "text or a number");
    return Optional.empty();
  }
}
