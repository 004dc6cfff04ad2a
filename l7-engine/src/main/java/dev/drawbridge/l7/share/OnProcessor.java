package dev.drawbridge.l7.share;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * How long the loop's thread has been on a processor, by the kernel's account (proc(5), {@code
 * schedstat}). A reading costs microseconds, so it is asked once a millisecond, and about what
 * seems to have taken long: on a busy machine that is mostly time in which the thread did not run.
 */
final class OnProcessor {
  private final byte[] text = new byte[64];
  private @Nullable RandomAccessFile file;
  private boolean absent;
  private long last;
  private long knownBefore;

  /**
   * Of that much time, what the thread may have worked: all it has since it was last asked, but for
   * what is known of.
   *
   * @param known of the thread's work, what has been accounted for so far
   */
  long of(long nanos, long known) {
    long now = read();
    long worked = now - last - (known - knownBefore);
    return now == 0 ? nanos : Math.clamp(worked, 0, nanos);
  }

  /** Remembers how long the thread has worked up to now. */
  void ask(long known) {
    last = read();
    knownBefore = known;
  }

  private long read() {
    try {
      RandomAccessFile open = file;
      if (open == null) {
        if (absent) {
          return 0;
        }
        open = new RandomAccessFile("/proc/thread-self/schedstat", "r");
        file = open;
      }
      open.seek(0);
      int length = open.read(text);
      String all = new String(text, 0, Math.max(0, length), StandardCharsets.US_ASCII);
      return Long.parseLong(all, 0, Math.max(0, all.indexOf(' ')), 10);
    } catch (IOException | NumberFormatException _) {
      // A kernel without it: then what was measured counts.
      absent = true;
      return 0;
    }
  }

  void close() {
    try {
      if (file != null) {
        file.close();
      }
    } catch (IOException _) {
      // It was only read from.
    }
  }
}
