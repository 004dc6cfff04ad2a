package dev.drawbridge.l7;

import dev.drawbridge.l7.accept.NamespaceListener;
import dev.drawbridge.l7.datagram.DatagramEngine;
import dev.drawbridge.l7.opening.Engines;
import dev.drawbridge.l7.relay.Relay;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Policy;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * The engine: a few event loops, any number of namespaces, one policy at a time.
 *
 * <p>Thread-safe. What it calls back ({@link Origins}, {@link OnwardSockets}, {@link AccessLog},
 * {@link EndpointNames}) it calls on event loops; a {@link NetnsHandle} it calls on a thread of its
 * own, or on the thread that called {@link #listen}.
 */
public final class L7Engine implements AutoCloseable {
  private final Relay relay;
  private final ExecutorService namespaces =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().daemon().name("drawbridge-l7-namespaces").factory());
  private final Set<NamespaceListener> listeners = ConcurrentHashMap.newKeySet();
  private volatile DatagramEngine datagrams = Engines.datagrams();

  /** Starts the event loops; nothing listens yet, and nothing is known before publish. */
  public L7Engine(
      EngineLimits limits,
      EndpointNames names,
      Origins origins,
      OnwardSockets onward,
      AccessLog log) {
    this(limits, names, origins, onward, log, LearnedNames.NONE);
  }

  /** The same, which tells what it learns of names. */
  public L7Engine(
      EngineLimits limits,
      EndpointNames names,
      Origins origins,
      OnwardSockets onward,
      AccessLog log,
      LearnedNames learned) {
    relay = new Relay(limits, names, origins, onward, log, learned);
  }

  /** Another engine reads the datagrams of namespaces from now on: for tests. */
  void datagramEngine(DatagramEngine other) {
    datagrams = other;
  }

  /**
   * Listens at 127.0.0.1 and ::1 of a namespace, at ports that the kernel chooses. What comes
   * before the first policy waits for it.
   *
   * @throws IOException if neither family can be bound
   */
  public EngineListener listen(NetnsHandle netns) throws IOException {
    NamespaceListener listener =
        NamespaceListener.open(relay, () -> datagrams, netns, namespaces, listeners::remove);
    listeners.add(listener);
    if (relay.judges()) {
      // It may have come while this was opened.
      listener.accept();
    }
    return listener;
  }

  /**
   * Judges every request by this policy from now on, and live connections again: idle ones whose
   * pair is now denied are closed, busy ones after the answer to the request in flight.
   */
  public void publish(Policy policy) {
    boolean first = !relay.judges();
    relay.publish(policy);
    if (first) {
      listeners.forEach(NamespaceListener::accept);
    }
  }

  /**
   * Another engine has the listeners' place. What was on its way here is still taken, clients are
   * told that they should go, and each may ask once more.
   */
  public void announceEnd() {
    relay.drain(Stage.LAST_ASKED);
  }

  /** Accepts nothing more; what is idle ends, what is under way goes on to its end. */
  public void finish() {
    List.copyOf(listeners).forEach(NamespaceListener::stopAccepting);
    relay.drain(Stage.FINISHING);
  }

  /** Ends what is still under way; its records say so. */
  public void cutOff() {
    relay.abortAll(Ending.DRAINED);
  }

  /** Ends what has that container on either side. */
  public void cutOff(int endpoint) {
    relay.abortAll(endpoint, Ending.RESET);
  }

  /** Runs something once on the thread of every loop. */
  public void onEachLoop(Runnable what) {
    relay.onEachLoop(what);
  }

  public EngineStats stats() {
    return relay.stats();
  }

  /** Closes listeners, connections and threads. */
  @Override
  public void close() {
    for (NamespaceListener listener : List.copyOf(listeners)) {
      listener.close();
    }
    namespaces.shutdownNow();
    relay.close();
  }
}
