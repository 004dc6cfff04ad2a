package dev.drawbridge.runtime;

import java.io.Closeable;
import java.io.IOException;
import java.util.Optional;

/** Starts what was refused while no agent answered: the only thing that an engine is told to do. */
public interface Starter extends Closeable {

  /** The container's refused start; empty if it runs, is gone, or is down for another reason. */
  Optional<RefusedStart> refused(String id) throws IOException;

  /** Empty when it was started, else why it was not. */
  Optional<String> start(String id) throws IOException;

  /** Opens one. */
  @FunctionalInterface
  interface Connector {
    Starter connect() throws IOException;
  }

  /** Docker's, at a socket. */
  static Connector docker(String socketPath) {
    return () -> DockerEngine.connect(socketPath);
  }
}
