package dev.drawbridge.l7;

import java.util.concurrent.Callable;

/**
 * A network namespace in which something can be done.
 *
 * <p>Sockets belong to the namespace of the thread that made them, so the engine makes each of its
 * sockets in such a call, and may use them on any thread afterwards.
 */
@FunctionalInterface
public interface NetnsHandle {
  /** Runs the call on a platform thread inside the namespace and waits for its result. */
  <T> T call(Callable<T> call) throws Exception;

  /** The namespace the process is in already: the call runs on the calling thread. */
  static NetnsHandle current() {
    return new NetnsHandle() {
      @Override
      public <T> T call(Callable<T> call) throws Exception {
        return call.call();
      }
    };
  }
}
