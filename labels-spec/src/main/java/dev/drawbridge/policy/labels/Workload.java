package dev.drawbridge.policy.labels;

import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Who a container is: its name and its labels without Drawbridge's own.
 *
 * @param name the container's name, without a leading slash
 * @param labels identity labels, unmodifiable
 */
public record Workload(String name, SortedMap<String, String> labels) {
  public static final String PROJECT = "com.docker.compose.project";
  public static final String SERVICE = "com.docker.compose.service";

  public Workload {
    labels = Collections.unmodifiableSortedMap(new TreeMap<>(labels));
  }

  /** The workload that bears these labels; {@code drawbridge} and {@code drawbridge.*} drop out. */
  public static Workload of(String name, Map<String, String> allLabels) {
    var identity = new TreeMap<String, String>();
    allLabels.forEach((key, value) -> {
      if (!LabelKeys.isDrawbridge(key)) {
        identity.put(key, value);
      }
    });
    return new Workload(name.startsWith("/") ? name.substring(1) : name, identity);
  }

  /** The compose project, if compose started the container. */
  public Optional<String> composeProject() {
    return Optional.ofNullable(labels.get(PROJECT));
  }

  /** The compose service, if compose started the container. */
  public Optional<String> composeService() {
    return Optional.ofNullable(labels.get(SERVICE));
  }
}
