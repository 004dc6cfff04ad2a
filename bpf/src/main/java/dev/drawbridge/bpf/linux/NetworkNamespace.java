package dev.drawbridge.bpf.linux;

import dev.drawbridge.bpf.failure.BpfException;
import dev.drawbridge.bpf.failure.Failures;
import dev.drawbridge.bpf.ffi.Fd;
import dev.drawbridge.bpf.ffi.LibC;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A network namespace held open, and one platform thread of its own that works inside.
 *
 * <p>The thread enters once and never leaves: it serves no other namespace, and ends when idle or
 * closed. There is no way back that could fail and leave a thread of the agent in a container.
 *
 * <p>What is called must start no thread and block for no longer than the caller can wait: a thread
 * started inside stays inside.
 */
public final class NetworkNamespace implements AutoCloseable {
  private static final Path CURRENT = Path.of("/proc/thread-self/ns/net");
  private static final int IDLE_SECONDS = 30;

  private final Fd fd;
  private final long inode;
  private final ThreadPoolExecutor inside;

  /** The worker that is inside; only the worker itself writes it. */
  private volatile @Nullable Thread entered;

  private NetworkNamespace(Fd fd, long inode) {
    this.fd = fd;
    this.inode = inode;
    this.inside =
        new ThreadPoolExecutor(
            1,
            1,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            Thread.ofPlatform().name("drawbridge-netns-" + inode).daemon().factory());
    inside.allowCoreThreadTimeOut(true);
  }

  /** The namespace a process is in. */
  public static NetworkNamespace ofPid(int pid) {
    return ofPath(Path.of("/proc", Integer.toString(pid), "ns", "net"));
  }

  /** A namespace by its file, such as {@code /run/netns/x} or {@code /proc/1/ns/net}. */
  public static NetworkNamespace ofPath(Path file) {
    int opened = LibC.system().open(file.toString(), LibC.O_RDONLY | LibC.O_CLOEXEC);
    int number = Failures.check(opened, "open network namespace", file);
    Fd fd = new Fd(number, "network namespace " + file);
    boolean complete = false;
    try {
      // The descriptor's inode, not the path's: the path may mean another namespace by now.
      NetworkNamespace namespace =
          new NetworkNamespace(fd, inode(Path.of("/proc/self/fd", Integer.toString(number))));
      complete = true;
      return namespace;
    } finally {
      if (!complete) {
        fd.close();
      }
    }
  }

  private static long inode(Path file) {
    try {
      return (long) Files.getAttribute(file, "unix:ino");
    } catch (IOException e) {
      throw Failures.of("ask about network namespace", file, e);
    }
  }

  /** For {@code Program#attachNetns}; valid until closed. */
  public int fd() {
    return fd.raw();
  }

  /** What the kernel calls it: {@code net:[inode]}. */
  public long inode() {
    return inode;
  }

  /**
   * Runs something inside, on the namespace's own thread, and waits for it. May be called from
   * inside.
   *
   * @throws InterruptedException if the caller is interrupted; the task goes on nevertheless
   * @throws IllegalStateException if closed
   * @throws BpfException if the namespace cannot be entered; the task did not run
   */
  public <T extends @Nullable Object> T call(Callable<T> task) throws Exception {
    if (Thread.currentThread() == entered) {
      return task.call();
    }
    Future<T> result;
    try {
      result =
          inside.submit(() -> {
            enter();
            return task.call();
          });
    } catch (RejectedExecutionException e) {
      throw new IllegalStateException(fd + " is closed", e);
    }
    try {
      return result.get();
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case Exception thrown -> throw thrown;
        case Error thrown -> throw thrown;
        case null, default -> throw e;
      }
    }
  }

  private void enter() {
    if (entered == Thread.currentThread()) {
      return;
    }
    synchronized (fd) {
      int result = LibC.system().setns(fd.raw(), LibC.CLONE_NEWNET);
      int _ = Failures.check(result, "enter", fd);
    }
    if (inode(CURRENT) != inode) {
      throw new IllegalStateException("setns succeeded, yet the thread is not in " + fd);
    }
    entered = Thread.currentThread();
  }

  /** Takes no further calls and waits for none: calls that run are finished by their thread. */
  @Override
  public void close() {
    inside.shutdown();
    synchronized (fd) { // not while setns uses the number
      fd.close();
    }
  }

  @Override
  public String toString() {
    return "net:[" + inode + "]";
  }
}
