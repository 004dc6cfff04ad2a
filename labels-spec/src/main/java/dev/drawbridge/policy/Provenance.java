package dev.drawbridge.policy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Which of a container's labels came from its image: engines merge an image's labels into the
 * container's, and whoever wrote the image must not thereby choose who the container is.
 *
 * @param labels all of the container's labels
 * @param fromImage keys of those that the image has with the same value
 */
public record Provenance(SortedMap<String, String> labels, SortedSet<String> fromImage) {
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
    var same = new TreeSet<String>();
    labels.forEach((key, value) -> {
      if (value.equals(imageLabels.get(key))) {
        same.add(key);
      }
    });
    return new Provenance(new TreeMap<>(labels), same);
  }

  /** The labels to go by. */
  public SortedMap<String, String> effective(ImageLabels trust) {
    if (trust == ImageLabels.COUNT) {
      return labels;
    }
    var own = new TreeMap<>(labels);
    own.keySet().removeAll(fromImage);
    return own;
  }

  /** A warning for each policy label of the image, and for what is passed over. */
  public List<Problem> problems(ImageLabels trust) {
    var problems = new ArrayList<Problem>();
    for (String key : fromImage) {
      boolean ours = LabelKeys.isDrawbridge(key);
      if (ours) {
        problems.add(
            new Problem(
                ProblemCode.IMAGE_LABEL.code(),
                Severity.WARNING,
                new Origin.Label(key),
                1,
                key.length(),
                "the label comes from the image"
                    + (trust == ImageLabels.IGNORE ? " and does not count" : ""),
                "the label on the container",
                Optional.empty(),
                Optional.of(key)));
      }
    }
    return problems;
  }
}
