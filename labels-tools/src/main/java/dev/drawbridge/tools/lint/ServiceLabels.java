package dev.drawbridge.tools.lint;

import dev.drawbridge.policy.Parsed;
import dev.drawbridge.policy.labels.Workload;
import dev.drawbridge.policy.language.ContainerPolicy;
import dev.drawbridge.tools.compose.ComposeService;
import java.util.Map;

/**
 * A service of a compose file, as the container that compose would make of it.
 *
 * @param labels that are known, with those that compose adds
 */
record ServiceLabels(
    ComposeService service,
    Workload workload,
    Map<String, String> labels,
    Parsed<ContainerPolicy> declared) {

  String name() {
    return service.name();
  }
}
