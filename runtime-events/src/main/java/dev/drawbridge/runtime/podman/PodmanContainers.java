package dev.drawbridge.runtime.podman;

import dev.drawbridge.control.EngineCapabilities;
import dev.drawbridge.control.ObservedContainer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Podman's containers as its files have them. A container's labels are its own and, of those it has
 * not itself, its pod's; labels and annotations that its image bears are told apart, because nobody
 * who wrote an image chooses who runs it.
 */
public final class PodmanContainers {

  /** Labels of an image, which daemon reads from the storage. */
  @FunctionalInterface
  public interface Images {
    /**
     * What an image bears.
     *
     * @param root the storage root
     * @param id of the image's configuration
     * @return empty if they cannot be known
     */
    Optional<SortedMap<String, String>> labels(Path root, String id);
  }

  /** Whether a process is a container's. */
  @FunctionalInterface
  public interface Processes {
    boolean isOf(String id, int pid);
  }

  /** Annotations by which Podman and its tools keep their books: never a user's. */
  private static final List<String> BOOKKEEPING =
      List.of(
          "io.podman.",
          "io.container.",
          "io.kubernetes.cri-o.",
          "org.opencontainers.",
          "org.systemd.property.",
          "run.oci.");

  private final Path root;
  private final Images images;
  private final Processes processes;

  /**
   * @param root Podman's storage root
   */
  public PodmanContainers(Path root, Images images, Processes processes) {
    this.root = root;
    this.images = images;
    this.processes = processes;
  }

  /** Where Podman keeps its state; empty if it has never kept any here. */
  public List<Path> files() {
    return filesBelow(root);
  }

  /** The same of any storage root. */
  public static List<Path> filesBelow(Path root) {
    return PodmanState.files(root);
  }

  /**
   * One container; empty if there is none of that id. One after the other: several records at once,
   * each as large as one may be, would be more than the heap has.
   */
  public synchronized Optional<ObservedContainer> find(String id) throws IOException {
    if (!PodmanState.isId(id)) {
      return Optional.empty();
    }
    for (Path file : files()) {
      try (PodmanState state = PodmanState.open(file)) {
        Optional<PodmanState.Raw> raw = state.container(id);
        if (raw.isPresent()) {
          return Optional.of(observed(id, PodmanRecord.read(raw.get()), state));
        }
      }
    }
    return Optional.empty();
  }

  /** Of every container its id, and a number that is another when its state is. */
  public Map<String, Long> marks() throws IOException {
    Map<String, Long> all = new HashMap<>();
    for (Path file : files()) {
      try (PodmanState state = PodmanState.open(file)) {
        state.marks().forEach(all::putIfAbsent);
      }
    }
    return all;
  }

  private ObservedContainer observed(String id, PodmanRecord record, PodmanState state)
      throws IOException {
    if (!record.id().equals(id)) {
      throw new IOException(
          "Podman's state has container " + record.id() + " in the place of " + id);
    }
    Optional<SortedMap<String, String>> ofImage =
        record
            .imageIfAny()
            .map(image -> images.labels(root, image))
            .orElseGet(() -> Optional.of(new TreeMap<>()));
    SortedMap<String, String> imageLabels = ofImage.map(TreeMap::new).orElseGet(TreeMap::new);
    SortedMap<String, String> labels = new TreeMap<>(record.labels());
    if (!record.pod().isEmpty()) {
      podLabels(record, state)
          .forEach((key, value) -> {
            String own = labels.get(key);
            boolean users = own != null && ofImage.isPresent() && !own.equals(imageLabels.get(key));
            if (!users) {
              labels.put(key, value);
              imageLabels.remove(key);
            }
          });
    }
    // The image's manifest may have written them: they count as what the image says.
    record
        .annotations()
        .forEach((key, value) -> {
          if (BOOKKEEPING.stream().noneMatch(key::startsWith) && !labels.containsKey(key)) {
            labels.put(key, value);
            imageLabels.put(key, value);
          }
        });
    boolean running = record.running() && processes.isOf(id, record.pid());
    return new ObservedContainer(
        id,
        record.name().isEmpty() ? id : record.name(),
        justTooMany(labels),
        imageLabels,
        ofImage.isPresent(),
        record.image(),
        running,
        running ? record.pid() : 0,
        // After a reboot the book still has those of before.
        running ? record.addresses() : List.of(),
        record.runtime(),
        networkMode(record),
        EngineCapabilities.of(false, record.capabilities(), List.of("ALL")));
  }

  /** A pod that is not there makes its container unreadable: its labels are unknown. */
  private static SortedMap<String, String> podLabels(PodmanRecord record, PodmanState state)
      throws IOException {
    Optional<byte[]> pod = state.pod(record.pod());
    if (pod.isEmpty()) {
      throw new IOException(
          "the pod " + record.pod() + " of container " + record.name() + " is not there");
    }
    return PodmanRecord.podLabels(pod.get());
  }

  private static String networkMode(PodmanRecord record) {
    if (!record.networkOf().isEmpty()) {
      return "container:" + record.networkOf();
    }
    return record.ownNetwork() ? ObservedContainer.OWN_NAMESPACE : "host";
  }

  /** Only so many of these that they are too many. */
  private static SortedMap<String, String> justTooMany(SortedMap<String, String> labels) {
    if (PodmanRecord.size(labels) <= PodmanRecord.LARGEST_LABELS) {
      return labels;
    }
    SortedMap<String, String> kept = new TreeMap<>();
    long held = 0;
    for (Map.Entry<String, String> label : labels.entrySet()) {
      if (held <= PodmanRecord.LARGEST_LABELS) {
        kept.put(label.getKey(), label.getValue());
        held += label.getKey().length() + label.getValue().length();
      }
    }
    return kept;
  }
}
