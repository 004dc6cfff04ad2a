package dev.drawbridge.bpf;

import dev.drawbridge.bpf.ffi.Errno;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntSupplier;

/** What the running kernel can do, asked of the kernel itself and remembered. */
public final class KernelFeatures {
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final Path VMLINUX_BTF = Path.of("/sys/kernel/btf/vmlinux");
  private static final String CAP_EFF = "CapEff:";
  private static final int CAP_NET_ADMIN = 12;
  private static final int CAP_SYS_ADMIN = 21;
  private static final int CAP_BPF = 39;

  private static final Map<Feature, Probe> ANSWERS = new ConcurrentHashMap<>();

  private KernelFeatures() {}

  /** What Drawbridge builds on. */
  public enum Feature {
    CGROUP_SOCK_ADDR("5.8", "programs at connect and sendmsg of a cgroup"),
    CGROUP_SKB("4.10", "programs that see a cgroup's packets"),
    SOCK_OPS("4.13", "programs that see a cgroup's connections being established"),
    SK_LOOKUP("5.9", "programs that choose the socket of an incoming connection"),
    CGROUP_STORAGE("5.9", "maps whose entries belong to a cgroup"),
    SK_STORAGE("5.2", "maps whose entries belong to a socket"),
    LPM_TRIE("4.11", "maps searched by the longest prefix"),
    LRU_HASH("4.10", "maps that forget the entry used longest ago"),
    SOCKHASH("4.18", "maps of sockets"),
    RINGBUF("5.8", "ring buffers"),
    KERNEL_BTF("5.2", "the kernel's own type information"),
    CGROUP2("4.5", "a mounted cgroup2 hierarchy");

    private final String since;
    private final String meaning;

    Feature(String since, String meaning) {
      this.since = since;
      this.meaning = meaning;
    }

    /** The Linux release that brought it as Drawbridge needs it. */
    public String since() {
      return since;
    }

    /** What it is, in words. */
    public String meaning() {
      return meaning;
    }
  }

  public static Probe probe(Feature feature) {
    Probe known = ANSWERS.get(feature);
    if (known != null) {
      return known;
    }
    Probe answer = ask(feature);
    if (!(answer instanceof Probe.Unknown)) {
      ANSWERS.put(feature, answer);
    }
    return answer;
  }

  /** Every feature that is not {@code Supported}, in the order of the enum; empty is good. */
  public static Map<Feature, Probe> missing() {
    Map<Feature, Probe> missing = new EnumMap<>(Feature.class);
    for (Feature feature : Feature.values()) {
      Probe answer = probe(feature);
      if (!(answer instanceof Probe.Supported)) {
        missing.put(feature, answer);
      }
    }
    return Collections.unmodifiableMap(missing);
  }

  /** Version of the libbpf in use, such as "v1.1". */
  public static String libbpfVersion() {
    return Failures.libbpf().version();
  }

  private static Probe ask(Feature feature) {
    // The numbers are enum bpf_prog_type and enum bpf_map_type of linux/bpf.h.
    return switch (feature) {
      case CGROUP_SOCK_ADDR -> program(feature, 18);
      case CGROUP_SKB -> program(feature, 8);
      case SOCK_OPS -> program(feature, 13);
      case SK_LOOKUP -> program(feature, 30);
      case CGROUP_STORAGE -> map(feature, 19);
      case SK_STORAGE -> map(feature, 24);
      case LPM_TRIE -> map(feature, 11);
      case LRU_HASH -> map(feature, 9);
      case SOCKHASH -> map(feature, 18);
      case RINGBUF -> map(feature, 27);
      case KERNEL_BTF ->
          answer(
              feature, Files.isReadable(VMLINUX_BTF), "it was built without CONFIG_DEBUG_INFO_BTF");
      case CGROUP2 -> answer(feature, Cgroups.find().isPresent(), "none is mounted");
    };
  }

  private static Probe program(Feature feature, int type) {
    return askKernel(feature, () -> Failures.libbpf().probeProgramType(type));
  }

  private static Probe map(Feature feature, int type) {
    return askKernel(feature, () -> Failures.libbpf().probeMapType(type));
  }

  /** libbpf cannot tell "not permitted" from "not supported": ask about the permission first. */
  private static Probe askKernel(Feature feature, IntSupplier question) {
    if (!permitted()) {
      return new Probe.Unknown(
          "this process may not load programs: it needs CAP_BPF and CAP_NET_ADMIN");
    }
    int result = question.getAsInt();
    if (result < 0) {
      return new Probe.Unknown("the probe failed with " + Errno.name(result));
    }
    return answer(feature, result == 1, "the running kernel refuses them");
  }

  private static Probe answer(Feature feature, boolean supported, String reason) {
    return supported
        ? new Probe.Supported()
        : new Probe.Unsupported(feature.meaning() + ": " + reason, feature.since());
  }

  private static boolean permitted() {
    try {
      return permitted(Files.readAllLines(STATUS));
    } catch (IOException e) {
      throw Failures.of("read", STATUS, e);
    }
  }

  /** From the lines of proc_pid_status(5). */
  static boolean permitted(List<String> status) {
    return status.stream()
        .filter(line -> line.startsWith(CAP_EFF))
        .map(line -> Long.parseUnsignedLong(line.substring(CAP_EFF.length()).strip(), 16))
        .anyMatch(
            caps -> has(caps, CAP_SYS_ADMIN) || (has(caps, CAP_BPF) && has(caps, CAP_NET_ADMIN)));
  }

  private static boolean has(long capabilities, int bit) {
    return (capabilities >>> bit & 1) == 1;
  }
}
