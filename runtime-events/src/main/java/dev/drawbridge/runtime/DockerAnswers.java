package dev.drawbridge.runtime;

import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.Container;
import com.github.dockerjava.api.model.ContainerConfig;
import com.github.dockerjava.api.model.ContainerHostConfig;
import com.github.dockerjava.api.model.ContainerNetwork;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.RestartPolicy;
import dev.drawbridge.control.EngineCapabilities;
import dev.drawbridge.control.ObservedContainer;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Docker's answers as values. Any field may be absent in an answer, and docker-java then has null;
 * what is present but impossible throws {@link IllegalArgumentException}.
 */
final class DockerAnswers {
  /** Values of State in a list that mean: has a process. */
  private static final Set<String> RUNNING = Set.of("running", "paused");

  /** Go's zero time. */
  private static final String NEVER = "0001-";

  private DockerAnswers() {}

  /**
   * @param imageLabels of the container's image, empty if unknown
   */
  static ObservedContainer inspected(
      String id, InspectContainerResponse found, Optional<SortedMap<String, String>> imageLabels) {
    InspectContainerResponse.@Nullable ContainerState state = found.getState();
    boolean running = state != null && Boolean.TRUE.equals(state.getRunning());
    Long pid = state == null ? null : state.getPidLong();
    ContainerConfig config = found.getConfig();
    HostConfig host = found.getHostConfig();
    return new ObservedContainer(
        id,
        name(found.getName()),
        labels(config),
        imageLabels.orElseGet(TreeMap::new),
        imageLabels.isPresent(),
        config == null ? "" : text(config.getImage()),
        running,
        running && pid != null ? pid(pid) : 0,
        found.getNetworkSettings() == null
            ? List.of()
            : addresses(found.getNetworkSettings().getNetworks()),
        host == null ? "" : text(host.getRuntime()),
        host == null ? "" : text(host.getNetworkMode()),
        host == null ? Set.of() : capabilities(host));
  }

  /** What has a process was not refused, whatever came before. */
  static Optional<RefusedStart> refused(String id, InspectContainerResponse found) {
    InspectContainerResponse.@Nullable ContainerState state = found.getState();
    if (state == null
        || Boolean.TRUE.equals(state.getRunning())
        || Boolean.TRUE.equals(state.getRestarting())
        || !RefusedStart.says(text(state.getError()))) {
      return Optional.empty();
    }
    HostConfig host = found.getHostConfig();
    RestartPolicy policy = host == null ? null : host.getRestartPolicy();
    String started = text(state.getStartedAt());
    return Optional.of(
        new RefusedStart(
            id,
            name(found.getName()),
            text(state.getError()),
            policy != null && RefusedStart.restarts(text(policy.getName())),
            !started.isEmpty() && !started.startsWith(NEVER)));
  }

  private static Set<String> capabilities(HostConfig host) {
    return EngineCapabilities.of(
        Boolean.TRUE.equals(host.getPrivileged()),
        names(host.getCapAdd()),
        names(host.getCapDrop()));
  }

  /** An element that docker-java does not know is null there: anything, then. */
  private static List<String> names(Capability @Nullable [] capabilities) {
    List<String> names = new ArrayList<>();
    for (Capability capability : capabilities == null ? new Capability[0] : capabilities) {
      if (capability != null) {
        names.add(capability.name());
      }
    }
    return names;
  }

  /**
   * Without process, runtime and image labels, which a list does not have. Empty if it has not even
   * an id.
   */
  static Optional<ObservedContainer> listed(Container container) {
    if (text(container.getId()).isEmpty()) {
      return Optional.empty();
    }
    String[] names = container.getNames();
    ContainerHostConfig host = container.getHostConfig();
    return Optional.of(
        new ObservedContainer(
            container.getId(),
            names == null || names.length == 0 ? "" : name(names[0]),
            sorted(container.getLabels()),
            new TreeMap<>(),
            false,
            text(container.getImage()),
            RUNNING.contains(text(container.getState())),
            0,
            container.getNetworkSettings() == null
                ? List.of()
                : addresses(container.getNetworkSettings().getNetworks()),
            "",
            host == null ? "" : text(host.getNetworkMode()),
            Set.of()));
  }

  static SortedMap<String, String> labels(@Nullable ContainerConfig config) {
    return config == null ? new TreeMap<>() : sorted(config.getLabels());
  }

  private static int pid(long pid) {
    if (pid < 0 || pid > Integer.MAX_VALUE) {
      throw new IllegalArgumentException("process id " + pid);
    }
    return (int) pid;
  }

  private static String name(@Nullable String name) {
    String text = text(name);
    return text.startsWith("/") ? text.substring(1) : text;
  }

  static String text(@Nullable String text) {
    return text == null ? "" : text;
  }

  /** A label without a value is a label with an empty one. */
  private static SortedMap<String, String> sorted(@Nullable Map<String, String> labels) {
    SortedMap<String, String> sorted = new TreeMap<>();
    if (labels != null) {
      labels.forEach((key, value) -> sorted.put(key, text(value)));
    }
    return sorted;
  }

  private static List<InetAddress> addresses(@Nullable Map<String, ContainerNetwork> networks) {
    List<InetAddress> addresses = new ArrayList<>();
    Collection<ContainerNetwork> each = networks == null ? List.of() : networks.values();
    for (ContainerNetwork network : each) {
      if (network != null) {
        add(addresses, network.getIpAddress());
        add(addresses, network.getGlobalIPv6Address());
      }
    }
    return addresses;
  }

  private static void add(List<InetAddress> addresses, @Nullable String literal) {
    if (literal != null && !literal.isEmpty()) {
      addresses.add(InetAddress.ofLiteral(literal));
    }
  }
}
