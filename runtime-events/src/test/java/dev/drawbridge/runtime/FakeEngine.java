package dev.drawbridge.runtime;

import dev.drawbridge.control.ObservedContainer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * An engine of containers that a test puts and removes, with a change for each.
 *
 * <p>Does not model: Docker's own events and fields, time, locks held during a start, networks,
 * images, more than one client, or an inspect that is slow rather than failing.
 */
final class FakeEngine implements Engine.Connector {
  private final Object lock = new Object();
  private final Map<String, ObservedContainer> containers = new LinkedHashMap<>();
  private final Set<String> unreadable = new LinkedHashSet<>();
  private List<FakeConnection> connections = new ArrayList<>();
  private boolean down;
  private Runnable whileListing = () -> {};
  int connected;
  int inspected;
  boolean subscribedBeforeListing = true;

  static ObservedContainer container(String id, String name) {
    return new ObservedContainer(
        id,
        name,
        new TreeMap<>(Map.of("app", name)),
        new TreeMap<>(),
        "image",
        true,
        42,
        List.of(),
        "runc",
        "bridge");
  }

  void put(ObservedContainer container) {
    synchronized (lock) {
      containers.put(container.id(), container);
      touch(container.id());
    }
  }

  void remove(String id) {
    synchronized (lock) {
      containers.remove(id);
      touch(id);
    }
  }

  void touch(String id) {
    synchronized (lock) {
      for (FakeConnection connection : connections) {
        connection.waiting.remove(id);
        connection.waiting.add(id);
      }
      lock.notifyAll();
    }
  }

  void makeUnreadable(String id) {
    synchronized (lock) {
      unreadable.add(id);
    }
  }

  void makeReadable(String id) {
    synchronized (lock) {
      unreadable.remove(id);
    }
  }

  /** Runs once, after the list was made and before it is given. */
  void whileListing(Runnable action) {
    synchronized (lock) {
      whileListing = action;
    }
  }

  /** Ends every connection and refuses new ones. */
  void stop() {
    synchronized (lock) {
      down = true;
      connections.forEach(c -> c.ended = "stopped");
      connections = new ArrayList<>();
      lock.notifyAll();
    }
  }

  void resume() {
    synchronized (lock) {
      down = false;
    }
  }

  @Override
  public Engine connect() throws IOException {
    synchronized (lock) {
      if (down) {
        throw new IOException("refused");
      }
      connected++;
      return new FakeConnection();
    }
  }

  private final class FakeConnection implements Engine, Engine.Changes {
    private final Set<String> waiting = new LinkedHashSet<>();
    private boolean subscribed;
    private String ended = "";

    @Override
    public String describe() {
      return "fake";
    }

    @Override
    public Changes subscribe() {
      synchronized (lock) {
        subscribed = true;
        connections.add(this);
        return this;
      }
    }

    @Override
    public List<ObservedContainer> list() {
      List<ObservedContainer> all;
      Runnable action;
      synchronized (lock) {
        subscribedBeforeListing &= subscribed;
        all = new ArrayList<>(containers.values());
        action = whileListing;
        whileListing = () -> {};
      }
      action.run();
      return all;
    }

    @Override
    public Optional<ObservedContainer> sight(String id) {
      synchronized (lock) {
        return Optional.ofNullable(containers.get(id))
            .map(c ->
                new ObservedContainer(
                    c.id(),
                    c.name(),
                    c.labels(),
                    new TreeMap<>(),
                    c.image(),
                    true,
                    0,
                    List.of(),
                    "",
                    ""));
      }
    }

    @Override
    public Optional<ObservedContainer> inspect(String id) throws IOException, UnreadableException {
      synchronized (lock) {
        inspected++;
        if (!ended.isEmpty()) {
          throw new IOException(ended);
        }
        if (unreadable.contains(id)) {
          throw new UnreadableException("malformed", new IllegalStateException());
        }
        return Optional.ofNullable(containers.get(id));
      }
    }

    @Override
    public Optional<Set<String>> next(long millis) throws InterruptedException {
      long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
      synchronized (lock) {
        while (waiting.isEmpty() && ended.isEmpty()) {
          long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
          if (left <= 0) {
            return Optional.empty();
          }
          lock.wait(left);
        }
        Set<String> taken = new LinkedHashSet<>(waiting);
        waiting.clear();
        return Optional.of(taken);
      }
    }

    @Override
    public String endedBecause() {
      return ended;
    }

    @Override
    public void close() {
      synchronized (lock) {
        connections.remove(this);
      }
    }
  }
}
