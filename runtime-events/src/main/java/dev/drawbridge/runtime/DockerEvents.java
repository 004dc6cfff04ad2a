package dev.drawbridge.runtime;

import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.model.Event;
import com.github.dockerjava.api.model.EventType;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/**
 * An event stream that is open. When more events wait than the limit allows, the stream is ended
 * rather than one event lost: the list that follows a new connection makes up for all of them.
 */
final class DockerEvents implements Engine.Changes {

  /** Events that may wait while containers are inspected. */
  static final int WAITING_LIMIT = 16_384;

  /** Seconds until the engine must have opened the stream. */
  private static final int OPEN_SECONDS = 30;

  /**
   * What may change a container's processes, name or networks. Health checks and exec are not among
   * them.
   */
  static final List<String> CONTAINER_ACTIONS =
      List.of("create", "start", "die", "rename", "update", "destroy");

  static final List<String> NETWORK_ACTIONS = List.of("connect", "disconnect");

  private final BlockingQueue<Optional<Event>> queue = new ArrayBlockingQueue<>(WAITING_LIMIT);
  private final CountDownLatch opened = new CountDownLatch(1);
  private final AtomicReference<String> ended = new AtomicReference<>("");
  private final ResultCallback.Adapter<Event> callback = new Callback();

  ResultCallback.Adapter<Event> callback() {
    return callback;
  }

  /** Waits until the engine has answered. */
  void awaitOpen() throws IOException, InterruptedException {
    if (!opened.await(OPEN_SECONDS, TimeUnit.SECONDS)) {
      throw new IOException("the engine did not open its event stream in " + OPEN_SECONDS + " s");
    }
    if (!ended.get().isEmpty()) {
      throw new IOException(ended.get());
    }
  }

  @Override
  public Optional<Set<String>> next(long millis) throws InterruptedException {
    long began = System.nanoTime();
    while (true) {
      long left = millis - TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began);
      Optional<Event> first = queue.poll(left, TimeUnit.MILLISECONDS);
      if (first != null) {
        List<Optional<Event>> waiting = new ArrayList<>(List.of(first));
        queue.drainTo(waiting);
        Set<String> touched = containersOf(waiting.stream().flatMap(Optional::stream).toList());
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
  static Set<String> containersOf(Collection<Event> events) {
    Set<String> touched = new LinkedHashSet<>();
    for (Event event : events) {
      containerOf(event)
          .ifPresent(id -> {
            touched.remove(id);
            touched.add(id);
          });
    }
    return touched;
  }

  /** Which container an event is about, if it is one that matters. */
  static Optional<String> containerOf(Event event) {
    EventType type = event.getType();
    if (type == null || event.getActor() == null) {
      return Optional.empty();
    }
    String action = event.getAction() == null ? "" : event.getAction().toLowerCase(Locale.ROOT);
    Map<String, String> attributes = event.getActor().getAttributes();
    Optional<String> id =
        switch (type) {
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
    return id.filter(i -> !i.isEmpty());
  }

  @Override
  public String endedBecause() {
    return ended.get();
  }

  @Override
  public void close() throws IOException {
    callback.close();
  }

  private void end(String why) {
    ended.compareAndSet("", why);
    opened.countDown();
    // Only wakes the reader; a full queue wakes it too.
    var _ = queue.offer(Optional.empty());
  }

  private final class Callback extends ResultCallback.Adapter<Event> {
    @Override
    public void onStart(Closeable stream) {
      super.onStart(stream);
      opened.countDown();
    }

    @Override
    public void onNext(Event event) {
      if (ended.get().isEmpty() && !queue.offer(Optional.of(event))) {
        end("more than " + WAITING_LIMIT + " events waited");
      }
    }

    @Override
    public void onError(Throwable cause) {
      end("the event stream broke: " + cause.getMessage());
      super.onError(cause);
    }

    @Override
    public void onComplete() {
      end("the engine ended its event stream");
      super.onComplete();
    }
  }
}
