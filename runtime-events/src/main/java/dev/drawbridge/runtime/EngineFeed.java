package dev.drawbridge.runtime;

import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.control.RuntimeEvent;
import dev.drawbridge.runtime.podman.PodmanContainers;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * An engine's containers, as a feed that misses nothing: it subscribes to events first, then lists,
 * then plays the events that came meanwhile, and does all of that again whenever the connection was
 * lost. Every event makes it look at the container anew, so that an old event can never bring back
 * an old state; of several events that wait for one container only the last is looked at. One that
 * could not be seen is looked at again, whether anything happens to it or not.
 *
 * <p>The sink is called on one thread, in order. It may block, which delays only this feed. What it
 * throws ends the connection, and the next one lists everything again.
 */
public final class EngineFeed implements AutoCloseable {

  private static final System.Logger log = System.getLogger(EngineFeed.class.getName());

  /**
   * First and longest pause, in milliseconds, before connecting again; each is jittered by half.
   */
  static final int FIRST_PAUSE_MILLIS = 100;

  static final int LONGEST_PAUSE_MILLIS = 5_000;

  /** Pause, in milliseconds, before one of those that could not be seen is looked at again. */
  static final int AGAIN_MILLIS = 5_000;

  private final String name;
  private final int againMillis;

  /** Those that could not be seen, whoever waits longest first. */
  private final Set<String> unseen = new LinkedHashSet<>();

  private final Engine.Connector connector;
  private final Consumer<RuntimeEvent> sink;
  private final Thread thread;
  private volatile boolean closed;

  EngineFeed(String name, Engine.Connector connector, Consumer<RuntimeEvent> sink) {
    this(name, connector, sink, AGAIN_MILLIS);
  }

  EngineFeed(
      String name, Engine.Connector connector, Consumer<RuntimeEvent> sink, int againMillis) {
    this.againMillis = againMillis;
    this.name = name + "-feed";
    this.connector = connector;
    this.sink = sink;
    this.thread = Thread.ofPlatform().name(this.name).daemon().unstarted(this::run);
  }

  /**
   * Docker's containers.
   *
   * @param socketPath the engine's Unix socket, such as {@code /var/run/docker.sock}
   */
  public static EngineFeed docker(String socketPath, Consumer<RuntimeEvent> sink) {
    return new EngineFeed("docker", () -> DockerEngine.connect(socketPath), sink);
  }

  /**
   * Those of containerd, in every namespace but Docker's own.
   *
   * @param socketPath such as {@code /run/containerd/containerd.sock}
   */
  public static EngineFeed containerd(String socketPath, Consumer<RuntimeEvent> sink) {
    return new EngineFeed("containerd", () -> ContainerdEngine.connect(socketPath), sink);
  }

  /**
   * Podman's containers, by the state below its storage root.
   *
   * @param root such as {@code /var/lib/containers/storage}
   */
  public static EngineFeed podman(
      Path root, PodmanContainers containers, Consumer<RuntimeEvent> sink) {
    return new EngineFeed("podman", () -> PodmanEngine.connect(root, containers), sink);
  }

  /** Starts listening; an engine that does not answer yet is waited for. */
  public void start() {
    thread.start();
  }

  @Override
  public void close() {
    closed = true;
    thread.interrupt();
    try {
      thread.join(TimeUnit.SECONDS.toMillis(5));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    int pause = FIRST_PAUSE_MILLIS;
    boolean told = false;
    while (!closed) {
      String why;
      long began = System.nanoTime();
      try (Engine engine = connector.connect()) {
        told = false;
        why = follow(engine);
      } catch (IOException | RuntimeException e) {
        why = String.valueOf(e.getMessage());
        log.log(Level.DEBUG, name, e);
      } catch (InterruptedException e) {
        return;
      } catch (Error e) {
        // Such as no memory for what one container's record holds: nobody else would notice that
        // this thread is gone.
        why = e.toString();
        log.log(Level.ERROR, name + ": the connection is given up, and opened again", e);
      }
      if (closed) {
        return;
      }
      if (!told) {
        tell(new RuntimeEvent.Lost(why));
        told = true;
      }
      if (System.nanoTime() - began > TimeUnit.MILLISECONDS.toNanos(LONGEST_PAUSE_MILLIS)) {
        pause = FIRST_PAUSE_MILLIS;
      }
      try {
        TimeUnit.MILLISECONDS.sleep(pause / 2 + ThreadLocalRandom.current().nextInt(pause));
      } catch (InterruptedException e) {
        return;
      }
      pause = Math.min(2 * pause, LONGEST_PAUSE_MILLIS);
    }
  }

  /** Outside a connection: a sink that fails here must not end the feed. */
  private void tell(RuntimeEvent event) {
    try {
      sink.accept(event);
    } catch (RuntimeException e) {
      log.log(Level.WARNING, name + ": the loss of the engine could not be told", e);
    }
  }

  /** Returns why the connection ended. */
  private String follow(Engine engine) throws IOException, InterruptedException {
    try (Engine.Changes changes = engine.subscribe()) {
      sink.accept(new RuntimeEvent.Connected(engine.describe()));
      unseen.clear();
      List<ObservedContainer> all = new ArrayList<>();
      for (ObservedContainer seen : engine.list()) {
        look(engine, seen.id(), Optional.of(seen)).ifPresent(all::add);
      }
      sink.accept(new RuntimeEvent.Listed(all));
      long again = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(againMillis);
      while (!closed) {
        long left = TimeUnit.NANOSECONDS.toMillis(again - System.nanoTime());
        Optional<Set<String>> changed = changes.next(Math.max(0, left));
        if (changed.isPresent()) {
          if (changed.get().isEmpty()) {
            return changes.endedBecause();
          }
          for (String id : changed.get()) {
            tellOf(engine, id);
          }
        }
        if (System.nanoTime() - again >= 0) {
          // One at a time: each may take as long as the engine has to answer.
          Optional<String> longest = unseen.stream().findFirst();
          if (longest.isPresent()) {
            tellOf(engine, longest.get());
          }
          again = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(againMillis);
        }
      }
      return "closed";
    }
  }

  private void tellOf(Engine engine, String id) throws IOException {
    Optional<ObservedContainer> now = look(engine, id, Optional.empty());
    sink.accept(
        now.<RuntimeEvent>map(RuntimeEvent.Changed::new)
            .orElseGet(() -> new RuntimeEvent.Gone(id)));
  }

  /**
   * The container as it is. One that exists but cannot be inspected is told as the list shows it:
   * left out, it would count as gone, and what is enforced for it would be dropped.
   */
  private Optional<ObservedContainer> look(
      Engine engine, String id, Optional<ObservedContainer> listed) throws IOException {
    boolean known = unseen.remove(id);
    try {
      return engine.inspect(id);
    } catch (Engine.UnreadableException e) {
      unseen.add(id);
      log.log(
          known ? Level.DEBUG : Level.WARNING,
          "container " + id + " cannot be inspected, its entry in the engine's list is used",
          e);
      return listed.isPresent() ? listed : engine.sight(id);
    }
  }
}
