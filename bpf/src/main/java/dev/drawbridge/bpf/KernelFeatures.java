package dev.drawbridge.bpf;

import java.util.Map;

/** What the running kernel can do, asked of the kernel itself and remembered. */
public final class KernelFeatures {
  private KernelFeatures() {}

  /** What Drawbridge builds on. */
  public enum Feature {
    CGROUP_SOCK_ADDR("5.8"),
    CGROUP_SKB("4.10"),
    SOCK_OPS("4.13"),
    SK_LOOKUP("5.9"),
    CGROUP_STORAGE("4.19"),
    SK_STORAGE("5.2"),
    LPM_TRIE("4.11"),
    LRU_HASH("4.10"),
    SOCKHASH("4.18"),
    RINGBUF("5.8"),
    KERNEL_BTF("5.2"),
    CGROUP2("4.5");

    private final String since;

    Feature(String since) {
      this.since = since;
    }

    /** The Linux release that brought it. */
    public String since() {
      return since;
    }
  }

  public static Probe probe(Feature feature) {
    return Later.come();
  }

  /** Every feature that is not {@code Supported}, in the order of the enum; empty is good. */
  public static Map<Feature, Probe> missing() {
    return Later.come();
  }

  /** Version of the libbpf in use, such as "v1.1". */
  public static String libbpfVersion() {
    return Later.come();
  }
}
