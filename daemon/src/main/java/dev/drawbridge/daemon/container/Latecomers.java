package dev.drawbridge.daemon.container;

import dev.drawbridge.hook.OciState;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Containers some of whose sockets may be older than the programs that note whose a listener is:
 * they ran before they were guarded, or under the programs of another version. A file named after
 * the id, which outlives the agent as those sockets do.
 */
public final class Latecomers {
  private static final System.Logger log = System.getLogger(Latecomers.class.getName());

  private final Path directory;

  public Latecomers(Path directory) throws IOException {
    this.directory = Files.createDirectories(directory);
  }

  /**
   * Its programs came after it had begun. What cannot be kept is true of this agent's time only.
   */
  public void note(String id) {
    try {
      if (OciState.plausibleId(id) && !has(id)) {
        Files.createFile(directory.resolve(id));
      }
    } catch (IOException e) {
      log.log(Level.WARNING, "that container " + id + " is older than its programs", e);
    }
  }

  public boolean has(String id) {
    return OciState.plausibleId(id) && Files.exists(directory.resolve(id));
  }

  /** It begins anew, or its run is over. */
  public void forget(String id) {
    try {
      if (OciState.plausibleId(id)) {
        boolean _ = Files.deleteIfExists(directory.resolve(id));
      }
    } catch (IOException e) {
      log.log(Level.WARNING, "that container " + id + " is as young as its programs", e);
    }
  }
}
