package dev.drawbridge.daemon.loop;

import dev.drawbridge.daemon.container.Evasions;
import dev.drawbridge.daemon.network.Spaces;
import dev.drawbridge.daemon.network.Spaces.Space;
import dev.drawbridge.daemon.node.Guard;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Who lives in a network namespace together can do there what any of them can: packets of all go by
 * the same loopback and interfaces, where nothing tells one's from another's.
 */
final class Neighbours {

  private Neighbours() {}

  /**
   * Tells everybody who lives there what he and the others can do, and the namespace whether
   * somebody may change packets in it.
   *
   * @param all every container that is known
   */
  static void weigh(Spaces spaces, Space space, Collection<Guard> all) {
    List<Guard> members = new ArrayList<>();
    for (Guard guard : all) {
      if (guard.lives(space)) {
        members.add(guard);
      }
    }
    if (members.stream().anyMatch(guard -> Evasions.rewrites(guard.found()))) {
      spaces.mayRewrite(space);
    }
    for (Guard guard : members) {
      SortedSet<String> own = new TreeSet<>(guard.found());
      if (guard.interfacesGuarded() && members.size() == 1) {
        own.removeAll(Evasions.AT_INTERFACES);
      }
      SortedMap<String, SortedSet<String>> others = new TreeMap<>();
      for (Guard other : members) {
        if (!other.equals(guard) && !other.found().isEmpty()) {
          others.put(other.observed().name(), new TreeSet<>(other.found()));
        }
      }
      guard.evasions(own, others);
    }
  }
}
