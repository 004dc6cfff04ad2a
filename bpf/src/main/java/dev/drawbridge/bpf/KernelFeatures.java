package dev.drawbridge.bpf;

import dev.drawbridge.bpf.abi.NativeOrder;
import dev.drawbridge.bpf.failure.BpfException;
import dev.drawbridge.bpf.failure.Failures;
import dev.drawbridge.bpf.ffi.Errno;
import dev.drawbridge.bpf.linux.Cgroups;
import dev.drawbridge.bpf.linux.OpenSocket;
import dev.drawbridge.bpf.linux.Sockets;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

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

  /** The oldest kernel that Drawbridge is tried on: lane vm boots it. */
  public static final String MINIMUM_KERNEL = "6.1";

  /** What Drawbridge builds on. */
  public enum Feature {
    CGROUP_SKB(
        "4.10",
        "programs that see a cgroup's packets",
        "every verdict on a packet",
        "nothing is enforced"),
    CGROUP_SOCK_ADDR(
        "5.8",
        "programs at connect, sendmsg, getpeername and getsockname of a cgroup",
        "refusals that a program sees at once, and layer-7 rules",
        "nothing is enforced"),
    SOCK_OPS(
        "4.13",
        "programs that see a cgroup's connections being established",
        "knowing the client of an accepted connection",
        "nothing is enforced"),
    CGROUP_LINK(
        "5.7",
        "attachments to cgroups that can be pinned and exchanged in place",
        "enforcement without the agent, and upgrades",
        "nothing is enforced"),
    SK_LOOKUP(
        "5.9",
        "programs that choose the socket of an incoming connection",
        "layer-7 rules for host and world, and a reset for what is refused",
        "nothing is enforced"),
    CGROUP_STORAGE(
        "5.9",
        "maps whose entries belong to a cgroup",
        "a container's identity",
        "nothing is enforced"),
    SK_STORAGE(
        "5.2",
        "maps whose entries belong to a socket",
        "what is known of a connection",
        "nothing is enforced"),
    LPM_TRIE(
        "4.11",
        "maps searched by the longest prefix",
        "addresses and ranges",
        "nothing is enforced"),
    LRU_HASH(
        "4.10",
        "maps that forget the entry used longest ago",
        "who sent a flow",
        "nothing is enforced"),
    SOCKHASH("4.18", "maps of sockets", "layer-7 rules for host and world", "nothing is enforced"),
    RINGBUF("5.8", "ring buffers", "records of verdicts", "nothing is enforced"),
    ATOMICS(
        "5.12",
        "compare-and-exchange in programs",
        "judgements that are remembered",
        "nothing is enforced"),
    KERNEL_BTF(
        "5.2",
        "the kernel's own type information",
        "comparing the structs of an upgrade",
        "nothing is enforced"),
    CGROUP2("4.5", "a mounted cgroup2 hierarchy", "a container's identity", "nothing is enforced"),
    SOCK_DESTROY(
        "4.5",
        "ending other processes' sockets",
        "resets for what was open before a container was attached, or was revoked",
        "such connections are cut without a reset: their programs wait for a timeout"),
    TCX(
        "6.6",
        "programs at a network interface, as links",
        "interfaces where another tool has taken the place of filters (tc-qdisc ingress)",
        "there the kernel answers pings of everybody, and a container that keeps NET_RAW is reported"
            + " as not enforceable");

    private final String since;
    private final String meaning;
    private final String neededFor;
    private final String without;

    Feature(String since, String meaning, String neededFor, String without) {
      this.since = since;
      this.meaning = meaning;
      this.neededFor = neededFor;
      this.without = without;
    }

    /** The Linux release that brought it as Drawbridge needs it. */
    public String since() {
      return since;
    }

    /** What it is, in words. */
    public String meaning() {
      return meaning;
    }

    /** What of Drawbridge needs it, in words. */
    public String neededFor() {
      return neededFor;
    }

    /** What is lost without it, in words. */
    public String without() {
      return without;
    }

    /** Whether nothing is enforced without it. */
    public boolean required() {
      return this != SOCK_DESTROY && this != TCX;
    }
  }

  /**
   * One line of what {@code drawbridge doctor} prints.
   *
   * @param here whether the running kernel has it
   */
  public record Row(Feature feature, Probe here) {
    /** Whether this line is a reason not to start. */
    public boolean fatal() {
      return feature.required() && !(here instanceof Probe.Supported);
    }
  }

  /** Every feature and whether it is here, in the order of the enum. */
  public static List<Row> table() {
    return Arrays.stream(Feature.values())
        .map(feature -> new Row(feature, probe(feature)))
        .toList();
  }

  /** The running kernel's release, as {@code uname -r} prints it. */
  public static String kernelRelease() {
    return System.getProperty("os.version", "");
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

  /** Every required feature that is not {@code Supported}; empty is good. */
  public static Map<Feature, Probe> missing() {
    Map<Feature, Probe> missing = new EnumMap<>(Feature.class);
    for (Feature feature : Feature.values()) {
      Probe answer = probe(feature);
      if (feature.required() && !(answer instanceof Probe.Supported)) {
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
      case CGROUP_LINK -> inBtf(feature, "bpf_cgroup_link");
      case TCX -> inBtf(feature, "BPF_TCX_INGRESS");
      case ATOMICS ->
          answer(feature, atLeast(kernelRelease(), 5, 12), "the running kernel is older");
      case SOCK_DESTROY -> sockDestroy(feature);
      case KERNEL_BTF ->
          answer(
              feature, Files.isReadable(VMLINUX_BTF), "it was built without CONFIG_DEBUG_INFO_BTF");
      case CGROUP2 -> answer(feature, Cgroups.find().isPresent(), "none is mounted");
    };
  }

  /** By a name that came with it. */
  private static Probe inBtf(Feature feature, String name) {
    try {
      // Each byte is one character, so that a name is found wherever it lies.
      String names = Files.readString(VMLINUX_BTF, StandardCharsets.ISO_8859_1);
      return answer(
          feature, names.contains("\0" + name + "\0"), "the running kernel does not know them");
    } catch (IOException e) {
      return new Probe.Unknown("the kernel's type information cannot be read: " + e.getMessage());
    }
  }

  /** Why the agent does not start on that release; empty if it does. Nobody tried older ones. */
  public static Optional<String> tooOld(String release) {
    String[] least = MINIMUM_KERNEL.split("\\.", -1);
    return atLeast(release, Integer.parseInt(least[0]), Integer.parseInt(least[1]))
        ? Optional.empty()
        : Optional.of(
            "the running kernel is "
                + release
                + ", and Drawbridge is not tried on any before "
                + MINIMUM_KERNEL
                + ": nothing was attached");
  }

  /** Whether a release such as "6.1.0-13-amd64" is that version or a later one. */
  public static boolean atLeast(String release, int major, int minor) {
    Matcher version = Pattern.compile("(\\d+)\\.(\\d+).*").matcher(release);
    if (!version.matches()) {
      return false;
    }
    int found = Integer.parseInt(version.group(1));
    return found > major || (found == major && Integer.parseInt(version.group(2)) >= minor);
  }

  /** Asks the kernel to end a socket that nobody can have. */
  private static Probe sockDestroy(Feature feature) {
    InetSocketAddress nowhere = new InetSocketAddress(NativeOrder.asAddress(new byte[16]), 0);
    OpenSocket nobodys =
        new OpenSocket(
            OpenSocket.Protocol.TCP, OpenSocket.State.CLOSE, nowhere, nowhere, true, 0, -2, 0);
    try {
      boolean _ = Sockets.destroy(nobodys);
      return new Probe.Supported();
    } catch (BpfException e) {
      return e.errno().filter("EPERM"::equals).isPresent()
          ? new Probe.Unknown("this process may not end sockets: it needs CAP_NET_ADMIN")
          : answer(feature, false, "the running kernel cannot: " + e.errno().orElse(""));
    }
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
