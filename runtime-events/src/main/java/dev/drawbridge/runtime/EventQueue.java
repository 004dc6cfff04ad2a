package dev.drawbridge.runtime;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;

/**
 * Events of an open stream that wait while containers are inspected. When more of them wait than
 * the limit allows, the stream is ended rather than one event lost: the list that follows a new
 * connection makes up for all of them.
 *
 * @param <E> an event
 */
final class EventQueue<E> {

  /** Events that may wait while containers are inspected. */
  static final int WAITING_LIMIT = 16_384;

  private final Function<E, Optional<String>> container;
  private final BlockingQueue<Optional<E>> queue = new ArrayBlockingQueue<>(WAITING_LIMIT);
  private final AtomicReference<String> ended = new AtomicReference<>("");

  /**
   * @param container which container an event is about, if it is one that matters
   */
  EventQueue(Function<E, Optional<String>> container) {
    this.container = container;
  }

  /** The stream's thread: one more. False if the stream has ended, or this was one too many. */
  boolean add(E event) {
    if (!ended.get().isEmpty()) {
      return false;
    }
    boolean room = queue.offer(Optional.of(event));
    if (!room) {
      end("more than " + WAITING_LIMIT + " events waited");
    }
    return room;
  }

  /** Nothing comes any more; the first reason counts. */
  void end(String why) {
    ended.compareAndSet("", why);
    // Only wakes the reader; a full queue wakes it too.
    var _ = queue.offer(Optional.empty());
  }

  /** Why nothing comes any more; empty while something may. */
  String ended() {
    return ended.get();
  }

  /** As {@link Engine.Changes#next} says. */
  Optional<Set<String>> next(long millis) throws InterruptedException {
    long began = System.nanoTime();
    while (true) {
      long left = millis - TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began);
      Optional<E> first = queue.poll(left, TimeUnit.MILLISECONDS);
      if (first != null) {
        List<Optional<E>> waiting = new ArrayList<>(List.of(first));
        queue.drainTo(waiting);
        Set<String> touched =
            containersOf(waiting.stream().flatMap(Optional::stream).toList(), container);
        if (!touched.isEmpty()) {
          return Optional.of(touched);
        }
      }
      if (queue.isEmpty() && !ended.get().isEmpty()) {
        return Optional.of(Set.of());
      }
      if (first == null) {
        return Optional.empty();
      }
    }
  }

  /** Each container once, in the order of the last event about it. */
  static <E> Set<String> containersOf(
      Collection<E> events, Function<E, Optional<String>> container) {
    Set<String> touched = new LinkedHashSet<>();
    for (E event : events) {
      container
          .apply(event)
          .ifPresent(id -> {
            touched.remove(id);
            touched.add(id);
          });
    }
    return touched;
  }
}
