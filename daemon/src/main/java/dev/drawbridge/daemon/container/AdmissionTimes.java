package dev.drawbridge.daemon.container;

import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;

/**
 * How long a container that starts has waited for the agent, whole and by stage: metric {@code
 * drawbridge_admission_seconds}. Safe for any thread.
 */
public final class AdmissionTimes {

  /** Upper bounds of the buckets, in seconds. */
  private static final double[] BUCKETS = {
    0.000_25, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 6
  };

  /** What the time went into. */
  public enum Stage {
    /** The shim's question, from the request to the answer. */
    PATCH,
    /**
     * The hook's question, from the request to the answer. Of the stages below those up to {@link
     * #ATTACH} are parts of it; the others are, too, where nothing asks again before the first
     * process runs, and else take place beside the runtime's work.
     */
    CREATE_RUNTIME,
    /** The shim's second question, before the first process runs. */
    START,
    /** Reading the container's files and labels. */
    DESCRIBE,
    /** Reading the addresses in its network namespace. */
    ADDRESSES,
    /** Parsing its labels and what may be said against it. */
    LABELS,
    /** Waiting for the control loop's turn. */
    QUEUE,
    /** Opening its network namespace, with the engine's listeners there. */
    NAMESPACE,
    /** Attaching and pinning the programs at its cgroup. */
    ATTACH,
    /** Files that tell the next agent who this one is. */
    KEEP,
    /** Asking its network namespace for routes, and guarding its interfaces. */
    INTERFACES,
    /** Compiling the policy, planning, writing the maps, publishing. */
    CONVERGE
  }

  private final Histogram histogram;
  private final Map<Stage, String> names = new EnumMap<>(Stage.class);

  public AdmissionTimes(PrometheusRegistry registry) {
    this.histogram =
        Histogram.builder()
            .name("drawbridge_admission_seconds")
            .help("How long starting containers waited for the agent, by stage.")
            .labelNames("stage")
            .classicOnly()
            .classicUpperBounds(BUCKETS)
            .register(registry);
    for (Stage stage : Stage.values()) {
      names.put(stage, stage.name().toLowerCase(Locale.ROOT));
    }
  }

  /**
   * A stage is over.
   *
   * @param began {@link System#nanoTime} at its begin
   */
  public void took(Stage stage, long began) {
    histogram
        .labelValues(String.valueOf(names.get(stage)))
        .observe((System.nanoTime() - began) / 1e9);
  }
}
