package dev.drawbridge.daemon.loop;

import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.daemon.container.Evasions;
import dev.drawbridge.hook.OciSpec;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What is known of a container before it runs.
 *
 * @param imageLabels empty if unknown
 * @param dockers whether Docker's files describe it, now and later
 */
record Described(
    String id,
    String name,
    String image,
    SortedMap<String, String> labels,
    Optional<SortedMap<String, String>> imageLabels,
    String runtime,
    String networkMode,
    boolean dockers,
    OciSpec spec) {

  ObservedContainer observed(int pid, List<InetAddress> addresses) {
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
        Evasions.among(spec.capabilities()));
  }
}
