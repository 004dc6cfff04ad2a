package dev.drawbridge.bpf;

import dev.drawbridge.bpf.abi.NativeOrder;
import dev.drawbridge.bpf.failure.Failures;
import dev.drawbridge.bpf.ffi.Errno;
import dev.drawbridge.bpf.ffi.Fd;
import dev.drawbridge.bpf.ffi.LibBpf;
import dev.drawbridge.bpf.ffi.TestRun;
import dev.drawbridge.bpf.linux.OpenCgroup;
import dev.drawbridge.bpf.linux.Veths;
import java.nio.file.Path;
import java.util.Set;

/** A loaded program. Belongs to its {@link BpfObject} and is closed with it. */
public final class Program {
  /** Where {@code verified_insns} is in struct bpf_prog_info, linux/bpf.h. */
  private static final int VERIFIED_INSTRUCTIONS = 216;

  /** BPF_PROG_TYPE_SCHED_CLS. */
  private static final int SCHED_CLS = 3;

  /** BPF_PROG_TYPE_SK_LOOKUP. */
  private static final int SK_LOOKUP = 30;

  /** BPF_PROG_TYPE_CGROUP_{SKB,SOCK}, SOCK_OPS, CGROUP_{DEVICE,SOCK_ADDR,SYSCTL,SOCKOPT}. */
  private static final Set<Integer> CGROUP_TYPES = Set.of(8, 9, 13, 15, 18, 23, 25);

  private final String name;
  private final Fd fd;
  private final int type;
  private final int attachType;

  Program(String name, Fd fd, int type, int attachType) {
    this.name = name;
    this.fd = fd;
    this.type = type;
    this.attachType = attachType;
  }

  public String name() {
    return name;
  }

  Fd fd() {
    return fd;
  }

  /**
   * Attaches to a cgroup, beside whatever others attached, with the attach type of the program's
   * section. The link must be pinned or kept: without either the program is detached.
   */
  public Link attachCgroup(Path cgroupDirectory) {
    try (OpenCgroup cgroup = OpenCgroup.at(cgroupDirectory)) {
      return attachCgroup(cgroup);
    }
  }

  /** As {@link #attachCgroup(Path)}, for a cgroup that gets several programs. */
  public Link attachCgroup(OpenCgroup cgroup) {
    if (!CGROUP_TYPES.contains(type)) {
      throw new IllegalArgumentException("program " + name + " is not for cgroups");
    }
    return attach(cgroup.fd(), "to cgroup " + cgroup);
  }

  /** Attaches an sk_lookup program to the network namespace behind this file descriptor. */
  public Link attachNetns(int netnsFd) {
    if (type != SK_LOOKUP) {
      throw new IllegalArgumentException("program " + name + " is not for network namespaces");
    }
    return attach(netnsFd, "to a network namespace");
  }

  /** Which way packets go, seen from the interface: {@code INTO} the host by it, or {@code OUT}. */
  public enum Way {
    /** BPF_TCX_INGRESS. */
    INTO(46),
    /** BPF_TCX_EGRESS. */
    OUT(47);

    private final int attachType;

    Way(int attachType) {
      this.attachType = attachType;
    }
  }

  /**
   * Attaches a tc program to an interface of the calling thread's network namespace, before those
   * that others attached to it later (tcx, Linux 6.6). The link must be pinned or kept, and goes
   * with its interface.
   *
   * @param index as {@link Veths} gives it
   */
  public Link attachInterface(int index, Way way) {
    if (type != SCHED_CLS) {
      throw new IllegalArgumentException("program " + name + " is not for interfaces");
    }
    return attach(index, way.attachType, "to interface " + index);
  }

  private Link attach(int target, String where) {
    return attach(target, attachType, where);
  }

  private Link attach(int target, int attachType, String where) {
    int result = LibBpf.system().linkCreate(fd.raw(), target, attachType);
    if (result == -Errno.E2BIG) {
      throw Failures.of(
          "attach program",
          name + " " + where,
          result,
          "the kernel's limit of programs is reached");
    }
    int number = Failures.check(result, "attach program", name + " " + where);
    return new Link(new Fd(number, "link of " + name + " " + where));
  }

  /**
   * Runs the program once or more on made-up input.
   *
   * @param dataIn the packet; empty for programs without one
   * @param contextIn the context struct; empty for the kernel's default
   * @param repeat at least 1
   */
  public RunResult testRun(byte[] dataIn, byte[] contextIn, int repeat) {
    if (repeat < 1) {
      throw new IllegalArgumentException("repeat must be at least 1: " + repeat);
    }
    TestRun run = new TestRun(dataIn, contextIn, repeat);
    int _ = Failures.check(LibBpf.system().testRun(fd.raw(), run), "test-run program", name);
    return new RunResult(run.returnValue(), run.dataOut(), run.contextOut(), run.nanosPerRun());
  }

  /** The kernel's number of this program, as bpftool shows it. */
  public int id() {
    byte[] info = new byte[8]; // struct bpf_prog_info: type, id
    int _ = Failures.check(LibBpf.system().info(fd.raw(), info), "ask about program", name);
    return NativeOrder.allocate(info.length).put(info).getInt(4);
  }

  void close() {
    fd.close();
  }

  /**
   * How many instructions the verifier went through before it accepted the program, from Linux 5.16
   * on; its limit is a million.
   */
  public int verifiedInstructions() {
    byte[] info = new byte[VERIFIED_INSTRUCTIONS + Integer.BYTES];
    int _ = Failures.check(LibBpf.system().info(fd.raw(), info), "ask about program", name);
    return NativeOrder.allocate(info.length).put(info).getInt(VERIFIED_INSTRUCTIONS);
  }

  @Override
  public String toString() {
    return "program " + name;
  }
}
