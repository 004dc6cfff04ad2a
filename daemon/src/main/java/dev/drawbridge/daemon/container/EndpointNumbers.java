package dev.drawbridge.daemon.container;

import dev.drawbridge.policy.Peers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * Hands out endpoint numbers, none twice in the life of a kernel.
 *
 * <p>A number may still stand in a socket's storage or in a flow record after its container is
 * gone. Giving it to another container would give that one the other's identity. So the counter is
 * kept in a file of the run directory, which lives exactly as long as the kernel's state does, and
 * is written ahead of use in blocks.
 */
public final class EndpointNumbers {

  private static final int BLOCK = 1024;

  private final Path file;
  private int next;
  private int reserved;

  /**
   * Opens the counter.
   *
   * @param highestInKernel the highest endpoint number found in pinned maps, 0 for none
   */
  public EndpointNumbers(Path file, int highestInKernel) throws IOException {
    this.file = file;
    int stored = 0;
    try {
      stored = Integer.parseInt(Files.readString(file).strip());
    } catch (NoSuchFileException e) {
      // First start since boot.
      stored = 0;
    } catch (NumberFormatException e) {
      throw new IOException(
          file + " does not hold a number; remove the file only after every container stopped", e);
    }
    this.next = Math.max(Math.max(stored, highestInKernel + 1), Peers.FIRST_ENDPOINT);
    this.reserved = next;
  }

  /** A number that no container of this kernel has had. */
  public int take() throws IOException {
    if (next == reserved) {
      reserve(Math.addExact(next, BLOCK));
    }
    return next++;
  }

  private void reserve(int upTo) throws IOException {
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    Files.writeString(
        fresh,
        upTo + "\n",
        StandardOpenOption.CREATE,
        StandardOpenOption.TRUNCATE_EXISTING,
        StandardOpenOption.WRITE,
        StandardOpenOption.SYNC);
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    reserved = upTo;
  }
}
