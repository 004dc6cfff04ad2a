package dev.drawbridge.runtime;

import dev.drawbridge.runtime.ContainerdApi.Event;
import io.grpc.stub.StreamObserver;
import java.io.Closeable;
import java.io.IOException;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * containerd's event stream. containerd answers a subscription with its first event and not before,
 * so it is given one: what was marked and comes back shows that all that follows comes too. When
 * more events wait than the limit allows, the stream is ended rather than one lost.
 */
final class ContainerdEvents implements Engine.Changes {

  /** Seconds until the stream must have shown a mark. */
  private static final int OPEN_SECONDS = 30;

  /** Pause, in milliseconds, until another mark is made. */
  private static final int AGAIN_MILLIS = 200;

  private final String token = UUID.randomUUID().toString();
  private final EventQueue<Event> queue = new EventQueue<>(event -> Optional.of(event.container()));
  private final CountDownLatch marked = new CountDownLatch(1);
  private final Consumer<Event> seen;
  private final Closeable stream;

  /**
   * @param seen told of each event before its container is
   */
  private ContainerdEvents(ContainerdApi api, Consumer<Event> seen) {
    this.seen = seen;
    this.stream = api.subscribe(new Observer());
  }

  /** Returns once everything that happens from now on will be told. */
  static ContainerdEvents open(ContainerdApi api, Consumer<Event> seen)
      throws IOException, InterruptedException {
    ContainerdEvents events = new ContainerdEvents(api, seen);
    try {
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(OPEN_SECONDS);
      do {
        if (System.nanoTime() - deadline > 0) {
          throw new IOException(
              "containerd did not open its event stream in " + OPEN_SECONDS + " s");
        }
        api.mark(events.token);
      } while (!events.marked.await(AGAIN_MILLIS, TimeUnit.MILLISECONDS));
      if (!events.queue.ended().isEmpty()) {
        throw new IOException(events.queue.ended());
      }
      return events;
    } catch (IOException | InterruptedException | RuntimeException e) {
      events.close();
      throw e;
    }
  }

  @Override
  public Optional<Set<String>> next(long millis) throws InterruptedException {
    return queue.next(millis);
  }

  @Override
  public String endedBecause() {
    return queue.ended();
  }

  @Override
  public void close() throws IOException {
    stream.close();
  }

  private void end(String why) {
    queue.end(why);
    marked.countDown();
  }

  private final class Observer implements StreamObserver<byte[]> {
    @Override
    public void onNext(byte[] envelope) {
      if (!queue.ended().isEmpty()) {
        return;
      }
      try {
        Event event = ContainerdMessages.event(envelope);
        if (ContainerdMessages.isMark(event, token)) {
          marked.countDown();
        } else if (!event.container().isEmpty() && ContainerdEngine.isOurs(event.namespace())) {
          seen.accept(event);
          if (!queue.add(event)) {
            marked.countDown();
          }
        }
      } catch (IOException e) {
        end(String.valueOf(e.getMessage()));
      }
    }

    @Override
    public void onError(Throwable cause) {
      end("the event stream broke: " + cause.getMessage());
    }

    @Override
    public void onCompleted() {
      end("containerd ended its event stream");
    }
  }
}
