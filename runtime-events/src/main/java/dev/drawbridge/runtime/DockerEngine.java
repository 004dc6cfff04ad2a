package dev.drawbridge.runtime;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.command.InspectImageResponse;
import com.github.dockerjava.api.command.ListContainersCmd;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.exception.NotModifiedException;
import com.github.dockerjava.api.model.Container;
import com.github.dockerjava.api.model.EventType;
import com.github.dockerjava.api.model.Version;
import com.github.dockerjava.core.DefaultDockerClientConfig;
import com.github.dockerjava.core.DockerClientConfig;
import com.github.dockerjava.core.DockerClientImpl;
import com.github.dockerjava.core.RemoteApiVersion;
import com.github.dockerjava.httpclient5.ApacheDockerHttpClient;
import dev.drawbridge.control.ObservedContainer;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.CancellationException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A connection to one Docker engine, in the newest API version that both sides know. */
final class DockerEngine implements Engine, Starter {

  /** What docker-java 3.7 is written for; an engine that offers less is spoken to in its own. */
  static final RemoteApiVersion NEWEST = RemoteApiVersion.VERSION_1_44;

  /**
   * An inspect waits for the lock of a container that is starting; beyond this the list must do.
   */
  private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(10);

  /**
   * The engine answers an event subscription a moment before it subscribes; it keeps the last
   * events for this.
   */
  private static final Duration EVENTS_SINCE = Duration.ofSeconds(2);

  private final String description;
  private final DockerClient client;
  private final DockerClient streaming;
  private final ImageLabels imageLabels;

  private DockerEngine(String description, DockerClient client, DockerClient streaming) {
    this.description = description;
    this.client = client;
    this.streaming = streaming;
    this.imageLabels = new ImageLabels(client);
  }

  static DockerEngine connect(String socketPath) throws IOException {
    Version version;
    // Docker's ping offers its version in a header, which docker-java drops; /version says the same
    // in its body.
    try (DockerClient unversioned =
        client(socketPath, RemoteApiVersion.UNKNOWN_VERSION, ANSWER_TIMEOUT)) {
      version = unversioned.versionCmd().exec();
    } catch (RuntimeException e) {
      throw new IOException(socketPath + ": " + rootMessage(e), e);
    }
    RemoteApiVersion api = older(version.getApiVersion());
    return new DockerEngine(
        "Docker "
            + version.getVersion()
            + ", API "
            + (api.equals(RemoteApiVersion.UNKNOWN_VERSION) ? "its own" : api.getVersion()),
        client(socketPath, api, ANSWER_TIMEOUT),
        // An event stream is silent for as long as nothing happens.
        client(socketPath, api, Duration.ZERO));
  }

  /**
   * The older of this and {@link #NEWEST}; without a usable version none is sent, which every
   * engine answers with its newest.
   */
  static RemoteApiVersion older(@Nullable String offered) {
    RemoteApiVersion version = RemoteApiVersion.parseConfigWithDefault(offered);
    if (version.equals(RemoteApiVersion.UNKNOWN_VERSION)) {
      return version;
    }
    return version.isGreaterOrEqual(NEWEST) ? NEWEST : version;
  }

  private static DockerClientConfig config(String socketPath, RemoteApiVersion version) {
    return DefaultDockerClientConfig.createDefaultConfigBuilder()
        .withDockerHost("unix://" + socketPath)
        .withDockerTlsVerify(false)
        .withApiVersion(version)
        .build();
  }

  private static ApacheDockerHttpClient transport(
      DockerClientConfig config, Duration answerTimeout) {
    return new ApacheDockerHttpClient.Builder()
        .dockerHost(config.getDockerHost())
        .maxConnections(4)
        .connectionTimeout(Duration.ofSeconds(5))
        .responseTimeout(answerTimeout)
        .build();
  }

  private static DockerClient client(
      String socketPath, RemoteApiVersion version, Duration answerTimeout) {
    DockerClientConfig config = config(socketPath, version);
    return DockerClientImpl.getInstance(config, transport(config, answerTimeout));
  }

  @Override
  public DockerEvents subscribe() throws IOException, InterruptedException {
    DockerEvents events = new DockerEvents();
    List<String> actions = new ArrayList<>(DockerEvents.CONTAINER_ACTIONS);
    actions.addAll(DockerEvents.NETWORK_ACTIONS);
    ask(() ->
        streaming
            .eventsCmd()
            .withEventTypeFilter(EventType.CONTAINER, EventType.NETWORK)
            .withEventFilter(actions.toArray(String[]::new))
            .withSince(Long.toString(Instant.now().minus(EVENTS_SINCE).getEpochSecond()))
            .exec(events.callback()));
    events.awaitOpen();
    return events;
  }

  @Override
  public String describe() {
    return description;
  }

  @Override
  public List<ObservedContainer> list() throws IOException {
    return list(client.listContainersCmd().withShowAll(true));
  }

  @Override
  public Optional<ObservedContainer> sight(String id) throws IOException {
    return list(client.listContainersCmd().withShowAll(true).withIdFilter(List.of(id))).stream()
        .filter(c -> c.id().equals(id))
        .findFirst();
  }

  private static List<ObservedContainer> list(ListContainersCmd command) throws IOException {
    List<ObservedContainer> all = new ArrayList<>();
    for (Container container : ask(command::exec)) {
      DockerAnswers.listed(container).ifPresent(all::add);
    }
    return all;
  }

  @Override
  public Optional<ObservedContainer> inspect(String id) throws IOException, UnreadableException {
    try {
      InspectContainerResponse found = client.inspectContainerCmd(id).exec();
      return Optional.of(DockerAnswers.inspected(id, found, imageLabels.of(found.getImageId())));
    } catch (NotFoundException e) {
      return Optional.empty();
    } catch (RuntimeException e) {
      if (engineIsGone(e)) {
        throw new IOException(rootMessage(e), e);
      }
      throw new UnreadableException(rootMessage(e), e);
    }
  }

  @Override
  public Optional<RefusedStart> refused(String id) throws IOException {
    try {
      return DockerAnswers.refused(id, client.inspectContainerCmd(id).exec());
    } catch (NotFoundException e) {
      return Optional.empty();
    } catch (RuntimeException e) {
      throw new IOException(rootMessage(e), e);
    }
  }

  /** It takes as long as hooks and runtime do. */
  @Override
  public Optional<String> start(String id) throws IOException {
    try {
      streaming.startContainerCmd(id).exec();
      return Optional.empty();
    } catch (NotModifiedException e) {
      // Somebody else was faster.
      return Optional.empty();
    } catch (NotFoundException e) {
      // Removed meanwhile, unless it is another container that this one needs.
      return sight(id).map(_ -> rootMessage(e));
    } catch (DockerException e) {
      return Optional.of(rootMessage(e));
    } catch (RuntimeException e) {
      throw new IOException(rootMessage(e), e);
    }
  }

  private static <T> T ask(Supplier<T> question) throws IOException {
    try {
      return question.get();
    } catch (RuntimeException e) {
      throw new IOException(rootMessage(e), e);
    }
  }

  /**
   * An answer that came, however bad, or that comes too late for one container, is not the end of
   * the engine.
   */
  static boolean engineIsGone(RuntimeException thrown) {
    if (thrown instanceof DockerException) {
      return false;
    }
    for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
      if (cause instanceof JsonProcessingException || cause instanceof SocketTimeoutException) {
        return false;
      }
      // A cancelled wait for a connection: this feed is being closed.
      if (cause instanceof IOException || cause instanceof CancellationException) {
        return true;
      }
    }
    return false;
  }

  private static String rootMessage(Throwable thrown) {
    Throwable cause = thrown;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    return String.valueOf(cause.getMessage());
  }

  @Override
  public void close() throws IOException {
    try {
      client.close();
    } finally {
      streaming.close();
    }
  }

  /**
   * The labels of images, remembered: an image of one id never changes. Used by the feed's thread
   * alone.
   */
  private static final class ImageLabels {
    /** Images whose labels are remembered. */
    private static final int REMEMBERED = 256;

    private final DockerClient client;
    private final Map<String, SortedMap<String, String>> known =
        new LinkedHashMap<>(64, 0.75f, true);

    ImageLabels(DockerClient client) {
      this.client = client;
    }

    /** Empty if they cannot be known. */
    Optional<SortedMap<String, String>> of(@Nullable String imageId) {
      if (imageId == null || imageId.isEmpty()) {
        return Optional.empty();
      }
      SortedMap<String, String> remembered = known.get(imageId);
      if (remembered != null) {
        return Optional.of(remembered);
      }
      InspectImageResponse image;
      try {
        image = client.inspectImageCmd(imageId).exec();
      } catch (NotFoundException e) {
        // The image was removed; its containers live on.
        return Optional.empty();
      }
      if (DockerAnswers.text(image.getOs()).isEmpty()) {
        // Every configuration names a system. With images in containerd's store the engine answers
        // for one whose configuration it does not have, too, as if it had no labels.
        return Optional.empty();
      }
      SortedMap<String, String> labels = DockerAnswers.labels(image.getConfig());
      known.put(imageId, labels);
      if (known.size() > REMEMBERED) {
        known.remove(known.keySet().iterator().next());
      }
      return Optional.of(labels);
    }
  }
}
