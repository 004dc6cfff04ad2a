package dev.drawbridge.daemon.description;

import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.daemon.container.Evasions;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What is known of a container before it runs.
 *
 * @param imageLabels empty if unknown
 * @param files of Docker, which describe it, now and later; none if it is not Docker's
 * @param granted the capabilities of its spec
 */
public record Described(
    String id,
    String name,
    String image,
    SortedMap<String, String> labels,
    Optional<SortedMap<String, String>> imageLabels,
    String runtime,
    String networkMode,
    List<Path> files,
    Set<String> granted) {

  public boolean dockers() {
    return !files.isEmpty();
  }

  /** As the runtime is to start it. */
  public Described with(Set<String> capabilities) {
    return new Described(
        id, name, image, labels, imageLabels, runtime, networkMode, files, capabilities);
  }

  public ObservedContainer observed(int pid, List<InetAddress> addresses) {
    return new ObservedContainer(
        id,
        name,
        labels,
        imageLabels.orElseGet(TreeMap::new),
        imageLabels.isPresent(),
        image,
        pid > 0,
        pid,
        addresses,
        runtime,
        networkMode,
        Evasions.among(granted));
  }
}
