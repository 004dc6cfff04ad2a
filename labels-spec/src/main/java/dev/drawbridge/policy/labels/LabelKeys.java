package dev.drawbridge.policy.labels;

import dev.drawbridge.policy.Origin;
import dev.drawbridge.policy.Problem;
import dev.drawbridge.policy.ProblemCode;
import dev.drawbridge.policy.Severity;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Which label keys are ours, and which were probably meant to be. */
public final class LabelKeys {
  static final String ROOT = "drawbridge";
  public static final String MODE = "drawbridge.mode";
  static final String POLICY = "drawbridge.policy";
  public static final String CAPABILITIES = "drawbridge.capabilities";

  private LabelKeys() {}

  /** Drawbridge's own labels are no identity. */
  public static boolean isDrawbridge(String key) {
    return key.equals(ROOT) || key.startsWith("drawbridge.");
  }

  /** {@code drawbridge.policy} or {@code drawbridge.policy.NAME}. */
  public static boolean isPolicy(String key) {
    return key.equals(POLICY)
        || (key.startsWith(POLICY + ".") && key.length() > POLICY.length() + 1);
  }

  /** A key of ours that means nothing, or one that is nearly ours. */
  public static Optional<Problem> problem(String key) {
    if (key.equals(MODE) || key.equals(CAPABILITIES) || isPolicy(key)) {
      return Optional.empty();
    }
    if (isDrawbridge(key)) {
      return Optional.of(
          problem(
              ProblemCode.UNKNOWN_KEY,
              key,
              "the label '" + key + "' does not exist",
              nearest(key)));
    }
    return isNearlyOurs(key)
        ? Optional.of(
            problem(
                ProblemCode.MISSPELT_KEY,
                key,
                "the label '" + key + "' looks misspelt",
                nearest(key)))
        : Optional.empty();
  }

  private static Problem problem(
      ProblemCode code, String key, String message, Optional<String> suggestion) {
    return new Problem(
        code.code(),
        Severity.ERROR,
        new Origin.Label(key),
        1,
        key.length(),
        message,
        "drawbridge.policy, drawbridge.policy.NAME, drawbridge.mode or drawbridge.capabilities",
        suggestion,
        Optional.of(key));
  }

  private static boolean isNearlyOurs(String key) {
    String lower = key.toLowerCase(Locale.ROOT);
    if (lower.startsWith(ROOT) || lower.contains(".drawbridge.")) {
      return true;
    }
    String[] parts = lower.split("[._/:-]", 3);
    if (parts[0].length() < 7 || Nearest.distance(parts[0], ROOT) > 3) {
      return false;
    }
    return parts.length > 1
        && (Nearest.distance(parts[1], "policy") <= 2 || Nearest.distance(parts[1], "mode") <= 1);
  }

  private static Optional<String> nearest(String key) {
    String lower = key.toLowerCase(Locale.ROOT);
    int at = lower.indexOf(".drawbridge.");
    String ours = at >= 0 ? key.substring(at + 1) : key;
    String[] parts = ours.split("[._/:-]", 3);
    String second = parts.length > 1 ? parts[1] : "";
    String rest = parts.length > 2 ? parts[2] : "";
    Optional<String> word = Nearest.of(second, List.of("policy", "mode", "capabilities"));
    if (word.isEmpty()) {
      return second.isEmpty()
              || second.equals("allow")
              || second.equals("rule")
              || second.equals("accept")
          ? Optional.of(POLICY + (rest.isEmpty() ? "" : "." + rest))
          : Optional.of(POLICY + "." + second + (rest.isEmpty() ? "" : "." + rest));
    }
    if (word.get().equals("mode")) {
      return Optional.of(MODE);
    }
    if (word.get().equals("capabilities")) {
      return Optional.of(CAPABILITIES);
    }
    return Optional.of(POLICY + (rest.isEmpty() ? "" : "." + rest));
  }
}
