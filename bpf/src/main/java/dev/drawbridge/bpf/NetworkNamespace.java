package dev.drawbridge.bpf;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/**
 * A network namespace held open, and one platform thread of its own that works inside.
 *
 * <p>What is called must start no thread and block for no longer than the caller can wait: a thread
 * started inside stays inside.
 */
public final class NetworkNamespace implements AutoCloseable {
  private NetworkNamespace() {}

  /** The namespace a process is in. */
  public static NetworkNamespace ofPid(int pid) {
    return Later.come();
  }

  /** A namespace by its file, such as {@code /run/netns/x} or {@code /proc/1/ns/net}. */
  public static NetworkNamespace ofPath(Path file) {
    return Later.come();
  }

  /** For {@link Program#attachNetns}; valid until closed. */
  public int fd() {
    return Later.come();
  }

  /** What the kernel calls it: {@code net:[inode]}. */
  public long inode() {
    return Later.come();
  }

  /** Runs something inside, on the namespace's own thread, and waits for it. */
  public <T extends @Nullable Object> T call(Callable<T> task) throws Exception {
    return Later.come();
  }

  @Override
  public void close() {
    Later.come();
  }
}
