package dev.drawbridge.control;

import java.util.Collection;
import java.util.Locale;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * What an engine grants a container, of the capabilities that matter here, by the rules of Docker
 * (oci/caps, TweakCapabilities). NET_RAW is one of its default ones.
 */
public final class EngineCapabilities {
  /** Those that get a process around programs on its cgroup. */
  private static final Set<String> ALL = Set.of("CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_SYS_ADMIN");

  private static final Set<String> DEFAULT = Set.of("CAP_NET_RAW");
  private static final String EVERY = "CAP_ALL";

  private EngineCapabilities() {}

  /**
   * What a container has.
   *
   * @param added names with or without CAP_, or ALL
   * @param dropped likewise
   */
  public static SortedSet<String> of(
      boolean privileged, Collection<String> added, Collection<String> dropped) {
    if (privileged) {
      return new TreeSet<>(ALL);
    }
    Set<String> add = names(added);
    Set<String> drop = names(dropped);
    SortedSet<String> granted = new TreeSet<>(add.contains(EVERY) ? ALL : DEFAULT);
    if (drop.contains(EVERY)) {
      granted.clear();
      if (add.contains(EVERY)) {
        granted.addAll(ALL);
      }
    } else {
      granted.removeAll(drop);
    }
    granted.addAll(add);
    granted.retainAll(ALL);
    return granted;
  }

  private static Set<String> names(Collection<String> written) {
    Set<String> names = new TreeSet<>();
    for (String name : written) {
      String upper = name.toUpperCase(Locale.ROOT);
      names.add(upper.startsWith("CAP_") ? upper : "CAP_" + upper);
    }
    return names;
  }
}
