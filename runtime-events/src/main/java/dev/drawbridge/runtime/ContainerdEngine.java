package dev.drawbridge.runtime;

import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.runtime.ContainerdApi.Entry;
import dev.drawbridge.runtime.ContainerdApi.Task;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/**
 * containerd, all namespaces but Docker's. An id is unique in its namespace only: of two containers
 * with one id the one that runs is told of, and where both do, the first by namespace. The hook
 * refuses the second.
 */
final class ContainerdEngine implements Engine {

  private static final System.Logger log = System.getLogger(ContainerdEngine.class.getName());

  /**
   * Docker's containers and those of its plug-ins: containerd knows neither their labels nor their
   * names, and Docker's own feed tells of them.
   */
  private static final Set<String> DOCKERS = Set.of("moby", "plugins.moby");

  /** Until an answer is there. A task is asked for behind hooks that run. */
  private static final int ANSWER_MILLIS = 10_000;

  private final ContainerdApi api;
  private final String version;
  private final Map<String, SortedSet<String>> namespaces = new ConcurrentHashMap<>();

  private ContainerdEngine(ContainerdApi api, String version) {
    this.api = api;
    this.version = version;
  }

  static boolean isOurs(String namespace) {
    return !DOCKERS.contains(namespace);
  }

  static ContainerdEngine connect(String socketPath) throws IOException {
    if (!Files.exists(Path.of(socketPath))) {
      throw new IOException(socketPath + ": no such socket");
    }
    ContainerdApi api = ContainerdApi.at(socketPath, ANSWER_MILLIS);
    try {
      return new ContainerdEngine(api, api.version());
    } catch (IOException | RuntimeException e) {
      api.close();
      throw e instanceof IOException io ? io : new IOException(socketPath + ": " + e, e);
    }
  }

  @Override
  public String describe() {
    return "containerd " + version;
  }

  @Override
  public Changes subscribe() throws IOException, InterruptedException {
    return ContainerdEvents.open(api, event -> note(event.container(), event.namespace()));
  }

  private void note(String id, String namespace) {
    namespaces.compute(
        id,
        (_, known) -> {
          SortedSet<String> all = known == null ? new TreeSet<>() : new TreeSet<>(known);
          all.add(namespace);
          return all;
        });
  }

  @Override
  public List<ObservedContainer> list() throws IOException {
    namespaces.clear();
    List<ObservedContainer> all = new ArrayList<>();
    for (String namespace : api.namespaces()) {
      if (!isOurs(namespace)) {
        continue;
      }
      for (String id : api.ids(namespace)) {
        boolean again = namespaces.containsKey(id);
        note(id, namespace);
        if (!again) {
          all.add(unseen(id, Optional.empty()));
        }
      }
    }
    return all;
  }

  /** Whatever its record says: whether it runs, and as which process, is not known. */
  private static ObservedContainer unseen(String id, Optional<ObservedContainer> recorded) {
    return new ObservedContainer(
        id,
        recorded.map(ObservedContainer::name).orElse(id),
        recorded.map(ObservedContainer::labels).orElseGet(TreeMap::new),
        new TreeMap<>(),
        false,
        recorded.map(ObservedContainer::image).orElse(""),
        true,
        0,
        List.of(),
        recorded.map(ObservedContainer::runtimeName).orElse(""),
        "",
        Set.of());
  }

  @Override
  public Optional<ObservedContainer> sight(String id) throws IOException {
    for (String namespace : whereabouts(id)) {
      try {
        Optional<Entry> found = api.container(namespace, id);
        if (found.isPresent()) {
          return Optional.of(unseen(id, recorded(found.get())));
        }
      } catch (ContainerdApi.Unparsable e) {
        log.log(Level.DEBUG, "container " + id + " of " + namespace, e);
        return Optional.of(unseen(id, Optional.empty()));
      }
    }
    return Optional.empty();
  }

  private static Optional<ObservedContainer> recorded(Entry entry) {
    try {
      return Optional.of(ContainerdIdentity.observed(entry, Optional.empty(), Optional.empty()));
    } catch (IOException e) {
      log.log(Level.DEBUG, "container " + entry.id() + " of " + entry.namespace(), e);
      return Optional.empty();
    }
  }

  @Override
  public Optional<ObservedContainer> inspect(String id) throws UnreadableException {
    Optional<ObservedContainer> chosen = Optional.empty();
    for (String namespace : whereabouts(id)) {
      Optional<ObservedContainer> found = inspect(namespace, id);
      if (found.isEmpty()) {
        forget(id, namespace);
      } else if (chosen.isEmpty() || (!chosen.get().running() && found.get().running())) {
        chosen = found;
      } else if (found.get().running()) {
        log.log(
            Level.WARNING,
            "container "
                + id
                + " of namespace "
                + namespace
                + " has the id of one that runs in another namespace, and is not told of");
      }
    }
    return chosen;
  }

  private Optional<ObservedContainer> inspect(String namespace, String id)
      throws UnreadableException {
    try {
      Optional<Entry> entry = api.container(namespace, id);
      if (entry.isEmpty()) {
        return Optional.empty();
      }
      Optional<Entry> pod = pod(api, entry.get());
      Optional<Task> task = api.task(namespace, id);
      return Optional.of(ContainerdIdentity.observed(entry.get(), pod, task));
    } catch (IOException e) {
      // Also a shim that is out of reach. Where it is containerd itself, sight() says so.
      throw new UnreadableException(String.valueOf(e.getMessage()), e);
    }
  }

  /** A pod that is not there any more makes its container unreadable: its labels are unknown. */
  static Optional<Entry> pod(ContainerdApi api, Entry entry) throws IOException {
    Optional<String> sandbox = ContainerdIdentity.sandbox(entry);
    if (sandbox.isEmpty()) {
      return Optional.empty();
    }
    Optional<Entry> pod = api.container(entry.namespace(), sandbox.get());
    if (pod.isEmpty()) {
      throw new IOException(
          "the pod " + sandbox.get() + " of container " + entry.id() + " is not there");
    }
    return pod;
  }

  private List<String> whereabouts(String id) {
    return List.copyOf(namespaces.getOrDefault(id, new TreeSet<>()));
  }

  private void forget(String id, String namespace) {
    namespaces.computeIfPresent(
        id,
        (_, known) -> {
          SortedSet<String> left = new TreeSet<>(known);
          left.remove(namespace);
          return left.isEmpty() ? null : left;
        });
  }

  @Override
  public void close() {
    api.close();
  }
}
