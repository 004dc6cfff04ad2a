package dev.drawbridge.bpf;

import java.nio.file.Path;

/**
 * What keeps a program attached. Closing an unpinned link detaches the program at once; a pinned
 * one stays attached until it is unpinned, whatever happens to this process.
 */
public final class Link implements AutoCloseable {
  private Link() {}

  /** Opens a pinned link. */
  public static Link openPinned(Path pin) {
    return Later.come();
  }

  /** Removes a pin; false if there was none. The program detaches when no handle is left. */
  public static boolean unpin(Path pin) {
    return Later.come();
  }

  /** Pins it; makes the parent directory. A link already pinned there is an EEXIST. */
  public void pin(Path pin) {
    Later.come();
  }

  /** Puts another program of the same type in its place, with no moment in between. */
  public void update(Program program) {
    Later.come();
  }

  /** The kernel's number of this link, as bpftool shows it. */
  public int id() {
    return Later.come();
  }

  /** The kernel's number of the program now attached. */
  public int programId() {
    return Later.come();
  }

  /**
   * The cgroup id or network namespace inode it is attached to; 0 if that is gone.
   *
   * @throws IllegalStateException for links of other kinds
   */
  public long target() {
    return Later.come();
  }

  @Override
  public void close() {
    Later.come();
  }
}
