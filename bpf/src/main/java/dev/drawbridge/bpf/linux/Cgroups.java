package dev.drawbridge.bpf.linux;

import dev.drawbridge.bpf.failure.BpfException;
import dev.drawbridge.bpf.failure.Failures;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The cgroup2 hierarchy, wherever this host mounts it. */
public final class Cgroups {
  private static final String UNIFIED = "0::/";
  private static final String PROCS = "cgroup.procs";

  /** A host of many containers has thousands of mounts: they are not read for each container. */
  private static volatile Optional<Path> found = Optional.empty();

  private Cgroups() {}

  /** Where cgroup2 is mounted; on hybrid hosts not {@code /sys/fs/cgroup}. */
  public static Path cgroup2Mount() {
    return find()
        .orElseThrow(() ->
            new BpfException(
                "find",
                "the cgroup2 hierarchy",
                "",
                "mount one: mount -t cgroup2 none /sys/fs/cgroup/unified"));
  }

  /** The first mount that shows the whole hierarchy; looked for again once it is gone. */
  public static Optional<Path> find() {
    Optional<Path> before = found;
    if (before.isPresent() && Files.exists(before.get().resolve(PROCS))) {
      return before;
    }
    Optional<Path> now = find(MountInfo.read());
    found = now;
    return now;
  }

  static Optional<Path> find(List<MountInfo> mounts) {
    return mounts.stream()
        .filter(mount -> mount.type().equals("cgroup2") && mount.root().equals("/"))
        .map(mount -> Path.of(mount.point()))
        .findFirst();
  }

  /** The cgroup2 directory of a process, from line {@code 0::} of its cgroup file. */
  public static Path ofPid(int pid) {
    Path file = Path.of("/proc", Integer.toString(pid), "cgroup");
    try {
      return unifiedPath(Files.readAllLines(file))
          .map(path -> cgroup2Mount().resolve(path))
          .orElseThrow(() ->
              new BpfException(
                  "find the cgroup of",
                  "process " + pid,
                  "",
                  "its file " + file + " has no usable line 0::"));
    } catch (IOException e) {
      throw Failures.of("find the cgroup of", "process " + pid, e);
    }
  }

  /** Relative to the mount; nothing for a cgroup outside our namespace or one that is deleted. */
  static Optional<Path> unifiedPath(List<String> lines) {
    return lines.stream()
        .filter(line -> line.startsWith(UNIFIED))
        .map(line -> line.substring(UNIFIED.length()))
        .filter(path -> !path.startsWith("..") && !path.endsWith(" (deleted)"))
        .map(Path::of)
        .findFirst();
  }

  /** The id the kernel's helpers give for this cgroup: its inode (kernfs, 64-bit kernels). */
  public static long id(Path cgroupDirectory) {
    try {
      return (long) Files.getAttribute(cgroupDirectory, "unix:ino");
    } catch (IOException e) {
      throw Failures.of("find the id of cgroup", cgroupDirectory, e);
    }
  }

  /** Makes a cgroup, with its parents; fine if it is there. */
  public static void create(Path cgroupDirectory) {
    try {
      Files.createDirectories(cgroupDirectory);
    } catch (IOException e) {
      throw Failures.of("make cgroup", cgroupDirectory, e);
    }
  }

  /** Moves this process, with all its threads, into a cgroup. */
  public static void enter(Path cgroupDirectory) {
    enter(cgroupDirectory, 0);
  }

  /** Moves another process into a cgroup; 0 means this one. */
  public static void enter(Path cgroupDirectory, int pid) {
    try {
      Files.write(
          cgroupDirectory.resolve(PROCS),
          Integer.toString(pid).getBytes(StandardCharsets.US_ASCII));
    } catch (IOException e) {
      throw Failures.of("enter cgroup", cgroupDirectory, e);
    }
  }

  /** Removes an empty cgroup; false if it is not there. */
  public static boolean remove(Path cgroupDirectory) {
    try {
      return Files.deleteIfExists(cgroupDirectory);
    } catch (IOException e) {
      throw Failures.of("remove cgroup", cgroupDirectory, e);
    }
  }
}
