package dev.drawbridge.bpf;

import dev.drawbridge.bpf.failure.Failures;
import dev.drawbridge.bpf.ffi.LibC;
import dev.drawbridge.bpf.linux.MountInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The file system whose files keep maps and links alive. */
public final class BpfFs {
  /** Where distributions mount it. */
  public static final Path DEFAULT_MOUNT = Path.of("/sys/fs/bpf");

  private static final String TYPE = "bpf";
  private static final int MNT_DETACH = 2;

  private BpfFs() {}

  /** Whether a bpffs is mounted exactly there. */
  public static boolean mountedAt(Path directory) {
    String mountPoint = directory.toAbsolutePath().normalize().toString();
    return MountInfo.read().stream()
        .anyMatch(mount -> mount.type().equals(TYPE) && mount.point().equals(mountPoint));
  }

  /** Mounts a bpffs there, mode 0700, unless one is; makes the directory if its parent exists. */
  public static void mount(Path at) {
    Path directory = at.toAbsolutePath().normalize();
    if (mountedAt(directory)) {
      return;
    }
    try {
      if (!Files.isDirectory(directory)) {
        Files.createDirectory(directory);
      }
    } catch (IOException e) {
      throw Failures.of("make the mount point", directory, e);
    }
    int result = LibC.system().mount(TYPE, directory.toString(), TYPE, 0, "mode=0700");
    int _ = Failures.check(result, "mount a bpffs on", directory);
  }

  /** Unmounts it, and with it forgets every pin; for tests and for uninstalling. */
  public static void unmount(Path at) {
    int result = LibC.system().unmount(at.toAbsolutePath().normalize().toString(), MNT_DETACH);
    int _ = Failures.check(result, "unmount", at);
  }
}
