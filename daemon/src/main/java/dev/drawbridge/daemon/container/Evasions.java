package dev.drawbridge.daemon.container;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The capabilities with which a container gets around what hangs on its cgroup: packet sockets,
 * network devices of its own, or the programs themselves.
 */
public final class Evasions {

  public static final String NET_RAW = "CAP_NET_RAW";
  public static final String SYS_ADMIN = "CAP_SYS_ADMIN";

  /** Stays listed: not every trick with it is closed, see docs/threat-model.md. */
  static final String NET_ADMIN = "CAP_NET_ADMIN";

  /**
   * Those that the programs at the host's ends of its interfaces take away. NET_ADMIN is none of
   * them: what it changes inside the namespace, such as addresses of packets that were judged, is
   * done by the time they are there.
   */
  public static final Set<String> AT_INTERFACES = Set.of(NET_RAW);

  /** Bits of linux/capability.h. */
  private static final Map<String, Integer> BITS =
      new TreeMap<>(Map.of(NET_ADMIN, 12, NET_RAW, 13, SYS_ADMIN, 21));

  /**
   * Those with which a process changes packets of its network namespace on their way. SYS_ADMIN is
   * one: who has it may attach programs to devices as if he had NET_ADMIN (bpf_capable() in
   * linux/bpf.h, kernel/bpf/token.c).
   */
  private static final Set<String> REWRITING = Set.of(NET_ADMIN, SYS_ADMIN);

  private Evasions() {}

  /** Whether one of these changes packets on their way. */
  public static boolean rewrites(Set<String> capabilities) {
    return !Collections.disjoint(capabilities, REWRITING);
  }

  /**
   * Those that a process has, in any of its five sets. Not for one that the runtime has yet to turn
   * into a container's first: it still has the runtime's.
   */
  public static SortedSet<String> ofProcess(int pid) throws IOException {
    return ofStatus(Files.readAllLines(Path.of("/proc", Integer.toString(pid), "status")));
  }

  /** Those among these names. */
  public static SortedSet<String> among(Set<String> capabilities) {
    SortedSet<String> found = new TreeSet<>(capabilities);
    found.retainAll(BITS.keySet());
    return found;
  }

  static SortedSet<String> ofStatus(List<String> status) throws IOException {
    List<Long> sets = new ArrayList<>();
    for (String line : status) {
      if (line.startsWith("Cap")) {
        try {
          sets.add(Long.parseUnsignedLong(line.substring(line.indexOf(':') + 1).strip(), 16));
        } catch (NumberFormatException e) {
          throw new IOException("not a set of capabilities: " + line, e);
        }
      }
    }
    if (sets.isEmpty()) {
      throw new IOException("the process has no capability sets in its status");
    }
    SortedSet<String> found = new TreeSet<>();
    BITS.forEach((name, bit) -> {
      if (sets.stream().anyMatch(set -> (set >>> bit & 1) != 0)) {
        found.add(name);
      }
    });
    return found;
  }
}
