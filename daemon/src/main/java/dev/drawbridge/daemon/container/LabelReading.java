package dev.drawbridge.daemon.container;

import dev.drawbridge.control.EngineKind;
import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.daemon.config.Config;
import dev.drawbridge.hook.DockerContainerFiles;
import dev.drawbridge.policy.Origin;
import dev.drawbridge.policy.Parsed;
import dev.drawbridge.policy.Problem;
import dev.drawbridge.policy.ProblemCode;
import dev.drawbridge.policy.Severity;
import dev.drawbridge.policy.labels.ImageLabels;
import dev.drawbridge.policy.labels.Provenance;
import dev.drawbridge.policy.language.ContainerPolicy;
import dev.drawbridge.policy.parse.LabelParser;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The one place where a container's labels become identity and policy, and where those that only
 * came from its image are left out: all of them if the configuration says so, and always those that
 * no image decides. Hook, recovery and listener all come through here.
 */
public final class LabelReading {

  private final ImageLabels trust;

  public LabelReading(Config config) {
    this.trust = config.imageLabels() ? ImageLabels.COUNT : ImageLabels.IGNORE;
  }

  /**
   * As {@link #read(ObservedContainer, Optional)} of what an engine reports. What was learnt before
   * counts of Docker's alone: of other engines an id is whatever somebody called a container, and
   * the next one of that id another container.
   */
  public Admission read(
      EngineKind engine, ObservedContainer reported, Optional<ObservedContainer> before) {
    return read(reported, engine == EngineKind.DOCKER ? before : Optional.empty());
  }

  /**
   * Reads a container as its runtime reports it. In the answer {@code labels} are those that count,
   * and {@code imageLabels} those of all its labels that came from the image.
   *
   * @param before what this method made of the same container earlier: an image that was removed
   *     since has no labels any more, but its container keeps them; and an image of several
   *     platforms has other labels for whoever asks the engine than for the container
   */
  public Admission read(ObservedContainer reported, Optional<ObservedContainer> before) {
    List<SortedMap<String, String>> ofImage = new ArrayList<>();
    if (reported.imageKnown()) {
      ofImage.add(reported.imageLabels());
    }
    before.filter(ObservedContainer::imageKnown).ifPresent(b -> ofImage.add(b.imageLabels()));
    boolean known = !ofImage.isEmpty();
    if (DockerContainerFiles.size(reported.labels()) > DockerContainerFiles.MAX_LABELS) {
      return unread(
          reported,
          "the labels take more than " + (DockerContainerFiles.MAX_LABELS >> 10) + " KiB",
          "fewer labels, on the container and in its image");
    }
    if (!known && trust == ImageLabels.IGNORE) {
      return unread(
          reported,
          "the labels cannot be told from the image's, which do not count here (imageLabels is"
              + " false)",
          "an image that is where the engine's image store keeps it");
    }
    Provenance provenance =
        known ? Provenance.of(reported.labels(), ofImage) : Provenance.unknown(reported.labels());
    SortedMap<String, String> fromImage = new TreeMap<>();
    if (known) {
      fromImage.putAll(reported.labels());
      fromImage.keySet().retainAll(provenance.fromImage());
    }
    SortedMap<String, String> labels = provenance.effective(trust);
    Parsed<ContainerPolicy> declared = LabelParser.parse(reported.name(), labels);
    List<Problem> problems = new ArrayList<>(declared.problems());
    problems.addAll(provenance.problems(trust));
    return new Admission(
        with(reported, labels, fromImage, known), new Parsed<>(declared.value(), problems));
  }

  /** Without any label, and closed: labels that were not read may have closed it. */
  private static Admission unread(ObservedContainer reported, String what, String expected) {
    Problem problem =
        new Problem(
            ProblemCode.UNREAD_LABELS.code(),
            Severity.ERROR,
            new Origin.Label("drawbridge"),
            1,
            1,
            what,
            expected,
            Optional.empty(),
            Optional.empty());
    return new Admission(
        with(reported, new TreeMap<>(), new TreeMap<>(), false),
        new Parsed<>(ContainerPolicy.NONE, List.of(problem)));
  }

  private static ObservedContainer with(
      ObservedContainer reported,
      SortedMap<String, String> labels,
      SortedMap<String, String> fromImage,
      boolean known) {
    return new ObservedContainer(
        reported.id(),
        reported.name(),
        labels,
        fromImage,
        known,
        reported.image(),
        reported.running(),
        reported.pid(),
        reported.addresses(),
        reported.runtimeName(),
        reported.networkMode(),
        reported.capabilities());
  }

  /**
   * Why a container whose image's labels are not known cannot be told from its image; empty if that
   * makes no difference.
   */
  public Optional<String> objection(String name, Optional<SortedMap<String, String>> imageLabels) {
    return trust == ImageLabels.COUNT || imageLabels.isPresent()
        ? Optional.empty()
        : Optional.of(
            "the labels of container "
                + name
                + " cannot be told from its image's, which do not count here (imageLabels is"
                + " false): the image is not where the engine's image store keeps it");
  }
}
