package dev.drawbridge.bpf;

import dev.drawbridge.bpf.abi.Event;
import dev.drawbridge.bpf.abi.NativeOrder;
import dev.drawbridge.bpf.failure.Failures;
import dev.drawbridge.bpf.ffi.Errno;
import dev.drawbridge.bpf.ffi.LibBpf;
import dev.drawbridge.bpf.ffi.NativeFailure;
import java.lang.System.Logger.Level;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Reads the map {@code events} on one named platform thread: a thread that waits in the kernel pins
 * its carrier, so it cannot be virtual.
 */
public final class EventRing implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(EventRing.class.getName());
  private static final String THREAD_NAME = "drawbridge-events";

  /**
   * How long a record of something allowed may wait, which the kernel writes without waking
   * anybody, and how long {@link #close} may take at most, beside the sink's own time.
   */
  private static final int POLL_MILLIS = 100;

  private final LibBpf.Ring ring;
  private final BpfMap lost;
  private final Consumer<Event> sink;
  private final LongAdder delivered = new LongAdder();
  private final LongAdder undelivered = new LongAdder();
  private volatile boolean closing;
  private volatile boolean reading;
  private boolean closed;
  private volatile @Nullable Thread reader;

  /**
   * @param ring the RINGBUF map
   * @param lost the PERCPU_ARRAY in which the kernel counts events that are not in the ring
   * @param sink called on the reader's thread; what it throws is logged and counted, nothing more
   */
  public EventRing(BpfMap ring, BpfMap lost, Consumer<Event> sink) {
    this.lost = lost;
    this.sink = sink;
    try {
      this.ring = LibBpf.system().ring(ring.fd(), this::deliver);
    } catch (NativeFailure e) {
      throw Failures.of("read map", ring.name(), -e.errno());
    }
  }

  /** Starts the thread; once. */
  public synchronized void start() {
    if (reader != null || closed) {
      throw new IllegalStateException(closed ? "closed" : "already started");
    }
    Thread thread = Thread.ofPlatform().name(THREAD_NAME).daemon().unstarted(this::read);
    reader = thread;
    thread.start();
  }

  private void read() {
    reading = true;
    while (!closing) {
      int result = ring.poll(POLL_MILLIS);
      if (result < 0 && result != -Errno.EINTR) {
        LOG.log(Level.ERROR, "events are no longer read: poll failed with " + Errno.name(result));
        break;
      }
    }
    reading = false;
  }

  /** Whether the thread runs; false after a failure that only a restart mends. */
  public boolean reading() {
    return reading;
  }

  /** Runs inside an upcall: must not throw. */
  @SuppressWarnings("CatchingUnchecked") // a sink's fault must not end the reader
  private void deliver(byte[] record) {
    try {
      sink.accept(Event.decode(record));
      delivered.increment();
    } catch (RuntimeException | Error e) {
      undelivered.increment();
      LOG.log(Level.WARNING, "an event was not delivered", e);
    }
  }

  /**
   * Events the kernel dropped because the ring was full or the endpoint's budget of events spent,
   * since the map was made.
   */
  public long lost() {
    return lost.lookupPerCpu(NativeOrder.u32(0)).stream().mapToLong(NativeOrder::asU64).sum();
  }

  /** Events read whose bytes made no sense or whose sink threw. */
  public long undelivered() {
    return undelivered.sum();
  }

  /** Events handed to the sink. */
  public long delivered() {
    return delivered.sum();
  }

  /** Ends the thread and waits for it; events still in the ring stay there. */
  @Override
  public void close() {
    if (Thread.currentThread() == reader) { // before the lock: the closer holds it while it waits
      throw new IllegalStateException("the sink cannot close the ring it is called from");
    }
    closeFromOutside();
  }

  private synchronized void closeFromOutside() {
    if (closed) {
      return;
    }
    closing = true;
    Thread thread = reader;
    if (thread != null) {
      joinUninterruptibly(thread);
    }
    closed = true;
    ring.close();
  }

  /** Freeing the ring under its reader would crash the process: an interrupt has to wait. */
  private static void joinUninterruptibly(Thread thread) {
    boolean interrupted = false;
    while (true) {
      try {
        thread.join();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
