package dev.drawbridge.control;

import java.net.InetAddress;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A container as its runtime reports it.
 *
 * @param id the runtime's full id, 64 hexadecimal digits for Docker
 * @param name the name without a leading slash
 * @param labels every label the container bears, its image's included
 * @param imageLabels the labels its image bears, empty when unknown; tells provenance
 * @param image the image reference as given at create
 * @param running whether it has a process now
 * @param pid its first process in the host's pid namespace, 0 unless running
 * @param addresses its addresses on all networks, empty when none is known
 * @param runtimeName the OCI runtime it was created with, such as {@code runc}; empty when unknown
 * @param networkMode such as {@code bridge}, {@code host}, {@code container:ID}; empty when unknown
 */
public record ObservedContainer(
    String id,
    String name,
    SortedMap<String, String> labels,
    SortedMap<String, String> imageLabels,
    String image,
    boolean running,
    int pid,
    List<InetAddress> addresses,
    String runtimeName,
    String networkMode) {

  public ObservedContainer {
    labels = Collections.unmodifiableSortedMap(new TreeMap<>(labels));
    imageLabels = Collections.unmodifiableSortedMap(new TreeMap<>(imageLabels));
    addresses = List.copyOf(addresses);
  }

  /** The first twelve digits of the id, as the docker command prints it. */
  public String shortId() {
    return id.length() > 12 ? id.substring(0, 12) : id;
  }
}
