package dev.drawbridge.daemon.host;

import dev.drawbridge.bpf.failure.BpfException;
import dev.drawbridge.bpf.linux.Cgroups;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * Whether a process is a container's, by the name of its cgroup: engines call a container's cgroup
 * by its id, alone or as {@code PREFIX-ID.scope} (systemd(1)), and runtimes may make others below.
 */
public final class OwnCgroup {

  private static final String SCOPE = ".scope";

  private OwnCgroup() {}

  /** Why the process is not this container's, in one sentence; empty if it is. */
  public static Optional<String> objection(String id, int pid) {
    try {
      Path cgroup = Cgroups.ofPid(pid);
      return names(cgroup, id)
          ? Optional.empty()
          : Optional.of(
              "container "
                  + id
                  + " cannot be guarded: process "
                  + pid
                  + " is in cgroup "
                  + cgroup
                  + ", which is not its own");
    } catch (BpfException e) {
      return Optional.of(
          "container "
              + id
              + " cannot be guarded: the cgroup of process "
              + pid
              + " is out of reach: "
              + e.getMessage());
    }
  }

  /** Whether the path is that of the container's cgroup, or of one below. */
  public static boolean names(Path cgroup, String id) {
    return ids(cgroup).contains(id);
  }

  /** The ids of all containers whose cgroup that path may be, or one below. */
  public static Set<String> ids(Path cgroup) {
    Set<String> ids = new HashSet<>();
    for (Path part : cgroup) {
      String name = part.toString();
      String bare = name.endsWith(SCOPE) ? name.substring(0, name.length() - SCOPE.length()) : name;
      ids.add(bare);
      for (int dash = bare.indexOf('-'); dash >= 0; dash = bare.indexOf('-', dash + 1)) {
        ids.add(bare.substring(dash + 1));
      }
    }
    return ids;
  }
}
