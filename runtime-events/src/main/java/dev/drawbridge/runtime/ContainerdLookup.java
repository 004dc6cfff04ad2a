package dev.drawbridge.runtime;

import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.runtime.ContainerdApi.Entry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Asks containerd who a container is while a hook of it runs. The record of a container is read
 * from the metadata store, which no container's start holds; its task must not be asked for, which
 * would wait for the hook. Safe for any thread.
 */
public final class ContainerdLookup implements AutoCloseable {

  /** As much of labels and annotations is told of, and a little more: see daemon. */
  public static final int LARGEST_LABELS = ContainerdIdentity.LARGEST_LABELS;

  /**
   * Until all answers must be there, the container's and its pod's: less than a hook waits longer
   * than the agent may take for the rest.
   */
  static final int ANSWER_MILLIS = 1_500;

  private static final String NOT_DOCKERS =
      " says that it is Docker's, whose files say nothing of it; if it is, set dataRoot to Docker's"
          + " data root";

  private final String socketPath;
  private final ContainerdApi api;

  /** Connects when it is first asked. */
  public ContainerdLookup(String socketPath) {
    this.socketPath = socketPath;
    this.api = ContainerdApi.at(socketPath, ANSWER_MILLIS);
  }

  /**
   * One container without process and addresses; empty if containerd has none of that id in the
   * namespace.
   *
   * @throws IOException also for one that is Docker's or says so, as an image may: the labels of
   *     Docker's are not in the record
   */
  public Optional<ObservedContainer> find(String namespace, String id) throws IOException {
    if (!Files.exists(Path.of(socketPath))) {
      throw new IOException(socketPath + ": no such socket");
    }
    if (!ContainerdEngine.isOurs(namespace)) {
      throw new IOException("namespace " + namespace + NOT_DOCKERS);
    }
    api.retryNow();
    ContainerdApi now = api.within(ANSWER_MILLIS);
    Optional<Entry> entry = now.container(namespace, id);
    if (entry.map(ContainerdIdentity::isDockers).orElse(false)) {
      throw new IOException("its label " + ContainerdIdentity.BY_DOCKER + NOT_DOCKERS);
    }
    return entry.isEmpty()
        ? Optional.empty()
        : Optional.of(
            ContainerdIdentity.observed(
                entry.get(), ContainerdEngine.pod(now, entry.get()), Optional.empty()));
  }

  @Override
  public void close() {
    api.close();
  }
}
