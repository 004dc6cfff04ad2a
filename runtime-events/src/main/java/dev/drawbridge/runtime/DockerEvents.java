package dev.drawbridge.runtime;

import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.model.Event;
import java.io.Closeable;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/**
 * An event stream that is open. When more events wait than the limit allows, the stream is ended
 * rather than one event lost: the list that follows a new connection makes up for all of them.
 */
final class DockerEvents implements AutoCloseable {

  /** Events that may wait while containers are inspected. */
  static final int WAITING_LIMIT = 16_384;

  /** Seconds until the engine must have opened the stream. */
  private static final int OPEN_SECONDS = 30;

  private final BlockingQueue<Optional<Event>> queue = new ArrayBlockingQueue<>(WAITING_LIMIT);
  private final CountDownLatch opened = new CountDownLatch(1);
  private final AtomicReference<String> ended = new AtomicReference<>("");
  private final ResultCallback.Adapter<Event> callback = new Callback();

  ResultCallback.Adapter<Event> callback() {
    return callback;
  }

  /** Waits until events that happen from now on will be seen. */
  void awaitOpen() throws IOException, InterruptedException {
    if (!opened.await(OPEN_SECONDS, TimeUnit.SECONDS)) {
      throw new IOException("the engine did not open its event stream in " + OPEN_SECONDS + " s");
    }
    if (!ended.get().isEmpty()) {
      throw new IOException(ended.get());
    }
  }

  /** The next event; nothing once the stream has ended and all before it were taken. */
  Optional<Event> next() throws InterruptedException {
    while (true) {
      Optional<Event> event = queue.poll(1, TimeUnit.SECONDS);
      if (event != null) {
        return event;
      }
      if (!ended.get().isEmpty()) {
        return Optional.empty();
      }
    }
  }

  String endedBecause() {
    return ended.get();
  }

  @Override
  public void close() throws IOException {
    callback.close();
  }

  private void end(String why) {
    ended.compareAndSet("", why);
    opened.countDown();
    // A full queue is found ended by its reader once it is empty.
    boolean marked = queue.offer(Optional.empty());
    if (!marked) {
      return;
    }
  }

  private final class Callback extends ResultCallback.Adapter<Event> {
    @Override
    public void onStart(Closeable stream) {
      super.onStart(stream);
      opened.countDown();
    }

    @Override
    public void onNext(Event event) {
      if (!queue.offer(Optional.of(event))) {
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
