package dev.drawbridge.runtime;

import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.model.Event;
import com.github.dockerjava.api.model.EventType;
import java.io.Closeable;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * An event stream that is open. When more events wait than the limit allows, the stream is ended
 * rather than one event lost: the list that follows a new connection makes up for all of them.
 */
final class DockerEvents implements Engine.Changes {

  /** Seconds until the engine must have opened the stream. */
  private static final int OPEN_SECONDS = 30;

  /**
   * What may change a container's processes, name or networks. Health checks and exec are not among
   * them.
   */
  static final List<String> CONTAINER_ACTIONS =
      List.of("create", "start", "die", "rename", "update", "destroy");

  static final List<String> NETWORK_ACTIONS = List.of("connect", "disconnect");

  private final EventQueue<Event> queue = new EventQueue<>(DockerEvents::containerOf);
  private final CountDownLatch opened = new CountDownLatch(1);
  private final ResultCallback.Adapter<Event> callback = new Callback();

  ResultCallback.Adapter<Event> callback() {
    return callback;
  }

  /** Waits until the engine has answered. */
  void awaitOpen() throws IOException, InterruptedException {
    if (!opened.await(OPEN_SECONDS, TimeUnit.SECONDS)) {
      throw new IOException("the engine did not open its event stream in " + OPEN_SECONDS + " s");
    }
    if (!queue.ended().isEmpty()) {
      throw new IOException(queue.ended());
    }
  }

  @Override
  public Optional<Set<String>> next(long millis) throws InterruptedException {
    return queue.next(millis);
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
    return queue.ended();
  }

  @Override
  public void close() throws IOException {
    callback.close();
  }

  private void end(String why) {
    queue.end(why);
    opened.countDown();
  }

  private final class Callback extends ResultCallback.Adapter<Event> {
    @Override
    public void onStart(Closeable stream) {
      super.onStart(stream);
      opened.countDown();
    }

    @Override
    public void onNext(Event event) {
      if (!queue.add(event)) {
        opened.countDown();
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
