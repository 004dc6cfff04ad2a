package dev.drawbridge.cli.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A file of this process alone, gone when it is closed, or with the process. */
public final class TemporaryFile implements AutoCloseable {
  private final Path path;

  /** Makes an empty one in the directory for temporary files. */
  public TemporaryFile(String prefix, String suffix) throws IOException {
    this.path = Files.createTempFile(prefix, suffix);
  }

  public Path path() {
    return path;
  }

  @Override
  public void close() {
    try {
      Files.deleteIfExists(path);
    } catch (IOException e) {
      path.toFile().deleteOnExit();
    }
  }
}
