package dev.drawbridge.daemon.network;

import dev.drawbridge.bpf.abi.Event;
import dev.drawbridge.bpf.failure.BpfException;
import dev.drawbridge.bpf.linux.NetworkNamespace;
import dev.drawbridge.bpf.linux.OpenSocket;
import dev.drawbridge.bpf.linux.Sockets;
import dev.drawbridge.policy.Peers;
import dev.drawbridge.policy.Reason;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.function.IntFunction;

/**
 * Ends TCP connections that the kernel lets no packet of through any more: one that the policy has
 * revoked, or that is older than the attachment. The kernel's verdict stands without it; the
 * programs at both ends would only learn of it by a timeout of many minutes.
 */
public final class Resets implements AutoCloseable {

  private static final System.Logger log = System.getLogger(Resets.class.getName());

  /** Connections that may wait. One that finds no place is left to its timeout. */
  static final int QUEUE_LIMIT = 1_024;

  private static final int TCP = 6;

  private final IntFunction<Optional<Path>> namespaces;
  private final BlockingQueue<Wanted> wanted = new ArrayBlockingQueue<>(QUEUE_LIMIT);
  private final Thread thread;
  private volatile boolean stopping;

  /** A connection as one of its ends has it: which is which does not matter. */
  private record Wanted(int endpoint, InetSocketAddress one, InetSocketAddress other) {
    boolean is(OpenSocket socket) {
      boolean forward = socket.local().equals(one) && socket.remote().equals(other);
      return forward || (socket.local().equals(other) && socket.remote().equals(one));
    }
  }

  /**
   * @param namespaces the network namespace file of a guarded container by its endpoint number,
   *     empty once it is gone
   */
  public Resets(IntFunction<Optional<Path>> namespaces) {
    this.namespaces = namespaces;
    this.thread = Thread.ofPlatform().daemon().name("resets").unstarted(this::run);
  }

  public void start() {
    thread.start();
  }

  /** What the kernel decided; never blocks. */
  public void noticed(Event event) {
    if (event.protocol() != TCP || !hopeless(event.reason())) {
      return;
    }
    InetSocketAddress source = new InetSocketAddress(event.source(), event.sourcePort());
    InetSocketAddress destination =
        new InetSocketAddress(event.destination(), event.destinationPort());
    for (int endpoint : new int[] {event.owner(), event.peer()}) {
      if (Peers.isEndpoint(endpoint)) {
        boolean _ = wanted.offer(new Wanted(endpoint, source, destination));
      }
    }
  }

  private static boolean hopeless(int reason) {
    return reason == Reason.LATE_DENY.code() || reason == Reason.UNJUDGED_SOCKET.code();
  }

  private void run() {
    while (!stopping) {
      try {
        List<Wanted> batch = new ArrayList<>();
        batch.add(wanted.take());
        wanted.drainTo(batch);
        Map<Integer, Set<Wanted>> byEndpoint = new HashMap<>();
        batch.forEach(
            one -> byEndpoint.computeIfAbsent(one.endpoint(), _ -> new HashSet<>()).add(one));
        byEndpoint.forEach(this::end);
      } catch (InterruptedException e) {
        // Ends the loop if somebody closes; anything else that interrupts does not.
        log.log(Level.DEBUG, "resets are interrupted");
      } catch (RuntimeException e) {
        // One connection less to reset: the others still are.
        log.log(Level.WARNING, "some connections are left to their timeout", e);
      }
    }
  }

  private void end(int endpoint, Set<Wanted> chosen) {
    Optional<Path> file;
    try {
      file = namespaces.apply(endpoint);
    } catch (RuntimeException e) {
      log.log(Level.WARNING, "the namespace of endpoint " + endpoint + " is unknown", e);
      return;
    }
    if (file.isEmpty()) {
      return;
    }
    try (NetworkNamespace namespace = NetworkNamespace.ofPath(file.get())) {
      List<OpenSocket> ended =
          namespace.call(() ->
              Sockets.destroy(socket ->
                  socket.protocol() == OpenSocket.Protocol.TCP
                      && chosen.stream().anyMatch(one -> one.is(socket))));
      log.log(
          Level.DEBUG,
          "{0} connections of endpoint {1} reset",
          new Object[] {ended.size(), endpoint});
    } catch (BpfException e) {
      log.log(Level.DEBUG, "connections of endpoint " + endpoint + " are left to their timeout", e);
    } catch (InterruptedException e) {
      thread.interrupt();
    } catch (Exception e) {
      log.log(
          Level.WARNING, "connections of endpoint " + endpoint + " are left to their timeout", e);
    }
  }

  @Override
  public void close() {
    stopping = true;
    thread.interrupt();
  }
}
