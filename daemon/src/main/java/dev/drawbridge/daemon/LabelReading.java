package dev.drawbridge.daemon;

import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.policy.ContainerPolicy;
import dev.drawbridge.policy.ImageLabels;
import dev.drawbridge.policy.LabelParser;
import dev.drawbridge.policy.Parsed;
import dev.drawbridge.policy.Problem;
import dev.drawbridge.policy.Provenance;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The one place where a container's labels become identity and policy, and where those that only
 * came from its image are left out if the configuration says so. Hook, recovery and listener all
 * come through here.
 */
final class LabelReading {

  private final ImageLabels trust;

  LabelReading(Config config) {
    this.trust = config.imageLabels() ? ImageLabels.COUNT : ImageLabels.IGNORE;
  }

  /**
   * Reads a container as its runtime reports it. In the answer {@code labels} are those that count,
   * and {@code imageLabels} those of all its labels that came from the image.
   *
   * @param before what this method made of the same container earlier: an image that was removed
   *     since has no labels any more, but its container keeps them
   */
  Admission read(ObservedContainer reported, Optional<ObservedContainer> before) {
    SortedMap<String, String> ofImage =
        reported.imageLabels().isEmpty()
            ? before.map(ObservedContainer::imageLabels).orElse(reported.imageLabels())
            : reported.imageLabels();
    Provenance provenance = Provenance.of(reported.labels(), ofImage);
    SortedMap<String, String> fromImage = new TreeMap<>(reported.labels());
    fromImage.keySet().retainAll(provenance.fromImage());
    SortedMap<String, String> labels = provenance.effective(trust);
    Parsed<ContainerPolicy> declared = LabelParser.parse(reported.name(), labels);
    List<Problem> problems = new ArrayList<>(declared.problems());
    problems.addAll(provenance.problems(trust));
    return new Admission(
        new ObservedContainer(
            reported.id(),
            reported.name(),
            labels,
            fromImage,
            reported.image(),
            reported.running(),
            reported.pid(),
            reported.addresses(),
            reported.runtimeName(),
            reported.networkMode()),
        new Parsed<>(declared.value(), problems));
  }

  /**
   * Why a container whose image's labels are not known cannot be told from its image; empty if that
   * makes no difference.
   */
  Optional<String> objection(String name, Optional<SortedMap<String, String>> imageLabels) {
    return trust == ImageLabels.COUNT || imageLabels.isPresent()
        ? Optional.empty()
        : Optional.of(
            "the labels of container "
                + name
                + " cannot be told from its image's, which do not count here (imageLabels is"
                + " false): the image is not where Docker's image store keeps it");
  }
}
