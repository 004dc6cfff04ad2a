package dev.drawbridge.bpf;

import java.util.function.Consumer;

/**
 * Reads the map {@code events} on one named platform thread: a thread that waits in the kernel pins
 * its carrier, so it cannot be virtual.
 */
public final class EventRing implements AutoCloseable {
  /**
   * @param ring the RINGBUF map
   * @param lost the PERCPU_ARRAY in which the kernel counts events that found the ring full
   * @param sink called on the reader's thread; what it throws is logged and counted, nothing more
   */
  public EventRing(BpfMap ring, BpfMap lost, Consumer<Event> sink) {
    Later.come();
  }

  /** Starts the thread; once. */
  public void start() {
    Later.come();
  }

  /** Events the kernel dropped because the ring was full, since the map was made. */
  public long lost() {
    return Later.come();
  }

  /** Events read whose bytes made no sense or whose sink threw. */
  public long undelivered() {
    return Later.come();
  }

  /** Events handed to the sink. */
  public long delivered() {
    return Later.come();
  }

  /** Ends the thread and waits for it. */
  @Override
  public void close() {
    Later.come();
  }
}
