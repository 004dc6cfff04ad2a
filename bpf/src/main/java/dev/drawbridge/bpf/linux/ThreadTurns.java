package dev.drawbridge.bpf.linux;

import dev.drawbridge.bpf.ffi.LibC;
import java.time.Duration;

/**
 * How long a thread's turns on a processor are. Since Linux 6.12 a thread with shorter turns than
 * the one that runs takes its place when it wakes, if it has not had more than its part; it gets no
 * more time in sum. Older kernels take the wish and change nothing.
 */
public final class ThreadTurns {
  private ThreadTurns() {}

  /**
   * Asks for short turns of the calling thread; its policy and nice value stay.
   *
   * @return whether the kernel has taken it: a filter of system calls may not let it
   */
  public static boolean shorten(Duration turn) {
    return LibC.system().turn(turn.toNanos()) >= 0;
  }

  /**
   * Of a thread, by its number, or of the calling one by 0; zero where the kernel does not say, as
   * Linux before 6.12.
   */
  public static Duration of(int thread) {
    return Duration.ofNanos(Math.max(0, LibC.system().turnOf(thread)));
  }
}
