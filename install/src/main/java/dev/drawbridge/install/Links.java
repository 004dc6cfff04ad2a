package dev.drawbridge.install;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Symbolic links of configuration files. */
final class Links {
  /** As many as the kernel follows (path_resolution(7)). */
  private static final int MOST = 40;

  private Links() {}

  /**
   * The file that a path stands for, whether it exists or not. A linked configuration stays linked:
   * what changes is behind it, and its copies and temporary files lie beside that.
   */
  static Path behind(Path file) throws IOException {
    Path at = file;
    for (int i = 0; i < MOST && Files.isSymbolicLink(at); i++) {
      at = at.resolveSibling(Files.readSymbolicLink(at));
    }
    if (Files.isSymbolicLink(at)) {
      throw new IOException(file + " is a link that leads nowhere");
    }
    return at;
  }
}
