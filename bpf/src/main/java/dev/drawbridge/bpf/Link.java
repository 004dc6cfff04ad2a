package dev.drawbridge.bpf;

import dev.drawbridge.bpf.failure.Failures;
import dev.drawbridge.bpf.ffi.Errno;
import dev.drawbridge.bpf.ffi.Fd;
import dev.drawbridge.bpf.ffi.LibBpf;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What keeps a program attached. Closing an unpinned link detaches the program at once; a pinned
 * one stays attached until it is unpinned, whatever happens to this process.
 */
public final class Link implements AutoCloseable {
  /** BPF_LINK_TYPE_CGROUP and BPF_LINK_TYPE_NETNS. */
  private static final int CGROUP = 3;

  private static final int NETNS = 5;

  /** BPF_LINK_TYPE_TCX. */
  private static final int TCX = 11;

  private final Fd fd;

  Link(Fd fd) {
    this.fd = fd;
  }

  /** Opens a pinned link. */
  public static Link openPinned(Path pin) {
    int number =
        Failures.check(LibBpf.system().openPinned(pin.toString()), "open pinned link", pin);
    return new Link(new Fd(number, "link " + pin));
  }

  /** Removes a pin; false if there was none. The program detaches when no handle is left. */
  public static boolean unpin(Path pin) {
    try {
      return Files.deleteIfExists(pin);
    } catch (IOException e) {
      throw Failures.of("remove pin", pin, e);
    }
  }

  /** Pins it; makes the parent directory if it is missing. A pin that is there is an EEXIST. */
  public void pin(Path pin) {
    LibBpf libbpf = LibBpf.system();
    int result = libbpf.pin(fd.raw(), pin.toString());
    Path parent = pin.toAbsolutePath().getParent();
    if (result == -Errno.ENOENT && parent != null) {
      // The first of several pins in a directory makes it; the others do not ask.
      try {
        Files.createDirectories(parent);
      } catch (IOException e) {
        throw Failures.of("make the directory of pin", pin, e);
      }
      result = libbpf.pin(fd.raw(), pin.toString());
    }
    int _ = Failures.check(result, "pin " + fd + " at", pin);
  }

  /** Puts another program of the same type in its place, with no moment in between. */
  public void update(Program program) {
    int result = LibBpf.system().linkUpdate(fd.raw(), program.fd().raw());
    int _ = Failures.check(result, "put " + program + " into", fd);
  }

  /** The kernel's number of this link, as bpftool shows it. */
  public int id() {
    return info().getInt(4);
  }

  /** The kernel's number of the program now attached. */
  public int programId() {
    return info().getInt(8);
  }

  /**
   * The cgroup id, network namespace inode or interface index it is attached to; 0 if that is gone.
   *
   * @throws IllegalStateException for links of other kinds
   */
  public long target() {
    ByteBuffer info = info();
    int type = info.getInt(0);
    return switch (type) {
      case CGROUP -> info.getLong(16);
      case NETNS, TCX -> Integer.toUnsignedLong(info.getInt(16));
      default -> throw new IllegalStateException(fd + " is a link of type " + type);
    };
  }

  /** struct bpf_link_info, linux/bpf.h: type, id, prog_id, then by type. */
  private ByteBuffer info() {
    byte[] bytes = new byte[32];
    int _ = Failures.check(LibBpf.system().info(fd.raw(), bytes), "ask about", fd);
    return ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
  }

  @Override
  public void close() {
    fd.close();
  }

  @Override
  public String toString() {
    return fd.toString();
  }
}
