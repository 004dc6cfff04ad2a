package dev.drawbridge.api.server;

import dev.drawbridge.api.ApiException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The socket's place in the file system.
 *
 * <p>A socket is born in a directory that only the agent may enter, gets its mode and group there,
 * and is then renamed to its name: at no instant does a socket with wider rights stand under it.
 * What stands there already is replaced only if it is a socket that nobody listens on. unix(7),
 * rename(2).
 */
final class SocketFile {
  private static final int LONGEST = 107; // sun_path less its final zero, unix(7)

  private final Path path;
  private final Optional<String> group;
  private @Nullable Object identity;

  SocketFile(Path path, Optional<String> group) {
    this.path = path.toAbsolutePath();
    this.group = group;
  }

  Path path() {
    return path;
  }

  private Path directory() throws ApiException {
    Path parent = path.getParent();
    if (parent == null) {
      throw new ApiException("control socket " + path + ": expected a file in a directory");
    }
    return parent;
  }

  /**
   * Makes the directory if it is not there, and refuses what another user could have put in the
   * way.
   */
  void prepare() throws ApiException {
    if (path.toString().getBytes(StandardCharsets.UTF_8).length > LONGEST) {
      throw new ApiException(
          "control socket "
              + path
              + ": the path is longer than "
              + LONGEST
              + " bytes; choose a shorter one");
    }
    Path directory = directory();
    try {
      if (!Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
        Path above = directory.getParent();
        if (above != null) {
          Files.createDirectories(above);
        }
        Files.createDirectory(
            directory,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-x---")));
      }
      checkDirectory(directory);
      checkOccupant();
    } catch (ApiException e) {
      throw e;
    } catch (IOException e) {
      throw new ApiException("control socket " + path + ": cannot be prepared: " + e, e);
    }
  }

  private void checkDirectory(Path directory) throws IOException {
    PosixFileAttributes attributes =
        Files.readAttributes(directory, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    if (!attributes.isDirectory()) {
      throw new ApiException(
          "control socket "
              + path
              + ": "
              + directory
              + " is a symbolic link or no directory; the agent wants a directory of its own");
    }
    Set<PosixFilePermission> rights = attributes.permissions();
    if (rights.contains(PosixFilePermission.OTHERS_WRITE)
        || rights.contains(PosixFilePermission.GROUP_WRITE)) {
      throw new ApiException(
          "control socket "
              + path
              + ": others may write to "
              + directory
              + "; take that away (chmod 0750) or choose another directory");
    }
  }

  private void checkOccupant() throws IOException {
    BasicFileAttributes attributes;
    try {
      attributes = Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    } catch (NoSuchFileException e) {
      return;
    }
    if (attributes.isSymbolicLink() || !attributes.isOther()) {
      throw new ApiException(
          "control socket "
              + path
              + ": something that is no socket stands there; remove it or choose another path");
    }
    try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      probe.connect(UnixDomainSocketAddress.of(path));
    } catch (IOException e) {
      return; // dead: bind's rename will replace it
    }
    throw new ApiException(
        "control socket "
            + path
            + ": another agent answers there; stop it first, or choose another path");
  }

  /** Where to bind. */
  Path birthplace() throws ApiException {
    try {
      Path cradle =
          Files.createTempDirectory(
              directory(),
              ".a",
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      return cradle.resolve("s");
    } catch (IOException e) {
      throw new ApiException("control socket " + path + ": cannot be prepared: " + e, e);
    }
  }

  /** Gives the bound socket its rights and its name. */
  void install(Path born) throws ApiException {
    try {
      Files.setPosixFilePermissions(born, PosixFilePermissions.fromString("rw-rw----"));
      if (group.isPresent()) {
        GroupPrincipal principal =
            born.getFileSystem()
                .getUserPrincipalLookupService()
                .lookupPrincipalByGroupName(group.get());
        Files.getFileAttributeView(born, PosixFileAttributeView.class).setGroup(principal);
        Files.getFileAttributeView(directory(), PosixFileAttributeView.class).setGroup(principal);
      }
      identity =
          Files.readAttributes(born, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
              .fileKey();
      Files.move(born, path, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new ApiException("control socket " + path + ": cannot be put in place: " + e, e);
    } finally {
      discard(born);
    }
  }

  /** Removes what {@link #birthplace} made. */
  void discard(Path born) {
    try {
      Files.deleteIfExists(born);
      Path cradle = born.getParent();
      if (cradle != null) {
        Files.deleteIfExists(cradle);
      }
    } catch (IOException e) {
      System.getLogger(SocketFile.class.getName())
          .log(System.Logger.Level.WARNING, "left behind: " + born, e);
    }
  }

  /** Removes the socket if it is still the one that was installed. */
  void remove() {
    if (identity == null) {
      return;
    }
    try {
      Object present =
          Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
              .fileKey();
      if (identity.equals(present)) {
        Files.deleteIfExists(path);
      }
    } catch (NoSuchFileException e) {
      return;
    } catch (IOException e) {
      System.getLogger(SocketFile.class.getName())
          .log(System.Logger.Level.WARNING, "left behind: " + path, e);
    }
  }
}
