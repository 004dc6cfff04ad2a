package dev.drawbridge.daemon;

import java.lang.System.Logger.Level;
import java.util.ArrayDeque;
import java.util.Deque;

/** What an agent has opened, closed in reverse. Safe for any thread. */
final class Kept implements AutoCloseable {
  private static final System.Logger log = System.getLogger(Kept.class.getName());

  /**
   * @param carries whether connections that are open need it
   */
  private record One(AutoCloseable resource, boolean carries) {}

  private final Deque<One> open = new ArrayDeque<>();

  synchronized <T extends AutoCloseable> T keep(T resource) {
    open.push(new One(resource, false));
    return resource;
  }

  /** The same for what connections that are open need. */
  synchronized <T extends AutoCloseable> T keepForConnections(T resource) {
    open.push(new One(resource, true));
    return resource;
  }

  /** Closes what connections that are open do not need. */
  synchronized void letGo() {
    Deque<One> left = new ArrayDeque<>();
    while (!open.isEmpty()) {
      One one = open.pop();
      if (one.carries) {
        left.addLast(one);
      } else {
        close(one.resource);
      }
    }
    open.addAll(left);
  }

  @Override
  public synchronized void close() {
    while (!open.isEmpty()) {
      close(open.pop().resource);
    }
  }

  private static void close(AutoCloseable resource) {
    try {
      resource.close();
    } catch (Exception e) {
      log.log(Level.WARNING, "closing " + resource.getClass().getSimpleName(), e);
    }
  }
}
