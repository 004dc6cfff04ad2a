package dev.drawbridge.api;

import dev.drawbridge.api.report.FlowReport;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The newest records of the data path, a fixed number of them. Appending is a few instructions
 * under a lock that nobody holds for longer than a walk over the log; a record is rendered only
 * when somebody reads it.
 *
 * <p>Each record has an owner. While there is room everything is kept; when there is none, an owner
 * who has more than an even part loses his own oldest record rather than that of another. A record
 * that goes before older ones of others is counted as lost.
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

  private static final class Entry<R> {
    final long sequence;
    final R record;
    @Nullable Entry<R> older;
    @Nullable Entry<R> newer;
    boolean gone;

    Entry(long sequence, R record) {
      this.sequence = sequence;
      this.record = record;
    }
  }

  /** The records of one owner, oldest first. */
  private static final class Owner<R> {
    final int number;
    final ArrayDeque<Entry<R>> entries = new ArrayDeque<>(4);

    Owner(int number) {
      this.number = number;
    }
  }

  private final int capacity;
  private final Object lock = new Object();
  private final Map<Integer, Owner<R>> owners = new HashMap<>();
  private final List<Consumer<FlowReport>> followers = new CopyOnWriteArrayList<>();
  private final Renderer<R> renderer;
  private @Nullable Entry<R> oldest;
  private @Nullable Entry<R> newest;
  private int size;
  private long appended;
  private long lost;

  /**
   * @param capacity records kept, 1 to 1,048,576
   */
  public FlowLog(int capacity, Renderer<R> renderer) {
    if (capacity < 1 || capacity > 1 << 20) {
      throw new IllegalArgumentException(
          "capacity of the flow log: expected 1 to 1048576, not " + capacity);
    }
    this.capacity = capacity;
    this.renderer = renderer;
  }

  /** As {@link #append(int, Object)}, for records that nobody in particular owns. */
  public long append(R record) {
    return append(0, record);
  }

  /** Safe from any thread. Returns the record's sequence number. */
  public long append(int owner, R record) {
    long sequence;
    synchronized (lock) {
      sequence = ++appended;
      Owner<R> of = owners.get(owner);
      if (of == null) {
        of = new Owner<>(owner);
        owners.put(owner, of);
      }
      Entry<R> entry = new Entry<>(sequence, record);
      of.entries.add(entry);
      link(entry);
      if (++size > capacity) {
        drop(of.entries.size() * (long) owners.size() > capacity ? of : largest());
      }
    }
    if (!followers.isEmpty()) {
      FlowReport report = renderer.render(sequence, record);
      followers.forEach(f -> f.accept(report));
    }
    return sequence;
  }

  private void link(Entry<R> entry) {
    Entry<R> last = newest;
    entry.older = last;
    if (last == null) {
      oldest = entry;
    } else {
      last.newer = entry;
    }
    newest = entry;
  }

  private Owner<R> largest() {
    return Collections.max(
        owners.values(), (a, b) -> Integer.compare(a.entries.size(), b.entries.size()));
  }

  private void drop(Owner<R> of) {
    Entry<R> entry = of.entries.remove();
    if (of.entries.isEmpty()) {
      owners.remove(of.number);
    }
    Entry<R> before = entry.older;
    Entry<R> after = entry.newer;
    if (before == null) {
      oldest = after;
    } else {
      before.newer = after;
      lost++;
    }
    if (after == null) {
      newest = before;
    } else {
      after.older = before;
    }
    entry.gone = true;
    entry.older = null;
    entry.newer = null;
    size--;
  }

  /** How many records have ever been appended. */
  public long appended() {
    synchronized (lock) {
      return appended;
    }
  }

  /** How many records went before their time, because their owner had too many. */
  public long lost() {
    synchronized (lock) {
      return lost;
    }
  }

  /** Whether anybody follows now. */
  public boolean followed() {
    return !followers.isEmpty();
  }

  /** As {@link AgentView#flows}. */
  public List<FlowReport> last(FlowFilter filter, int last) {
    ArrayDeque<FlowReport> found = new ArrayDeque<>();
    List<Entry<R>> entries = entries(0, Long.MAX_VALUE, Integer.MAX_VALUE, null);
    for (int i = entries.size() - 1; i >= 0 && found.size() < last; i--) {
      FlowReport report = renderer.render(entries.get(i).sequence, entries.get(i).record);
      if (filter.passes(report)) {
        found.addFirst(report);
      }
    }
    return new ArrayList<>(found);
  }

  /** As {@link AgentView#reader}. */
  public FlowReader reader(FlowFilter filter, int last) {
    long first = Long.MAX_VALUE;
    long end = 0;
    int found = 0;
    // Only their numbers are kept: whoever reads slowly must not keep what the log has forgotten.
    List<Entry<R>> entries = entries(0, Long.MAX_VALUE, Integer.MAX_VALUE, null);
    for (int i = entries.size() - 1; i >= 0 && found < last; i--) {
      Entry<R> entry = entries.get(i);
      end = Math.max(end, entry.sequence);
      if (filter.equals(FlowFilter.ALL)
          || filter.passes(renderer.render(entry.sequence, entry.record))) {
        first = entry.sequence;
        found++;
      }
    }
    return new Reader(filter, first, end);
  }

  private final class Reader implements FlowReader {
    private final FlowFilter filter;
    private final long end;
    private long from;
    private @Nullable Entry<R> latest;

    Reader(FlowFilter filter, long from, long end) {
      this.filter = filter;
      this.from = from;
      this.end = end;
    }

    @Override
    public List<FlowReport> next(int most) {
      List<FlowReport> found = new ArrayList<>(most);
      while (found.isEmpty() && from <= end) {
        List<Entry<R>> entries = entries(from, end, most, latest);
        if (entries.isEmpty()) {
          from = Long.MAX_VALUE;
        }
        for (Entry<R> entry : entries) {
          from = entry.sequence + 1;
          latest = entry;
          FlowReport report = renderer.render(entry.sequence, entry.record);
          if (filter.passes(report)) {
            found.add(report);
          }
        }
      }
      return found;
    }
  }

  /**
   * The entries of these numbers, at most so many; {@code hint} is one before them, if still there.
   */
  private List<Entry<R>> entries(long from, long to, int most, @Nullable Entry<R> hint) {
    synchronized (lock) {
      List<Entry<R>> found = new ArrayList<>(Math.min(most, size));
      Entry<R> entry = hint != null && !hint.gone ? hint : oldest;
      while (entry != null && entry.sequence <= to && found.size() < most) {
        if (entry.sequence >= from) {
          found.add(entry);
        }
        entry = entry.newer;
      }
      return found;
    }
  }

  /** As {@link AgentView#follow}. */
  public AgentView.Subscription follow(Consumer<FlowReport> sink) {
    // A wrapper of its own, so that closing one of two equal sinks removes the right one.
    Consumer<FlowReport> own = report -> sink.accept(report);
    followers.add(own);
    return () -> followers.remove(own);
  }
}
