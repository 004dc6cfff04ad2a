package dev.drawbridge.runtime;

import com.github.dockerjava.api.model.Event;
import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.control.RuntimeEvent;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Docker's containers, as a feed that misses nothing: it subscribes to events first, then lists,
 * then plays the events that came meanwhile, and does all of that again whenever the connection was
 * lost. Every event makes it look at the container anew, so that an old event can never bring back
 * an old state.
 *
 * <p>The sink is called on one thread, in order. It may block, which delays only this feed.
 */
public final class DockerFeed implements AutoCloseable {

  private static final Logger log = Logger.getLogger(DockerFeed.class.getName());

  /** First and longest pause, in milliseconds, before connecting again. */
  static final int FIRST_PAUSE_MILLIS = 100;

  static final int LONGEST_PAUSE_MILLIS = 5_000;

  /** What may change a container's labels, processes, name or networks. */
  private static final Set<String> CONTAINER_ACTIONS =
      Set.of("create", "start", "die", "stop", "rename", "update", "destroy");

  private static final Set<String> NETWORK_ACTIONS = Set.of("connect", "disconnect");

  private final String socketPath;
  private final Consumer<RuntimeEvent> sink;
  private final Thread thread;
  private volatile boolean closed;

  /**
   * @param socketPath the engine's Unix socket, such as {@code /var/run/docker.sock}
   */
  public DockerFeed(String socketPath, Consumer<RuntimeEvent> sink) {
    this.socketPath = socketPath;
    this.sink = sink;
    this.thread = Thread.ofPlatform().name("docker-feed").daemon().unstarted(this::run);
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
      try (DockerEngine engine = DockerEngine.connect(socketPath)) {
        told = false;
        why = follow(engine);
      } catch (IOException | RuntimeException e) {
        why = String.valueOf(e.getMessage());
        log.log(Level.FINE, "docker feed", e);
      } catch (InterruptedException e) {
        return;
      }
      if (closed) {
        return;
      }
      if (!told) {
        sink.accept(new RuntimeEvent.Lost(why));
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

  /** Returns why the connection ended. */
  private String follow(DockerEngine engine) throws IOException, InterruptedException {
    try (DockerEvents events = engine.subscribe()) {
      sink.accept(new RuntimeEvent.Connected(engine.describe()));
      List<ObservedContainer> all = new ArrayList<>();
      for (String id : engine.list()) {
        engine.inspect(id).ifPresent(all::add);
      }
      sink.accept(new RuntimeEvent.Listed(all));
      while (!closed) {
        Optional<Event> event = events.next();
        if (event.isEmpty()) {
          return events.endedBecause();
        }
        Optional<String> id = containerOf(event.get());
        if (id.isPresent()) {
          Optional<ObservedContainer> now = engine.inspect(id.get());
          sink.accept(
              now.<RuntimeEvent>map(RuntimeEvent.Changed::new)
                  .orElseGet(() -> new RuntimeEvent.Gone(id.get())));
        }
      }
      return "closed";
    }
  }

  /** Which container an event is about, if it is one that matters. */
  static Optional<String> containerOf(Event event) {
    if (event.getType() == null || event.getActor() == null) {
      return Optional.empty();
    }
    String action = event.getAction() == null ? "" : event.getAction().toLowerCase(Locale.ROOT);
    Map<String, String> attributes = event.getActor().getAttributes();
    return switch (event.getType()) {
      case CONTAINER ->
          CONTAINER_ACTIONS.contains(action)
              ? Optional.ofNullable(event.getActor().getId())
              : Optional.empty();
      case NETWORK ->
          NETWORK_ACTIONS.contains(action) && attributes != null
              ? Optional.ofNullable(attributes.get("container"))
              : Optional.empty();
      default -> Optional.empty();
    };
  }
}
