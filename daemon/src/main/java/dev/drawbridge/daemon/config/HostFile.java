package dev.drawbridge.daemon.config;

import dev.drawbridge.bpf.linux.RegularFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Files and directories that decide what the agent enforces. They count only if nobody but root, or
 * whom the agent runs as, could have written them: a regular file, and every directory that leads
 * to it, owned by one of the two and not writable by group or others. A directory with the sticky
 * bit, such as {@code /tmp}, may lead there: in it nobody can rename what is another's.
 */
public final class HostFile {
  private static final int OTHERS_WRITE = 022;
  private static final int STICKY = 01000;

  /** Who the agent is: /proc/self belongs to the effective user. */
  private static final int SELF = self();

  /** What is not taken, whoever wrote it. The message is a sentence without the file's name. */
  public static final class Refused extends FileSystemException {
    private static final long serialVersionUID = 1L;
    private final String why;

    Refused(Path file, String why) {
      super(file.toString(), null, why);
      this.why = why;
    }

    public String why() {
      return why;
    }
  }

  private HostFile() {}

  private static int self() {
    try {
      return (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    } catch (IOException e) {
      // Without /proc nothing else works either; then only root is trusted.
      return 0;
    }
  }

  /**
   * The text of a file.
   *
   * @param home the directory that a link must not lead out of
   * @throws NoSuchFileException if there is none
   * @throws Refused if it is no regular file, belongs to somebody else, may be written to by others
   *     or leads elsewhere
   * @throws CharacterCodingException if it is not UTF-8
   * @throws FileSystemException if it is too long or cannot be read
   */
  public static String read(Path file, Path home, int limit) throws IOException {
    Path real = file;
    if (Files.isSymbolicLink(file)) {
      real = file.toRealPath();
      if (!real.startsWith(home.toRealPath())) {
        throw new Refused(file, "is a link that leads out of " + home);
      }
    }
    Optional<String> above = untrusted(parent(real));
    if (above.isPresent()) {
      throw new Refused(file, "cannot be trusted: " + above.get());
    }
    try (RegularFile open = opened(file, real)) {
      Optional<String> wrong = wrong(open.owner(), open.mode(), false);
      if (wrong.isPresent()) {
        throw new Refused(file, wrong.get());
      }
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(open.read(limit)))
          .toString();
    }
  }

  private static RegularFile opened(Path file, Path real) throws IOException {
    try {
      return RegularFile.open(real);
    } catch (NoSuchFileException e) {
      throw e;
    } catch (FileSystemException e) {
      String reason = e.getReason();
      throw new Refused(file, reason == null ? "cannot be opened" : reason);
    }
  }

  /**
   * Why what stands in this directory counts for nothing: a sentence that names the directory, or
   * one above it, that others could change. Empty also if there is none.
   */
  public static Optional<String> untrusted(Path directory) {
    try {
      Path real = directory.toRealPath();
      for (Path place = real; place != null; place = place.getParent()) {
        int owner = (int) Files.getAttribute(place, "unix:uid", LinkOption.NOFOLLOW_LINKS);
        int mode = (int) Files.getAttribute(place, "unix:mode", LinkOption.NOFOLLOW_LINKS);
        Optional<String> wrong = wrong(owner, mode, !place.equals(real));
        if (wrong.isPresent()) {
          return Optional.of("directory " + place + " " + wrong.get());
        }
      }
      return Optional.empty();
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      return Optional.of("directory " + directory + " cannot be looked at: " + e.getMessage());
    }
  }

  private static Optional<String> wrong(int owner, int mode, boolean leading) {
    if (owner != 0 && owner != SELF) {
      return Optional.of("belongs to uid " + owner + "; expected root");
    }
    if ((mode & OTHERS_WRITE) != 0 && !(leading && (mode & STICKY) != 0)) {
      return Optional.of(
          "may be written to by others (mode "
              + Integer.toOctalString(mode & 07777)
              + "); expected none but its owner");
    }
    return Optional.empty();
  }

  private static Path parent(Path file) {
    Path parent = file.toAbsolutePath().getParent();
    return parent == null ? Path.of("/") : parent;
  }
}
