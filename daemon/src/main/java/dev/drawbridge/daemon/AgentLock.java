package dev.drawbridge.daemon;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * Keeps two agents from working at once: by a lock in the run directory, and because another run
 * directory may go with the same pins, by a symbolic link beside the pins that names the process
 * (the BPF file system holds no ordinary files). A link that a dead agent left is taken over.
 */
final class AgentLock implements AutoCloseable {

  private static final String OWNER = "owner";

  private final FileChannel channel;
  private final Path owner;
  private final Path self;

  private AgentLock(FileChannel channel, Path owner, Path self) {
    this.channel = channel;
    this.owner = owner;
    this.self = self;
  }

  /**
   * Takes both.
   *
   * @param pins the directory of the pins, which exists
   * @throws IOException with a sentence for the operator if another agent has either
   */
  static AgentLock take(Path file, Path pins) throws IOException {
    FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    boolean complete = false;
    try {
      if (!locked(channel)) {
        throw new IOException(
            "another agent holds " + file + "; stop it first, or use another runDir");
      }
      long pid = ProcessHandle.current().pid();
      Path self =
          Path.of(
              named(pid).orElseThrow(() -> new IOException("/proc does not show this process")));
      Path owner = pins.resolve(OWNER);
      claim(owner, self, pins);
      complete = true;
      return new AgentLock(channel, owner, self);
    } finally {
      if (!complete) {
        channel.close();
      }
    }
  }

  /** The process that works with the pins, if one does. */
  static Optional<String> worker(Path pins) throws IOException {
    Path holder = holder(pins.resolve(OWNER));
    return lives(holder) ? Optional.of(holder.toString().split("-", 2)[0]) : Optional.empty();
  }

  private static boolean locked(FileChannel channel) throws IOException {
    try {
      FileLock lock = channel.tryLock();
      return lock != null;
    } catch (OverlappingFileLockException e) {
      // Another one in this very process.
      return false;
    }
  }

  private static void claim(Path owner, Path self, Path pins) throws IOException {
    for (int attempt = 0; attempt < 2; attempt++) {
      try {
        Files.createSymbolicLink(owner, self);
        return;
      } catch (FileAlreadyExistsException e) {
        Path holder = holder(owner);
        if (lives(holder)) {
          throw new IOException(
              "another agent, process "
                  + String.valueOf(holder).split("-", 2)[0]
                  + ", works with the pins in "
                  + pins
                  + "; stop it first, or use another bpffs",
              e);
        }
        Files.deleteIfExists(owner);
      }
    }
    throw new IOException("another agent has just begun to work with the pins in " + pins);
  }

  private static Path holder(Path owner) throws IOException {
    try {
      return Files.readSymbolicLink(owner);
    } catch (NoSuchFileException e) {
      // Given up since.
      return Path.of("0-0");
    }
  }

  private static boolean lives(Path holder) {
    String text = holder.toString();
    try {
      return named(Long.parseLong(text.split("-", 2)[0])).filter(text::equals).isPresent();
    } catch (NumberFormatException e) {
      return false;
    }
  }

  /** Pid and start time in clock ticks since boot, field 22 of /proc/PID/stat: never used twice. */
  private static Optional<String> named(long pid) {
    try {
      String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
      return Optional.of(pid + "-" + stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1)[19]);
    } catch (IOException | IndexOutOfBoundsException e) {
      return Optional.empty();
    }
  }

  @Override
  public void close() throws IOException {
    try {
      if (holder(owner).equals(self)) {
        Files.deleteIfExists(owner);
      }
    } finally {
      channel.close();
    }
  }
}
