package dev.drawbridge.bpf.linux;

import dev.drawbridge.bpf.ffi.Errno;
import dev.drawbridge.bpf.ffi.LibC;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;

/**
 * Whoever supervises this process, told how it is by the protocol of sd_notify(3): one datagram a
 * message to the socket that {@code NOTIFY_SOCKET} names, by path or abstract ({@code @name}).
 * Where nobody set it, nothing is said. The manager goes by the process's number and not by its
 * cgroup, so it makes no difference that the agent leaves the unit's.
 */
public final class Supervisor {

  private static final System.Logger log = System.getLogger(Supervisor.class.getName());

  /** {@code sun_path} of unix(7). */
  private static final int LONGEST_PATH = 107;

  private final Optional<byte[]> address;
  private final long watchdogNanos;
  private long lastSign;
  private volatile boolean silent;
  private volatile boolean succeeded;

  private Supervisor(Optional<byte[]> address, long watchdogNanos) {
    this.address = address;
    this.watchdogNanos = watchdogNanos;
    this.lastSign = System.nanoTime() - watchdogNanos;
  }

  /** By what the manager has put into the environment of this process. */
  public static Supervisor of(Map<String, String> environment) {
    Optional<byte[]> address =
        Optional.ofNullable(environment.get("NOTIFY_SOCKET")).flatMap(Supervisor::address);
    return new Supervisor(address, address.isEmpty() ? 0 : watchdog(environment));
  }

  /** {@code struct sockaddr_un}. */
  private static Optional<byte[]> address(String socket) {
    byte[] path = socket.getBytes(StandardCharsets.UTF_8);
    if (path.length < 2 || path.length > LONGEST_PATH || (path[0] != '/' && path[0] != '@')) {
      log.log(
          Level.WARNING, "NOTIFY_SOCKET is no Unix socket; the service manager is told nothing");
      return Optional.empty();
    }
    if (path[0] == '@') {
      path[0] = 0;
    }
    return Optional.of(
        ByteBuffer.allocate(Short.BYTES + path.length)
            .order(ByteOrder.nativeOrder())
            .putShort((short) LibC.AF_UNIX)
            .put(path)
            .array());
  }

  /** How often it wants a sign of life, in ns; 0 if it does not. */
  private static long watchdog(Map<String, String> environment) {
    String pid = environment.get("WATCHDOG_PID");
    if (pid != null && !pid.equals(Long.toString(ProcessHandle.current().pid()))) {
      return 0;
    }
    try {
      return Math.multiplyExact(
          Math.max(0, Long.parseLong(environment.getOrDefault("WATCHDOG_USEC", "0"))), 1_000L);
    } catch (NumberFormatException | ArithmeticException e) {
      log.log(
          Level.WARNING, "WATCHDOG_USEC is no number of microseconds; no sign of life is given");
      return 0;
    }
  }

  /** Started, or reloaded: what is ordered behind this process may begin. */
  public void ready() {
    boolean _ = send("READY=1", 0);
  }

  /** The configuration is read again; {@link #ready} says that it is done. */
  public void reloading() {
    boolean _ = send("RELOADING=1\nMONOTONIC_USEC=" + LibC.system().monotonic() / 1_000, 0);
  }

  /** Another process is the service from now on: that one is to be watched in this one's place. */
  public void succeededBy(long pid) {
    boolean _ = send("MAINPID=" + pid, 0);
    silent = true;
    succeeded = true;
  }

  /** About to end, on purpose. Never waits. */
  public void stopping() {
    boolean _ = !succeeded && send("STOPPING=1", LibC.MSG_DONTWAIT);
  }

  /**
   * A sign of life, to be given by what must not hang, as often as it likes: it is passed on four
   * times in the time that the manager waits for one. Never waits. Of one thread.
   */
  public void alive() {
    long now = System.nanoTime();
    // One that found no room is given at the next occasion.
    if (watchdogNanos > 0
        && now - lastSign >= watchdogNanos / 4
        && send("WATCHDOG=1", LibC.MSG_DONTWAIT)) {
      lastSign = now;
    }
  }

  private boolean send(String message, int flags) {
    if (address.isEmpty()) {
      return false;
    }
    LibC libc = LibC.system();
    int socket = libc.socket(LibC.AF_UNIX, LibC.SOCK_DGRAM | LibC.SOCK_CLOEXEC, 0);
    int result = socket;
    if (socket >= 0) {
      result =
          libc.sendTo(
              socket,
              message.getBytes(StandardCharsets.US_ASCII),
              flags | LibC.MSG_NOSIGNAL,
              address.get());
      int _ = libc.close(socket);
    }
    if (result < 0 && !silent) {
      silent = true;
      log.log(
          Level.WARNING,
          "the service manager cannot be told " + message + ": " + Errno.name(-result));
    }
    return result >= 0;
  }
}
