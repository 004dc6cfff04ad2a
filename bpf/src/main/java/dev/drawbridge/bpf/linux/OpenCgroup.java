package dev.drawbridge.bpf.linux;

import dev.drawbridge.bpf.failure.BpfException;
import dev.drawbridge.bpf.failure.Failures;
import dev.drawbridge.bpf.ffi.Fd;
import dev.drawbridge.bpf.ffi.LibC;
import java.nio.file.Path;

/** A cgroup's directory, held open while programs are attached to it: opened once for all. */
public final class OpenCgroup implements AutoCloseable {
  private final Path directory;
  private final Fd fd;

  private OpenCgroup(Path directory, Fd fd) {
    this.directory = directory;
    this.fd = fd;
  }

  /**
   * Opens a cgroup.
   *
   * @throws BpfException if there is none
   */
  public static OpenCgroup at(Path directory) {
    int flags = LibC.O_RDONLY | LibC.O_DIRECTORY | LibC.O_CLOEXEC;
    int opened = LibC.system().open(directory.toString(), flags);
    int number = Failures.check(opened, "open cgroup", directory);
    return new OpenCgroup(directory, new Fd(number, directory.toString()));
  }

  public int fd() {
    return fd.raw();
  }

  @Override
  public void close() {
    fd.close();
  }

  @Override
  public String toString() {
    return directory.toString();
  }
}
