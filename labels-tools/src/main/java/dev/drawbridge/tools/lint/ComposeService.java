package dev.drawbridge.tools.lint;

import dev.drawbridge.policy.ContainerPolicy;
import dev.drawbridge.policy.Parsed;
import dev.drawbridge.policy.Workload;
import java.util.Map;

/**
 * A service of a compose file, as the container that compose would make of it.
 *
 * @param labels with those that compose adds
 * @param places where each label stands
 */
record ComposeService(
    String name,
    Workload workload,
    Map<String, String> labels,
    Map<String, Place> places,
    Parsed<ContainerPolicy> declared) {

  /**
   * Where a label's value begins.
   *
   * @param offset of the value within the scalar: not 0 in the list form {@code - key=value}
   * @param block whether the value begins on the line below
   */
  record Place(int line, int column, int offset, boolean block) {}
}
