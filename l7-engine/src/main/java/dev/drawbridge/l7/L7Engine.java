package dev.drawbridge.l7;

import dev.drawbridge.policy.Policy;
import java.io.IOException;

/** The engine: two event loops, any number of namespaces, one policy at a time. */
public final class L7Engine implements AutoCloseable {
  /** Starts the event loops; nothing listens yet, and everything is denied until publish. */
  public L7Engine(
      EngineLimits limits,
      EndpointNames names,
      Origins origins,
      OnwardSockets onward,
      AccessLog log) {}

  /**
   * Listens at 127.0.0.1 and ::1 of a namespace, at ports that the kernel chooses.
   *
   * @throws IOException if neither family can be bound
   */
  public EngineListener listen(int netnsNumber, NetnsHandle netns) throws IOException {
    if (netnsNumber < 0) {
      throw new IOException("not built yet");
    }
    return new EngineListener() {
      @Override
      public int port4() {
        return 0;
      }

      @Override
      public int port6() {
        return 0;
      }

      @Override
      public int fd4() {
        return -1;
      }

      @Override
      public int fd6() {
        return -1;
      }

      @Override
      public void close() {}
    };
  }

  /** Judges everything from now on by this policy, live connections included. */
  public void publish(Policy policy) {}

  public EngineStats stats() {
    return new EngineStats(0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  }

  /** Closes listeners, connections and threads. */
  @Override
  public void close() {}
}
