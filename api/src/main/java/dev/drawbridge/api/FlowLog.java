package dev.drawbridge.api;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Consumer;

/**
 * The newest records of the data path, in a ring of fixed size. Appending is a few instructions and
 * never waits; a record is rendered only when somebody reads it.
 *
 * <p>An append that is overtaken by a whole turn of the ring is lost, as is everything older than
 * the ring.
 *
 * @param <R> the data path's own record; immutable
 */
public final class FlowLog<R> {

  /**
   * Makes the report of a record. Called on a reader's thread, or with followers present on the
   * appender's.
   */
  @FunctionalInterface
  public interface Renderer<R> {
    FlowReport render(long sequence, R record);
  }

  private record Entry<R>(long sequence, R record) {}

  private final AtomicReferenceArray<Entry<R>> ring;
  private final AtomicLong next = new AtomicLong(1);
  private final List<Consumer<FlowReport>> followers = new CopyOnWriteArrayList<>();
  private final Renderer<R> renderer;

  /**
   * @param capacity records kept, 1 to 1,048,576
   */
  public FlowLog(int capacity, Renderer<R> renderer) {
    if (capacity < 1 || capacity > 1 << 20) {
      throw new IllegalArgumentException(
          "capacity of the flow log: expected 1 to 1048576, not " + capacity);
    }
    this.ring = new AtomicReferenceArray<>(capacity);
    this.renderer = renderer;
  }

  /** Safe from any thread. Returns the record's sequence number. */
  public long append(R record) {
    long sequence = next.getAndIncrement();
    ring.set((int) (sequence % ring.length()), new Entry<>(sequence, record));
    if (!followers.isEmpty()) {
      FlowReport report = renderer.render(sequence, record);
      followers.forEach(f -> f.accept(report));
    }
    return sequence;
  }

  /** How many records have ever been appended. */
  public long appended() {
    return next.get() - 1;
  }

  /** Whether anybody follows now. */
  public boolean followed() {
    return !followers.isEmpty();
  }

  /** As {@link AgentView#flows}. */
  public List<FlowReport> last(FlowFilter filter, int last) {
    ArrayDeque<FlowReport> found = new ArrayDeque<>();
    long newest = next.get() - 1;
    long oldest = Math.max(1, newest - ring.length() + 1);
    for (long sequence = newest; sequence >= oldest && found.size() < last; sequence--) {
      Entry<R> entry = ring.get((int) (sequence % ring.length()));
      if (entry == null || entry.sequence() != sequence) {
        continue;
      }
      FlowReport report = renderer.render(sequence, entry.record());
      if (filter.passes(report)) {
        found.addFirst(report);
      }
    }
    return new ArrayList<>(found);
  }

  /** As {@link AgentView#follow}. */
  public AgentView.Subscription follow(Consumer<FlowReport> sink) {
    // A wrapper of its own, so that closing one of two equal sinks removes the right one.
    Consumer<FlowReport> own = report -> sink.accept(report);
    followers.add(own);
    return () -> followers.remove(own);
  }
}
