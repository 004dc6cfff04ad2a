package dev.drawbridge.bpf;

import java.nio.file.Path;

/** The cgroup2 hierarchy, wherever this host mounts it. */
public final class Cgroups {
  private Cgroups() {}

  /** Where cgroup2 is mounted; on hybrid hosts not {@code /sys/fs/cgroup}. */
  public static Path cgroup2Mount() {
    return Later.come();
  }

  /** The cgroup2 directory of a process, from line {@code 0::} of its cgroup file. */
  public static Path ofPid(int pid) {
    return Later.come();
  }

  /** The id the kernel's helpers give for this cgroup: its inode. */
  public static long id(Path cgroupDirectory) {
    return Later.come();
  }

  /** Makes a cgroup, with its parents; fine if it is there. */
  public static void create(Path cgroupDirectory) {
    Later.come();
  }

  /** Moves this process, with all its threads, into a cgroup. */
  public static void enter(Path cgroupDirectory) {
    Later.come();
  }

  /** Moves another process into a cgroup. */
  public static void enter(Path cgroupDirectory, int pid) {
    Later.come();
  }

  /** Removes an empty cgroup; false if it is not there. */
  public static boolean remove(Path cgroupDirectory) {
    return Later.come();
  }
}
