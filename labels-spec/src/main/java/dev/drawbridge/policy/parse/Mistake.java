package dev.drawbridge.policy.parse;

import dev.drawbridge.policy.Origin;
import dev.drawbridge.policy.Problem;
import dev.drawbridge.policy.ProblemCode;
import dev.drawbridge.policy.Severity;
import java.util.Optional;

/** Leaves the parser at the first mistake of a sentence. Never leaves the package. */
final class Mistake extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient ProblemCode code;
  private final transient Token token;
  private final transient String expected;
  private final transient Optional<String> suggestion;

  Mistake(
      ProblemCode code, Token token, String message, String expected, Optional<String> suggestion) {
    super(message, null, false, false);
    this.code = code;
    this.token = token;
    this.expected = expected;
    this.suggestion = suggestion;
  }

  Mistake(ProblemCode code, Token token, String message, String expected) {
    this(code, token, message, expected, Optional.empty());
  }

  Problem problem(Origin origin, String line) {
    return new Problem(
        code.code(),
        Severity.ERROR,
        origin,
        token.column(),
        token.text().length(),
        String.valueOf(getMessage()),
        expected,
        suggestion,
        Optional.of(line));
  }
}
