package dev.drawbridge.hook;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The path of a listening Unix socket and the right to it. A lock file beside it keeps two agents
 * from replacing each other's socket between the question whether anybody listens and the bind.
 */
final class SocketPlace {
  private static final int BACKLOG = 512;

  private final Path socket;
  private final Path lockFile;
  private @Nullable FileChannel lockChannel;
  private @Nullable FileLock lock;

  SocketPlace(Path socket) {
    this.socket = socket.toAbsolutePath();
    this.lockFile = this.socket.resolveSibling(this.socket.getFileName() + ".lock");
  }

  ServerSocketChannel bind() throws HookException {
    try {
      prepareDirectory();
      takeLock();
      removeStaleSocket();
      ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
      try {
        channel.bind(UnixDomainSocketAddress.of(socket), BACKLOG);
        // Until here the directory alone kept others out, whatever the umask.
        Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-rw----"));
        return channel;
      } catch (IOException e) {
        channel.close();
        throw e;
      }
    } catch (IOException e) {
      releaseLock();
      throw new HookException(
          "cannot listen on hook socket " + socket + ": " + JsonTree.reason(e), e);
    }
  }

  /** Nobody finds it any more; who has connected is there. */
  void forget() {
    try {
      boolean _ = Files.deleteIfExists(socket);
    } catch (IOException e) {
      log("removing " + socket + " failed: " + JsonTree.reason(e));
    }
  }

  void release(@Nullable ServerSocketChannel listener) {
    try {
      if (listener != null) {
        // First the name, then the descriptor: afterwards the path may be a successor's.
        Files.deleteIfExists(socket);
        listener.close();
      }
    } catch (IOException e) {
      log("closing " + socket + " failed: " + JsonTree.reason(e));
    } finally {
      releaseLock();
    }
  }

  private void prepareDirectory() throws IOException, HookException {
    Path directory = socket.resolveSibling(".").normalize();
    if (!Files.exists(directory)) {
      Path above = directory.resolve("..").normalize();
      Files.createDirectories(above);
      Files.createDirectory(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-x---")));
    }
    Set<PosixFilePermission> mode = Files.getPosixFilePermissions(directory);
    if (mode.contains(PosixFilePermission.OTHERS_WRITE)) {
      throw new HookException(
          "cannot listen on hook socket "
              + socket
              + ": everybody may write to "
              + directory
              + "; expected mode 0750");
    }
  }

  private void takeLock() throws IOException, HookException {
    lockChannel = FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      lock = lockChannel.tryLock();
    } catch (OverlappingFileLockException e) {
      lock = null;
    }
    if (lock == null) {
      releaseLock();
      throw alreadyServed();
    }
  }

  private void removeStaleSocket() throws IOException, HookException {
    if (!Files.exists(socket, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    var kind =
        Files.readAttributes(
            socket, java.nio.file.attribute.BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    if (!kind.isOther()) {
      releaseLock();
      throw new HookException(
          "cannot listen on hook socket " + socket + ": something that is no socket is there");
    }
    if (HookServer.listening(socket)) {
      releaseLock();
      throw alreadyServed();
    }
    Files.delete(socket);
  }

  private HookException alreadyServed() {
    return new HookException(
        "cannot listen on hook socket " + socket + ": another agent listens there; stop it first");
  }

  private void releaseLock() {
    try {
      if (lock != null) {
        lock.release();
        lock = null;
      }
      if (lockChannel != null) {
        lockChannel.close();
        lockChannel = null;
      }
    } catch (IOException e) {
      log("releasing " + lockFile + " failed: " + JsonTree.reason(e));
    }
  }

  private static void log(String what) {
    System.getLogger("dev.drawbridge.hook").log(System.Logger.Level.WARNING, what);
  }
}
