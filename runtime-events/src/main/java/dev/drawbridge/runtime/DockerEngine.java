package dev.drawbridge.runtime;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.Container;
import com.github.dockerjava.api.model.ContainerConfig;
import com.github.dockerjava.api.model.ContainerNetwork;
import com.github.dockerjava.api.model.Version;
import com.github.dockerjava.core.DefaultDockerClientConfig;
import com.github.dockerjava.core.DockerClientImpl;
import com.github.dockerjava.core.RemoteApiVersion;
import com.github.dockerjava.httpclient5.ApacheDockerHttpClient;
import dev.drawbridge.control.ObservedContainer;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A connection to one Docker engine. Requests carry no version in their path, which every engine
 * since 1.12 answers with the newest API that it has.
 */
final class DockerEngine implements AutoCloseable {

  /** Images whose labels are remembered. */
  private static final int IMAGES_REMEMBERED = 256;

  private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(30);

  private final DockerClient client;
  private final DockerClient streaming;
  private final Map<String, SortedMap<String, String>> imageLabels =
      new LinkedHashMap<>(64, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, SortedMap<String, String>> eldest) {
          return size() > IMAGES_REMEMBERED;
        }
      };

  private DockerEngine(DockerClient client, DockerClient streaming) {
    this.client = client;
    this.streaming = streaming;
  }

  static DockerEngine connect(String socketPath) throws IOException {
    DockerEngine engine =
        new DockerEngine(
            client(socketPath, ANSWER_TIMEOUT),
            // An event stream is silent for as long as nothing happens.
            client(socketPath, Duration.ZERO));
    try {
      engine.client.pingCmd().exec();
      return engine;
    } catch (RuntimeException e) {
      engine.close();
      throw new IOException(socketPath + ": " + e.getMessage(), e);
    }
  }

  private static DockerClient client(String socketPath, Duration answerTimeout) {
    DefaultDockerClientConfig config =
        DefaultDockerClientConfig.createDefaultConfigBuilder()
            .withDockerHost("unix://" + socketPath)
            .withDockerTlsVerify(false)
            .withApiVersion(RemoteApiVersion.UNKNOWN_VERSION)
            .build();
    ApacheDockerHttpClient transport =
        new ApacheDockerHttpClient.Builder()
            .dockerHost(config.getDockerHost())
            .maxConnections(4)
            .connectionTimeout(Duration.ofSeconds(5))
            .responseTimeout(answerTimeout)
            .build();
    return DockerClientImpl.getInstance(config, transport);
  }

  DockerEvents subscribe() throws IOException, InterruptedException {
    DockerEvents events = new DockerEvents();
    streaming.eventsCmd().exec(events.callback());
    events.awaitOpen();
    return events;
  }

  /** Name and version for people. */
  String describe() {
    Version version = client.versionCmd().exec();
    return "Docker " + version.getVersion() + ", API " + version.getApiVersion();
  }

  /** Ids of every container, running or not. */
  List<String> list() {
    List<String> ids = new ArrayList<>();
    for (Container container : client.listContainersCmd().withShowAll(true).exec()) {
      ids.add(container.getId());
    }
    return ids;
  }

  /** The container as it is now; nothing if there is none of that id. */
  Optional<ObservedContainer> inspect(String id) {
    InspectContainerResponse found;
    try {
      found = client.inspectContainerCmd(id).exec();
    } catch (NotFoundException e) {
      return Optional.empty();
    }
    InspectContainerResponse.ContainerState state = found.getState();
    boolean running = state != null && Boolean.TRUE.equals(state.getRunning());
    Long pid = state == null ? null : state.getPidLong();
    ContainerConfig config = found.getConfig();
    String image = config == null ? null : config.getImage();
    return Optional.of(
        new ObservedContainer(
            id,
            name(found.getName()),
            sorted(config == null ? null : config.getLabels()),
            imageLabels(found.getImageId()),
            image == null ? "" : image,
            running,
            running && pid != null ? Math.toIntExact(pid) : 0,
            addresses(found),
            found.getHostConfig() == null ? "" : text(found.getHostConfig().getRuntime()),
            found.getHostConfig() == null ? "" : text(found.getHostConfig().getNetworkMode())));
  }

  private static String name(@Nullable String name) {
    String text = text(name);
    return text.startsWith("/") ? text.substring(1) : text;
  }

  private static String text(@Nullable String text) {
    return text == null ? "" : text;
  }

  private static SortedMap<String, String> sorted(@Nullable Map<String, String> labels) {
    return labels == null ? new TreeMap<>() : new TreeMap<>(labels);
  }

  private SortedMap<String, String> imageLabels(@Nullable String imageId) {
    if (imageId == null || imageId.isEmpty()) {
      return new TreeMap<>();
    }
    SortedMap<String, String> known = imageLabels.get(imageId);
    if (known != null) {
      return known;
    }
    SortedMap<String, String> labels;
    try {
      ContainerConfig config = client.inspectImageCmd(imageId).exec().getConfig();
      labels = sorted(config == null ? null : config.getLabels());
    } catch (NotFoundException e) {
      // The image was removed; its containers live on.
      labels = new TreeMap<>();
    }
    imageLabels.put(imageId, labels);
    return labels;
  }

  private static List<InetAddress> addresses(InspectContainerResponse found) {
    List<InetAddress> addresses = new ArrayList<>();
    if (found.getNetworkSettings() == null || found.getNetworkSettings().getNetworks() == null) {
      return addresses;
    }
    for (ContainerNetwork network : found.getNetworkSettings().getNetworks().values()) {
      add(addresses, network.getIpAddress());
      add(addresses, network.getGlobalIPv6Address());
    }
    return addresses;
  }

  private static void add(List<InetAddress> addresses, @Nullable String literal) {
    if (literal != null && !literal.isEmpty()) {
      addresses.add(InetAddress.ofLiteral(literal));
    }
  }

  @Override
  public void close() throws IOException {
    try {
      client.close();
    } finally {
      streaming.close();
    }
  }
}
