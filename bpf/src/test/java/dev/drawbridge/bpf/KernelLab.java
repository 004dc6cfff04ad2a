package dev.drawbridge.bpf;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.bpf.failure.BpfException;
import dev.drawbridge.bpf.linux.Cgroups;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/**
 * A bpffs and a cgroup of one test's own, and the check that it leaves nothing behind: no process,
 * no mount, no cgroup, no descriptor of the kinds this module opens.
 */
public final class KernelLab implements AutoCloseable {
  private static final Duration DEADLINE = Duration.ofSeconds(20);

  static {
    // The JDK keeps a few sockets of its own from the first use on: they are not the test's.
    try (ServerSocketChannel server = ServerSocketChannel.open()) {
      server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      SocketChannel.open(server.getLocalAddress()).close();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private final Map<Integer, String> descriptors = descriptors();
  private final Path bpffs;
  private final Path cgroup;
  private final List<Process> processes = new ArrayList<>();

  public KernelLab() {
    try {
      bpffs = Files.createTempDirectory("drawbridge-bpffs");
      BpfFs.mount(bpffs);
      cgroup = Cgroups.cgroup2Mount().resolve("drawbridge-test-" + bpffs.getFileName());
      Cgroups.create(cgroup);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  Path bpffs() {
    return bpffs;
  }

  Path cgroup() {
    return cgroup;
  }

  /** Starts a shell in the lab's cgroup. */
  Process startInCgroup(String script) {
    return start("echo $$ > '" + cgroup.resolve("cgroup.procs") + "' && " + script);
  }

  /** Starts a process in a network namespace of its own, with its loopback up. */
  public Process startInNamespace() {
    Process process = start("exec unshare --net sh -c 'ip link set lo up; exec sleep 600'");
    int pid = Math.toIntExact(process.pid());
    await(
        () -> {
          try {
            return Files.readString(Path.of("/proc/" + pid + "/cmdline")).startsWith("sleep");
          } catch (IOException e) {
            return false;
          }
        },
        "a process in its own network namespace");
    return process;
  }

  private Process start(String script) {
    try {
      Process process =
          new ProcessBuilder("bash", "-c", script)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      processes.add(process);
      return process;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** Whether a TCP connection from inside the cgroup to a local port comes about. */
  boolean connectsFromCgroup(String host, int port) {
    Process process = startInCgroup("exec 3<>/dev/tcp/" + host + "/" + port);
    return exitCode(process) == 0;
  }

  public static int exitCode(Process process) {
    try {
      assertTrue(process.waitFor(DEADLINE.toSeconds(), TimeUnit.SECONDS), "still running");
      return process.exitValue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  public static void await(BooleanSupplier condition, String what) {
    Instant deadline = Instant.now().plus(DEADLINE);
    while (!condition.getAsBoolean()) {
      assertTrue(Instant.now().isBefore(deadline), "waited in vain for " + what);
      Thread.onSpinWait();
    }
  }

  @Override
  public void close() {
    processes.forEach(process -> {
      process.destroyForcibly();
      int _ = exitCode(process);
    });
    BpfFs.unmount(bpffs);
    try {
      Files.delete(bpffs);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    await(this::cgroupRemoved, "the cgroup to be empty");
    Map<Integer, String> left = descriptors();
    left.keySet().removeAll(descriptors.keySet());
    assertTrue(left.isEmpty(), () -> "descriptors leaked: " + left);
  }

  private boolean cgroupRemoved() {
    try {
      return Cgroups.remove(cgroup);
    } catch (BpfException e) {
      return false; // EBUSY while the kernel still reaps a process
    }
  }

  /** Open descriptors of BPF objects, rings, namespaces, cgroups and sockets. */
  private static Map<Integer, String> descriptors() {
    Map<Integer, String> found = new TreeMap<>();
    try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
      for (Path fd : all.toList()) {
        String target = target(fd);
        if (target.startsWith("anon_inode:")
            || target.startsWith("socket:")
            || target.startsWith("net:")
            || target.contains("/ns/net")
            || target.startsWith("/sys/fs/cgroup")) {
          found.put(Integer.valueOf(String.valueOf(fd.getFileName())), target);
        }
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return found;
  }

  private static String target(Path fd) {
    try {
      return Files.readSymbolicLink(fd).toString();
    } catch (IOException e) {
      return ""; // closed meanwhile
    }
  }

  /** The number of the one socket that {@code opening} opens: Java does not tell it. */
  static int socketOpenedBy(ThrowingRunnable opening) throws Exception {
    Map<Integer, String> before = descriptors();
    opening.run();
    Map<Integer, String> after = descriptors();
    after.keySet().removeAll(before.keySet());
    after.values().removeIf(target -> !target.startsWith("socket:"));
    assertTrue(after.size() == 1, () -> "expected one new socket: " + after);
    return after.keySet().iterator().next();
  }

  /** Something that may throw. */
  interface ThrowingRunnable {
    void run() throws Exception;
  }
}
