package dev.drawbridge.runtime;

import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.runtime.podman.PodmanContainers;
import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * Podman by its files. There is no process that could tell of containers: each command of Podman
 * writes the state, and leaves. So what is followed is writing (inotify(7)), and which containers
 * it was about is said by what is different since. Podman's own socket is not asked: it would wait
 * behind hooks that run, and where it is not there nothing else would be either.
 */
final class PodmanEngine implements Engine {

  private final Path root;
  private final PodmanContainers containers;

  private PodmanEngine(Path root, PodmanContainers containers) {
    this.root = root;
    this.containers = containers;
  }

  static PodmanEngine connect(Path root, PodmanContainers containers) throws IOException {
    if (containers.files().isEmpty()) {
      throw new IOException("there is no state of Podman in " + root);
    }
    return new PodmanEngine(root, containers);
  }

  @Override
  public String describe() {
    return "podman, by "
        + String.join(" and ", containers.files().stream().map(Path::toString).toList());
  }

  @Override
  public Changes subscribe() throws IOException {
    WatchService watch = root.getFileSystem().newWatchService();
    try {
      Following following = new Following(watch);
      following.watch(root);
      if (Files.isDirectory(root.resolve("libpod"))) {
        following.watch(root.resolve("libpod"));
      }
      // After the watch has begun: what is different from now on is told.
      following.marks = containers.marks();
      return following;
    } catch (IOException | RuntimeException e) {
      watch.close();
      throw e;
    }
  }

  @Override
  public List<ObservedContainer> list() throws IOException {
    return containers.marks().keySet().stream().map(PodmanEngine::unseen).toList();
  }

  /** All that is known of it is that there is one: it may run, as whatever process. */
  private static ObservedContainer unseen(String id) {
    return new ObservedContainer(
        id,
        id,
        new TreeMap<>(),
        new TreeMap<>(),
        false,
        "",
        true,
        0,
        List.of(),
        "",
        ObservedContainer.OWN_NAMESPACE,
        Set.of());
  }

  @Override
  public Optional<ObservedContainer> sight(String id) throws IOException {
    return containers.marks().containsKey(id) ? Optional.of(unseen(id)) : Optional.empty();
  }

  @Override
  public Optional<ObservedContainer> inspect(String id) throws UnreadableException {
    try {
      return containers.find(id);
    } catch (IOException e) {
      throw new UnreadableException(String.valueOf(e.getMessage()), e);
    }
  }

  @Override
  public void close() {
    // What was subscribed to is closed by whoever subscribed; files are open only while they are
    // read.
  }

  /** Owned by the feed's thread. */
  private final class Following implements Changes {
    /** One command of Podman writes several times; they are looked at together. */
    private static final int SETTLE_MILLIS = 20;

    private final WatchService watch;
    private Map<String, Long> marks = Map.of();
    private String ended = "";

    private Following(WatchService watch) {
      this.watch = watch;
    }

    private void watch(Path directory) throws IOException {
      WatchKey _ =
          directory.register(
              watch,
              StandardWatchEventKinds.ENTRY_CREATE,
              StandardWatchEventKinds.ENTRY_MODIFY,
              StandardWatchEventKinds.ENTRY_DELETE);
    }

    @Override
    public Optional<Set<String>> next(long millis) throws InterruptedException {
      long began = System.nanoTime();
      while (true) {
        if (!ended.isEmpty()) {
          return Optional.of(Set.of());
        }
        long left = millis - TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began);
        try {
          WatchKey first = watch.poll(Math.max(0, left), TimeUnit.MILLISECONDS);
          if (first == null) {
            return Optional.empty();
          }
          boolean written = take(first);
          TimeUnit.MILLISECONDS.sleep(SETTLE_MILLIS);
          for (WatchKey more = watch.poll(); more != null; more = watch.poll()) {
            written |= take(more);
          }
          Set<String> changed = written ? changed() : Set.of();
          if (!changed.isEmpty()) {
            return Optional.of(changed);
          }
        } catch (ClosedWatchServiceException e) {
          ended = "closed";
        } catch (IOException e) {
          ended = String.valueOf(e.getMessage());
        }
      }
    }

    /** Whether what happened may have been about the state. */
    private boolean take(WatchKey key) {
      boolean written = false;
      for (WatchEvent<?> event : key.pollEvents()) {
        String name = String.valueOf(event.context());
        // Of SQLite also the journal's coming and going, by which a transaction is done.
        written |=
            event.kind().equals(StandardWatchEventKinds.OVERFLOW)
                || name.startsWith("db.sql")
                || name.startsWith("bolt_state.db");
        if (name.equals("libpod") && !event.kind().equals(StandardWatchEventKinds.ENTRY_MODIFY)) {
          ended = "the directory " + root.resolve("libpod") + " came or went";
        }
      }
      if (!key.reset()) {
        ended = "a directory of Podman's state is gone";
      }
      return written;
    }

    private Set<String> changed() throws IOException {
      if (containers.files().isEmpty()) {
        throw new IOException("Podman's state is gone from " + root);
      }
      Map<String, Long> now = containers.marks();
      Set<String> changed = new LinkedHashSet<>();
      List<String> all = new ArrayList<>(marks.keySet());
      all.addAll(now.keySet());
      for (String id : all) {
        Long before = marks.get(id);
        if (before == null || !before.equals(now.get(id))) {
          changed.add(id);
        }
      }
      marks = now;
      return changed;
    }

    @Override
    public String endedBecause() {
      return ended;
    }

    @Override
    public void close() throws IOException {
      watch.close();
    }
  }
}
