package dev.drawbridge.control;

import java.net.InetAddress;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A container as its runtime reports it.
 *
 * @param id the runtime's full id, 64 hexadecimal digits for Docker
 * @param name the name without a leading slash
 * @param labels every label the container bears, its image's included
 * @param imageLabels the labels its image bears, empty when unknown; tells provenance
 * @param imageKnown whether they are known: else any label may have come from the image
 * @param image the image reference as given at create
 * @param running whether it has a process now
 * @param pid its first process in the host's pid namespace, 0 unless running
 * @param addresses its addresses on all networks, empty when none is known
 * @param runtimeName the OCI runtime it was created with, such as {@code runc}; empty when unknown
 * @param networkMode such as {@code bridge}, {@code host}, {@code container:ID}, {@link
 *     #OWN_NAMESPACE}; empty when unknown
 * @param capabilities what it was created with, of those that {@link EngineCapabilities} knows;
 *     empty when unknown
 */
public record ObservedContainer(
    String id,
    String name,
    SortedMap<String, String> labels,
    SortedMap<String, String> imageLabels,
    boolean imageKnown,
    String image,
    boolean running,
    int pid,
    List<InetAddress> addresses,
    String runtimeName,
    String networkMode,
    Set<String> capabilities) {

  /**
   * A network mode: whatever namespace the container was given, no engine of its own keeps its
   * network, and none answers names in it.
   */
  public static final String OWN_NAMESPACE = "namespace";

  public ObservedContainer {
    labels = Collections.unmodifiableSortedMap(new TreeMap<>(labels));
    imageLabels = Collections.unmodifiableSortedMap(new TreeMap<>(imageLabels));
    addresses = List.copyOf(addresses);
    capabilities = Collections.unmodifiableSet(new TreeSet<>(capabilities));
  }

  /** One whose image is known and whose capabilities are not. */
  public ObservedContainer(
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
    this(
        id,
        name,
        labels,
        imageLabels,
        true,
        image,
        running,
        pid,
        addresses,
        runtimeName,
        networkMode,
        Set.of());
  }

  /** The same with other addresses. */
  public ObservedContainer at(List<InetAddress> others) {
    return with(others, networkMode);
  }

  /** The same with another network mode. */
  public ObservedContainer in(String otherMode) {
    return with(addresses, otherMode);
  }

  private ObservedContainer with(List<InetAddress> otherAddresses, String otherMode) {
    return new ObservedContainer(
        id,
        name,
        labels,
        imageLabels,
        imageKnown,
        image,
        running,
        pid,
        otherAddresses,
        runtimeName,
        otherMode,
        capabilities);
  }

  /**
   * The labels that whoever started the container gave it: what an image may not decide is decided
   * by these. One that the image has with the same value counts as the image's, and so do all while
   * the image's are not known.
   */
  public SortedMap<String, String> ownLabels() {
    SortedMap<String, String> own = new TreeMap<>();
    if (imageKnown) {
      own.putAll(labels);
      own.entrySet().removeAll(imageLabels.entrySet());
    }
    return own;
  }

  /** The first twelve digits of the id, as the docker command prints it. */
  public String shortId() {
    return id.length() > 12 ? id.substring(0, 12) : id;
  }
}
