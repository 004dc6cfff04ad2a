package dev.drawbridge.l7.share;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * How long the loop's thread has been on a processor, by the kernel's account (proc(5), {@code
 * schedstat}). A reading costs microseconds, so it is asked once a millisecond, and about what
 * seems to have taken long: on a busy machine that is mostly time in which the thread did not run.
 */
final class OnProcessor {
  private final ByteBuffer text = ByteBuffer.allocateDirect(64);
  private @Nullable FileChannel file;
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
      FileChannel open = file;
      if (open == null) {
        if (absent) {
          return 0;
        }
        open = FileChannel.open(Path.of("/proc/thread-self/schedstat"));
        file = open;
      }
      text.clear();
      int length = open.read(text, 0);
      return first(length);
    } catch (IOException _) {
      // A kernel without it: then what was measured counts.
      absent = true;
      return 0;
    }
  }

  /** The first number, which a space follows. */
  private long first(int length) throws IOException {
    long number = 0;
    for (int i = 0; i < length; i++) {
      int digit = text.get(i) - '0';
      if (digit == ' ' - '0' && i > 0) {
        return number;
      }
      if (digit < 0 || digit > 9) {
        break;
      }
      number = 10 * number + digit;
    }
    throw new IOException("/proc/thread-self/schedstat does not begin with a number");
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
