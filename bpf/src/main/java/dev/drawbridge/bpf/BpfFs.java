package dev.drawbridge.bpf;

import java.nio.file.Path;

/** The file system whose files keep maps and links alive. */
public final class BpfFs {
  /** Where distributions mount it. */
  public static final Path DEFAULT_MOUNT = Path.of("/sys/fs/bpf");

  private BpfFs() {}

  /** Whether a bpffs is mounted exactly there. */
  public static boolean mountedAt(Path directory) {
    return Later.come();
  }

  /** Mounts a bpffs there, mode 0700, unless one is; makes the directory if its parent exists. */
  public static void mount(Path at) {
    Later.come();
  }

  /** Unmounts it, and with it forgets every pin; for tests and for uninstalling. */
  public static void unmount(Path at) {
    Later.come();
  }
}
