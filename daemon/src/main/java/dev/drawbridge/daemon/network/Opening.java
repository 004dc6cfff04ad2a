package dev.drawbridge.daemon.network;

import dev.drawbridge.bpf.linux.NetworkNamespace;
import dev.drawbridge.l7.EngineListener;
import dev.drawbridge.l7.L7Engine;
import dev.drawbridge.l7.NetnsHandle;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;

/**
 * A namespace that is held open while the engine's sockets are being made in it. Whoever opened it
 * hands it to {@link Spaces#enter} or closes it; closing it afterwards does nothing.
 */
public final class Opening implements AutoCloseable {

  private static final System.Logger log = System.getLogger(Opening.class.getName());

  private final NetworkNamespace namespace;
  private final CompletableFuture<EngineListener> listener;
  private final CompletableFuture<Optional<Untouched>> untouched;
  private boolean handedOver;

  private Opening(
      NetworkNamespace namespace,
      CompletableFuture<EngineListener> listener,
      CompletableFuture<Optional<Untouched>> untouched) {
    this.namespace = namespace;
    this.listener = listener;
    this.untouched = untouched;
  }

  NetworkNamespace namespace() {
    return namespace;
  }

  /** The sockets, once they are made. */
  EngineListener listener() {
    return listener.join();
  }

  /** What the namespace had before any process ran in it; empty if that was not asked. */
  Optional<Untouched> untouched() {
    return untouched.join();
  }

  synchronized void handOver() {
    handedOver = true;
  }

  @Override
  public synchronized void close() {
    if (handedOver) {
      return;
    }
    handedOver = true;
    CompletableFuture<Void> _ =
        listener.handle((made, _) -> {
          if (made != null) {
            made.close();
          }
          namespace.close();
          return null;
        });
  }

  private record Inside(NetworkNamespace namespace) implements NetnsHandle {
    @Override
    public <T> T call(Callable<T> call) throws Exception {
      return namespace.call(call);
    }
  }

  /**
   * What a namespace has before any process of the container runs in it: it is read while the
   * programs are attached, and is the same afterwards.
   *
   * @param bound whether somebody listens by an interface
   */
  record Untouched(boolean bound, OwnSources.Reading routes) {}

  /**
   * Opens the namespace of a process and begins to make the engine's sockets there, on another
   * thread: that takes as long as attaching the programs does. Safe for any thread.
   */
  static Opening of(int pid, L7Engine engine) {
    NetworkNamespace namespace = NetworkNamespace.ofPid(pid);
    return new Opening(
        namespace,
        CompletableFuture.supplyAsync(() -> listen(engine, namespace), Thread::startVirtualThread),
        CompletableFuture.completedFuture(Optional.empty()));
  }

  private static EngineListener listen(L7Engine engine, NetworkNamespace namespace) {
    try {
      return engine.listen(new Inside(namespace));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * As {@link #of}, for a container whose first process waits: what is asked of its namespace
   * before that runs is asked there at once.
   */
  static Opening untouched(int pid, L7Engine engine) {
    NetworkNamespace namespace = NetworkNamespace.ofPid(pid);
    CompletableFuture<EngineListener> listener =
        CompletableFuture.supplyAsync(() -> listen(engine, namespace), Thread::startVirtualThread);
    return new Opening(
        namespace,
        listener,
        listener.thenApply(_ -> look(namespace)).exceptionally(_ -> Optional.empty()));
  }

  /** Empty where it cannot be told: then it is asked again, and said why not. */
  private static Optional<Untouched> look(NetworkNamespace namespace) {
    try {
      return Optional.of(
          namespace.call(() ->
              new Untouched(OlderConnections.listensByInterface(namespace), OwnSources.here())));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    } catch (Exception e) {
      log.log(Level.DEBUG, "network namespace " + namespace.inode(), e);
      return Optional.empty();
    }
  }
}
