package dev.drawbridge.daemon.container;

import dev.drawbridge.hook.OciState;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Collection;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Which capabilities each container was started with, as its OCI spec had them when the hook ran: a
 * file named after its id, one name a line. It outlives the agent, because what a process of the
 * container shows at some later moment is less than others of it may have.
 */
public final class Grants {

  private static final System.Logger log = System.getLogger(Grants.class.getName());

  private final Path directory;

  public Grants(Path directory) throws IOException {
    this.directory = Files.createDirectories(directory);
  }

  /** What was noted at its hook; empty if it started without. */
  public Optional<SortedSet<String>> of(String id) {
    if (!OciState.plausibleId(id) || !Files.exists(directory.resolve(id))) {
      return Optional.empty();
    }
    try {
      return Optional.of(new TreeSet<>(Files.readAllLines(directory.resolve(id))));
    } catch (IOException e) {
      log.log(Level.WARNING, "what container " + id + " was granted", e);
      return Optional.empty();
    }
  }

  /** Replaces what is known of a container: it starts. */
  public void note(String id, Collection<String> capabilities) throws IOException {
    if (OciState.plausibleId(id)) {
      // Not to be read half written, by whoever comes after an agent that died here.
      Path fresh = directory.resolve("." + id);
      Files.write(fresh, capabilities);
      Files.move(fresh, directory.resolve(id), StandardCopyOption.ATOMIC_MOVE);
    }
  }

  /** Its run is over. */
  public void forget(String id) {
    try {
      if (OciState.plausibleId(id)) {
        Files.deleteIfExists(directory.resolve(id));
      }
    } catch (IOException e) {
      log.log(Level.DEBUG, "what container " + id + " was granted", e);
    }
  }
}
