package dev.drawbridge.bpf.linux;

import dev.drawbridge.bpf.failure.BpfException;
import dev.drawbridge.bpf.failure.Failures;
import dev.drawbridge.bpf.ffi.Errno;
import dev.drawbridge.bpf.ffi.Fd;
import dev.drawbridge.bpf.ffi.Inotify;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Says which files of a directory are complete: those whose writer has closed them, and those that
 * were renamed into place (inotify(7), IN_CLOSE_WRITE and IN_MOVED_TO). The JDK's own watch service
 * cannot tell a file that is complete from one that is being written.
 *
 * <p>One named thread reads. It ends with {@link #close} or when the directory is removed.
 */
public final class CompletedWrites implements AutoCloseable {
  private static final int BUFFER_BYTES = 64 * 1024;
  private static final int HEADER_BYTES = 16;

  private final Fd inotify;
  private final int watch;
  private final Consumer<Set<String>> sink;
  private final Thread reader;

  /**
   * Begins to watch.
   *
   * @param sink called on the reader's thread with the names of files that are complete; empty if
   *     the kernel lost count and everything should be looked at
   * @throws BpfException if the directory cannot be watched, for instance because there is none
   */
  public CompletedWrites(Path directory, Consumer<Set<String>> sink) {
    this.sink = sink;
    this.inotify = new Fd(Failures.check(Inotify.open(), "open", "inotify"), "inotify");
    try {
      this.watch =
          Failures.check(
              Inotify.add(
                  inotify.raw(),
                  directory.toString(),
                  Inotify.IN_CLOSE_WRITE | Inotify.IN_MOVED_TO | Inotify.IN_ONLYDIR),
              "watch",
              directory);
    } catch (BpfException e) {
      inotify.close();
      throw e;
    }
    this.reader = Thread.ofPlatform().name("drawbridge-files").daemon().start(this::read);
  }

  /** Whether changes are still reported; false once the directory is gone. */
  public boolean watching() {
    return reader.isAlive();
  }

  private void read() {
    byte[] buffer = new byte[BUFFER_BYTES];
    while (true) {
      int read = Inotify.read(inotify.raw(), buffer);
      if (read == -Errno.EINTR) {
        continue;
      }
      if (read <= 0) {
        return;
      }
      Set<String> names = new HashSet<>();
      boolean ended = decode(ByteBuffer.wrap(buffer, 0, read), names);
      if (ended) {
        return;
      }
      sink.accept(names);
    }
  }

  /** {@code struct inotify_event}s; true after the last one of this watch. */
  private static boolean decode(ByteBuffer events, Set<String> names) {
    events.order(ByteOrder.nativeOrder());
    while (events.remaining() >= HEADER_BYTES) {
      int _ = events.getInt();
      int mask = events.getInt();
      int _ = events.getInt();
      byte[] name = new byte[events.getInt()];
      events.get(name);
      if ((mask & Inotify.IN_IGNORED) != 0) {
        return true;
      }
      int length = 0;
      while (length < name.length && name[length] != 0) {
        length++;
      }
      if (length > 0) {
        names.add(new String(name, 0, length, StandardCharsets.UTF_8));
      }
    }
    return false;
  }

  /** Ends the thread and waits for it; not to be called by the sink. */
  @Override
  public void close() {
    if (reader.isAlive()) {
      int _ = Inotify.remove(inotify.raw(), watch);
      boolean interrupted = false;
      while (reader.isAlive()) {
        try {
          reader.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
    inotify.close();
  }
}
