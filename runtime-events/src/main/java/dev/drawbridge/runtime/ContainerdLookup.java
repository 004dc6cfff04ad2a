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

  /** Until an answer must be there: less than a hook waits for the agent. */
  private static final int ANSWER_MILLIS = 2_000;

  private final String socketPath;
  private final ContainerdApi api;

  /** Connects when it is first asked. */
  public ContainerdLookup(String socketPath) {
    this.socketPath = socketPath;
    this.api = ContainerdApi.at(socketPath, ANSWER_MILLIS);
  }

  /**
   * One container without process and addresses; empty if containerd has none of that id in the
   * namespace. Docker's are never found: their labels are not in the record.
   */
  public Optional<ObservedContainer> find(String namespace, String id) throws IOException {
    if (!Files.exists(Path.of(socketPath))) {
      throw new IOException(socketPath + ": no such socket");
    }
    if (!ContainerdEngine.isOurs(namespace)) {
      return Optional.empty();
    }
    Optional<Entry> entry =
        api.container(namespace, id).filter(one -> !ContainerdIdentity.isDockers(one));
    return entry.isEmpty()
        ? Optional.empty()
        : Optional.of(
            ContainerdIdentity.observed(
                entry.get(), ContainerdEngine.pod(api, entry.get()), Optional.empty()));
  }

  @Override
  public void close() {
    api.close();
  }
}
