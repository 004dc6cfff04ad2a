package dev.drawbridge.bpf.linux;

import dev.drawbridge.bpf.ffi.LibC;
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.IntPredicate;

/**
 * Which process connected a Unix socket (unix(7), SO_PEERCRED). The JDK tells the user and the
 * group and not the process, and its channels do not tell their descriptor: that is asked of the
 * class behind them, which the JVM must be started for with {@code --add-exports
 * java.base/sun.nio.ch=ALL-UNNAMED}. Without it every peer is unknown.
 */
public final class PeerProcess {
  private static final int SOL_SOCKET = 1;
  private static final int SO_PEERCRED = 17;
  private static final int SO_PEERPIDFD = 77;

  private PeerProcess() {}

  /**
   * Asks the question of the process that connected. Its number cannot have become another's before
   * the answer was there, where the kernel gives a handle of the process (Linux 6.5).
   *
   * @param question false for a process that has ended
   * @return the answer; false where the process cannot be told
   */
  public static boolean holds(SocketChannel channel, IntPredicate question) throws IOException {
    int fd = descriptor(channel);
    byte[] credentials = new byte[12];
    if (LibC.system().socketOption(fd, SOL_SOCKET, SO_PEERCRED, credentials) < 0) {
      return false;
    }
    int pid = ByteBuffer.wrap(credentials).order(ByteOrder.nativeOrder()).getInt();
    if (pid <= 0) {
      return false;
    }
    byte[] handle = new byte[Integer.BYTES];
    if (LibC.system().socketOption(fd, SOL_SOCKET, SO_PEERPIDFD, handle) < 0) {
      // An older kernel, or a process that has ended and been waited for: then there is no such
      // pid.
      return question.test(pid);
    }
    int pidfd = ByteBuffer.wrap(handle).order(ByteOrder.nativeOrder()).getInt();
    try {
      return question.test(pid) && isAlive(pidfd);
    } finally {
      int _ = LibC.system().close(pidfd);
    }
  }

  /** proc_pid_fdinfo(5): of a pidfd it has the pid, and -1 once there is none. */
  private static boolean isAlive(int pidfd) throws IOException {
    return Files.readAllLines(Path.of("/proc/self/fdinfo", Integer.toString(pidfd))).stream()
        .noneMatch(line -> line.equals("Pid:\t-1"));
  }

  private static int descriptor(SocketChannel channel) throws IOException {
    try {
      Method descriptor = Class.forName("sun.nio.ch.SelChImpl").getMethod("getFDVal");
      return (int) descriptor.invoke(channel);
    } catch (ReflectiveOperationException e) {
      throw new IOException("the descriptor of a channel is out of reach: " + e, e);
    }
  }
}
