package dev.drawbridge.daemon.loop;

import dev.drawbridge.api.report.ProblemReport;
import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.control.RuntimeEvent;
import dev.drawbridge.daemon.node.Problems;
import dev.drawbridge.runtime.RefusedStart;
import dev.drawbridge.runtime.Starter;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Containers that were refused because no agent answered, and that should run: they are started
 * once there is one. An engine tries {@code restart: always} once at its own start and never again.
 *
 * <p>Whatever stays down is a problem by name, until it runs or is gone. On a thread of its own: a
 * start asks this agent.
 */
public final class Comebacks implements AutoCloseable {

  private static final System.Logger log = System.getLogger(Comebacks.class.getName());

  /** How often one is tried for one refusal: what it needs may have to come up first. */
  static final int TRIES = 3;

  /** How many containers are looked at that wait for it; beyond this the next list has them. */
  private static final int WAITING_LIMIT = 65_536;

  private final Starter.Connector engine;
  private final Thread thread = Thread.ofPlatform().name("comebacks").daemon().unstarted(this::run);
  private final Map<String, ProblemReport> down = new ConcurrentSkipListMap<>();

  /** Guarded by itself. */
  private final Set<String> waiting = new LinkedHashSet<>();

  /**
   * Who is looked at; null if it has run or gone meanwhile, and what was found is old. Guarded by
   * {@code down}.
   */
  private @Nullable String inHand;

  /** How often each was tried since it last ran. */
  private final Map<String, Integer> tries = new ConcurrentHashMap<>();

  public Comebacks(Starter.Connector engine) {
    this.engine = engine;
  }

  public void start() {
    thread.start();
  }

  /** News from the container engine. */
  public void on(RuntimeEvent event) {
    switch (event) {
      case RuntimeEvent.Listed(List<ObservedContainer> all) -> {
        all.forEach(this::see);
        Set<String> there =
            all.stream().map(ObservedContainer::id).collect(Collectors.toUnmodifiableSet());
        down.keySet().retainAll(there);
        tries.keySet().retainAll(there);
      }
      case RuntimeEvent.Changed(ObservedContainer container) -> see(container);
      case RuntimeEvent.Gone(String id) -> forget(id);
      case RuntimeEvent.Connected _, RuntimeEvent.Lost _ -> {}
    }
  }

  private void see(ObservedContainer container) {
    if (container.running()) {
      forget(container.id());
      return;
    }
    synchronized (waiting) {
      if (waiting.size() < WAITING_LIMIT && waiting.add(container.id())) {
        waiting.notifyAll();
      }
    }
  }

  private void forget(String id) {
    synchronized (down) {
      down.remove(id);
      tries.remove(id);
      if (id.equals(inHand)) {
        inHand = null;
      }
    }
  }

  private void look(String id) {
    synchronized (down) {
      inHand = id;
    }
  }

  /** It stays down, unless it has run or gone since it was looked at. */
  private void staysDown(String id, ProblemReport problem) {
    synchronized (down) {
      if (id.equals(inHand)) {
        down.putIfAbsent(id, problem);
      } else {
        tries.remove(id);
      }
    }
  }

  /** What was refused and stays down. */
  public List<ProblemReport> problems() {
    return List.copyOf(down.values());
  }

  private void run() {
    try {
      while (true) {
        List<String> ids;
        synchronized (waiting) {
          while (waiting.isEmpty()) {
            waiting.wait();
          }
          ids = List.copyOf(waiting);
          waiting.clear();
        }
        bringBack(ids);
      }
    } catch (InterruptedException e) {
      return;
    }
  }

  /** Tries each, then those again that did not start, as long as one more does. */
  void bringBack(List<String> ids) {
    try (Starter starter = engine.connect()) {
      bringBack(starter, ids);
    } catch (IOException | RuntimeException e) {
      // The next list of the engine brings them again.
      log.log(Level.DEBUG, "whether containers were refused", e);
    }
  }

  private void bringBack(Starter starter, List<String> ids) throws IOException {
    List<String> left = ids;
    for (int round = 0; round < TRIES && !left.isEmpty(); round++) {
      List<String> failed = new ArrayList<>();
      for (String id : left) {
        if (!settled(starter, id)) {
          failed.add(id);
        }
      }
      if (failed.size() == left.size()) {
        return;
      }
      left = failed;
    }
  }

  /** False if another try may help. */
  private boolean settled(Starter starter, String id) throws IOException {
    look(id);
    Optional<RefusedStart> refused = starter.refused(id);
    if (refused.isEmpty()) {
      // One that was tried and failed for another reason than its refusal is tried again.
      return !(down.containsKey(id) && tries.containsKey(id)) || start(starter, id, id);
    }
    String name = refused.get().name();
    if (refused.get().comesBack()) {
      return start(starter, id, name);
    }
    if (refused.get().ranBefore()) {
      staysDown(id, Problems.down(name, "its restart policy leaves it so"));
    }
    return true;
  }

  private boolean start(Starter starter, String id, String name) throws IOException {
    if (tries.merge(id, 1, Integer::sum) > TRIES) {
      return true;
    }
    Optional<String> why = starter.start(id);
    if (why.isEmpty()) {
      log.log(
          Level.INFO,
          "container " + name + " was refused while the agent was away; it was started");
      down.remove(id);
      return true;
    }
    staysDown(id, Problems.down(name, why.get()));
    return false;
  }

  @Override
  public void close() {
    thread.interrupt();
  }
}
