package dev.drawbridge.bpf;

import java.nio.file.Path;

/** A loaded program. Belongs to its {@link BpfObject} and is closed with it. */
public final class Program {
  private Program() {}

  public String name() {
    return Later.come();
  }

  /**
   * Attaches to a cgroup, beside whatever others attached, with the attach type of the program's
   * section. The link must be pinned or kept: without either the program is detached.
   */
  public Link attachCgroup(Path cgroupDirectory) {
    return Later.come();
  }

  /** Attaches an sk_lookup program to the network namespace behind this file descriptor. */
  public Link attachNetns(int netnsFd) {
    return Later.come();
  }

  /**
   * Runs the program once or more on made-up input.
   *
   * @param dataIn the packet; empty for programs without one
   * @param contextIn the context struct; empty for the kernel's default
   * @param repeat at least 1
   */
  public RunResult testRun(byte[] dataIn, byte[] contextIn, int repeat) {
    return Later.come();
  }
}
