package dev.drawbridge.policy.compile;

import dev.drawbridge.policy.labels.Workload;
import java.util.List;
import java.util.Optional;

/** Chooses how to name a container in a sentence. */
public final class Identities {
  private static final List<String> KEYS =
      List.of("app", "app.kubernetes.io/name", "service", "name", "role", "component");

  private Identities() {}

  /** As the bearer of a label would name the other, as people would. */
  public static String describe(Workload other, Workload bearer) {
    Optional<String> service = other.composeService();
    Optional<String> project = other.composeProject();
    for (String key : KEYS) {
      String value = other.labels().get(key);
      if (value != null && isPlain(value)) {
        return key + "=" + value;
      }
    }
    if (service.isPresent() && project.isPresent() && isPlain(service.get() + project.get())) {
      return project.equals(bearer.composeProject())
          ? "service:" + service.get()
          : "service:" + project.get() + "/" + service.get();
    }
    return "container:" + other.name();
  }

  private static boolean isPlain(String value) {
    return !value.isEmpty()
        && value
            .chars()
            .allMatch(c -> c < 128 && (Character.isLetterOrDigit(c) || "._-".indexOf(c) >= 0));
  }
}
