package dev.drawbridge.api;

import java.nio.file.Path;
import java.util.OptionalInt;

/** The API's two listeners. */
public final class ApiServer implements AutoCloseable {
  private final ApiConfig config;

  public ApiServer(ApiConfig config, AgentView view) {
    this.config = config;
  }

  /** Binds both listeners, or none. */
  public void start() throws ApiException {}

  public Path socket() {
    return config.socket();
  }

  /** The TCP port that was bound; empty if there is none. */
  public OptionalInt tcpPort() {
    return OptionalInt.empty();
  }

  @Override
  public void close() {}
}
