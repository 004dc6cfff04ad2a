package dev.drawbridge.bpf;

import java.nio.file.Path;
import java.util.Set;

/**
 * A loaded object file: its programs are in the kernel, its maps exist. Closing it gives up this
 * process's handles; pinned maps and pinned links stay.
 */
public final class BpfObject implements AutoCloseable {
  private BpfObject() {}

  /** The bytes of the object file this build was made with. */
  public static byte[] drawbridge() {
    return Later.come();
  }

  /**
   * Loads an object and pins every map by its name in {@code pinDirectory}. A pinned map of that
   * name is reused if its type, sizes and flags are equal.
   *
   * @throws MapLayoutMismatch if a pinned map differs; nothing was loaded
   * @throws LoadRejected if the verifier refuses a program; maps pinned by this call are unpinned
   */
  public static BpfObject load(byte[] elf, Path pinDirectory) {
    return Later.come();
  }

  /** Loads an object and pins nothing. */
  public static BpfObject load(byte[] elf) {
    return Later.come();
  }

  /**
   * The program with this C function name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public Program program(String name) {
    return Later.come();
  }

  /**
   * The map with this name. It belongs to the object and is closed with it.
   *
   * @throws IllegalArgumentException if there is none
   */
  public BpfMap map(String name) {
    return Later.come();
  }

  public Set<String> programs() {
    return Later.come();
  }

  public Set<String> maps() {
    return Later.come();
  }

  @Override
  public void close() {
    Later.come();
  }
}
