package dev.drawbridge.policy.language;

import dev.drawbridge.policy.Mode;
import java.util.List;

/**
 * What a container's labels declare.
 *
 * @param mode from {@code drawbridge.mode}
 * @param rules from {@code drawbridge.policy.*}, in the order of the keys, then of the lines
 */
public record ContainerPolicy(Mode mode, List<Rule> rules) {
  /** Nothing declared. */
  public static final ContainerPolicy NONE = new ContainerPolicy(Mode.ENFORCE, List.of());

  public ContainerPolicy {
    rules = List.copyOf(rules);
  }
}
