package dev.drawbridge.runtime;

import dev.drawbridge.control.ObservedContainer;
import java.io.Closeable;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * A connection to a container engine, as little of it as {@link EngineFeed} needs. An {@link
 * IOException} means that the engine is not there any more.
 */
interface Engine extends Closeable {

  /** Opens one. */
  @FunctionalInterface
  interface Connector {
    Engine connect() throws IOException;
  }

  /** Name and version for people. */
  String describe();

  /** Returns once everything that happens from now on will be told. */
  Changes subscribe() throws IOException, InterruptedException;

  /**
   * Every container as the engine's list shows it, running or not. The list takes no container's
   * lock and so answers while one starts, but it knows no process, no runtime and no image labels.
   * One that runs, or may for all that the list says, is one that runs, as process 0.
   */
  List<ObservedContainer> list() throws IOException;

  /** As {@link #list}, for one container. */
  Optional<ObservedContainer> sight(String id) throws IOException;

  /** One container with everything; empty if there is none of that id. */
  Optional<ObservedContainer> inspect(String id) throws IOException, UnreadableException;

  /** What may have changed, since the subscription. */
  interface Changes extends Closeable {

    /**
     * Waits until something happened, and takes all that waits. Each container once, in the order
     * of its last event. Empty once the stream has ended.
     *
     * @param millis how long nothing may happen; the answer is {@link Optional#empty} then
     */
    Optional<Set<String>> next(long millis) throws InterruptedException;

    /** The same, however long it takes. */
    default Set<String> next() throws InterruptedException {
      while (true) {
        Optional<Set<String>> changed = next(TimeUnit.SECONDS.toMillis(1));
        if (changed.isPresent()) {
          return changed.get();
        }
      }
    }

    String endedBecause();
  }

  /** The engine answers, but not about this container: malformed, failed, or too late. */
  final class UnreadableException extends Exception {
    private static final long serialVersionUID = 1L;

    UnreadableException(String message, Throwable cause) {
      super(message, cause);
    }
  }
}
