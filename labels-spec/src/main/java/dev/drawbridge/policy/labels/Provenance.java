package dev.drawbridge.policy.labels;

import dev.drawbridge.policy.Origin;
import dev.drawbridge.policy.Problem;
import dev.drawbridge.policy.ProblemCode;
import dev.drawbridge.policy.Severity;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Which of a container's labels came from its image: engines merge an image's labels into the
 * container's, and whoever wrote the image must not thereby choose who the container is.
 *
 * <p>A label that the image has with the same value cannot be told from one that was given at
 * create, and counts as the image's. Compose's are an exception where compose itself started the
 * container, which it says in labels that it puts into no image: it always writes project and
 * service, and writes them into the images that it builds, too.
 *
 * @param labels all of the container's labels
 * @param fromImage keys of those that came from the image, or may have
 * @param known whether the image's labels are known: else every label may have come from it
 */
public record Provenance(
    SortedMap<String, String> labels, SortedSet<String> fromImage, boolean known) {

  /** What no image decides, whatever the host's configuration says. */
  private static final Set<String> NEVER = Set.of(LabelKeys.MODE, LabelKeys.CAPABILITIES);

  private static final Set<String> COMPOSE = Set.of(Workload.PROJECT, Workload.SERVICE);

  /** What a kubelet says of the pod that a container is in, its namespace among it. */
  private static final String KUBELETS = "io.kubernetes.";

  /** Compose's own mark of a container that it started. */
  private static final Set<String> BY_COMPOSE =
      Set.of("com.docker.compose.config-hash", "com.docker.compose.container-number");

  public Provenance {
    labels = Collections.unmodifiableSortedMap(new TreeMap<>(labels));
    fromImage = Collections.unmodifiableSortedSet(new TreeSet<>(fromImage));
  }

  /**
   * Compares a container's labels with its image's.
   *
   * @param imageLabels {@code Config.Labels} of the image
   */
  public static Provenance of(Map<String, String> labels, Map<String, String> imageLabels) {
    return of(labels, List.of(imageLabels));
  }

  /** As {@link #of(Map, Map)}, where several sources tell of the image: what one says is enough. */
  public static Provenance of(
      Map<String, String> labels, List<? extends Map<String, String>> imageLabels) {
    var same = new TreeSet<String>();
    labels.forEach((key, value) -> {
      if (imageLabels.stream().anyMatch(image -> value.equals(image.get(key)))) {
        same.add(key);
      }
    });
    if (BY_COMPOSE.stream().anyMatch(key -> labels.containsKey(key) && !same.contains(key))) {
      same.removeAll(COMPOSE);
    }
    return new Provenance(new TreeMap<>(labels), same, true);
  }

  /** Of a container whose image cannot be asked: each label may be the image's. */
  public static Provenance unknown(Map<String, String> labels) {
    return new Provenance(new TreeMap<>(labels), new TreeSet<>(labels.keySet()), false);
  }

  /**
   * The labels to go by. Without those that no image decides: the mode and what the container keeps
   * of its capabilities, and, where the image is known to bear them, the project and service of
   * compose and what a kubelet calls a pod.
   */
  public SortedMap<String, String> effective(ImageLabels trust) {
    var effective = new TreeMap<>(labels);
    for (String key : fromImage) {
      if (trust == ImageLabels.IGNORE || never(key)) {
        effective.remove(key);
      }
    }
    return effective;
  }

  private boolean never(String key) {
    return NEVER.contains(key) || (known && (COMPOSE.contains(key) || key.startsWith(KUBELETS)));
  }

  /** A warning for each policy label of the image, and for what is passed over. */
  public List<Problem> problems(ImageLabels trust) {
    var problems = new ArrayList<Problem>();
    for (String key : fromImage) {
      boolean never = never(key);
      if (never || (known && LabelKeys.isDrawbridge(key))) {
        problems.add(
            new Problem(
                ProblemCode.IMAGE_LABEL.code(),
                Severity.WARNING,
                new Origin.Label(key),
                1,
                key.length(),
                (known
                        ? "the label comes from the image"
                        : "the image's labels cannot be read, so the label may come from it")
                    + (never || trust == ImageLabels.IGNORE ? " and does not count" : ""),
                never && !known
                    ? "the name of the container in the host's configuration"
                    : "the label on the container, with another value than the image's",
                Optional.empty(),
                Optional.of(key)));
      }
    }
    return problems;
  }
}
