package dev.drawbridge.bpf.ffi;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * A file descriptor with one owner. Closing twice is harmless; using it after that is an exception,
 * because by then the number may belong to somebody else.
 */
public final class Fd implements AutoCloseable {
  private static final int CLOSED = -1;

  private final AtomicInteger number;
  private final String what;

  /**
   * @param number an open descriptor, from now on owned by this object
   * @param what named in errors
   */
  public Fd(int number, String what) {
    if (number < 0) {
      throw new IllegalArgumentException("not a file descriptor: " + number);
    }
    this.number = new AtomicInteger(number);
    this.what = what;
  }

  /** The number, for a call that ends before the owner closes. */
  public int raw() {
    int raw = number.get();
    if (raw == CLOSED) {
      throw new IllegalStateException(what + " is closed");
    }
    return raw;
  }

  public boolean closed() {
    return number.get() == CLOSED;
  }

  @Override
  public void close() {
    int raw = number.getAndSet(CLOSED);
    if (raw != CLOSED) {
      int _ = LibC.system().close(raw); // Linux frees the number even when close(2) fails
    }
  }

  @Override
  public String toString() {
    return what + (closed() ? " (closed)" : " (fd " + number.get() + ")");
  }
}
