package dev.drawbridge.daemon.loop;

import dev.drawbridge.daemon.container.Evasions;
import dev.drawbridge.daemon.container.Grants;
import dev.drawbridge.daemon.host.Resolvers;
import dev.drawbridge.daemon.network.Spaces;
import dev.drawbridge.daemon.network.Spaces.Space;
import dev.drawbridge.daemon.node.Guard;
import dev.drawbridge.daemon.node.Guard.Attachment;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * The host's ends of containers' interfaces, where what no program on a cgroup sees is judged, and
 * what processes can do for which that is needed. Used by the control loop's thread alone.
 */
final class Interfaces {

  private static final System.Logger log = System.getLogger(Interfaces.class.getName());

  /** Each time the loop looks around. */
  private static final int MOST_LOOKED_AT = 8;

  private final Spaces spaces;
  private final Grants grants;
  private final Attaching attaching;

  /** Whose interfaces are to be guarded as soon as the kernel knows their addresses. */
  private final Set<Guard> waiting = new LinkedHashSet<>();

  /** Who has an interface that was not up when it was looked at, in the order of looking again. */
  private final LinkedHashSet<Guard> halfMade = new LinkedHashSet<>();

  Interfaces(Spaces spaces, Grants grants, Attaching attaching) {
    this.spaces = spaces;
    this.grants = grants;
    this.attaching = attaching;
  }

  /** Its interfaces are to be guarded when the kernel knows its addresses. */
  void willLookAt(Guard guard) {
    waiting.add(guard);
  }

  /**
   * An engine may be about to finish an interface, and tells nobody when it has. True if somebody
   * is to be looked at again.
   */
  boolean lookAgain() {
    boolean any = false;
    for (int i = 0; i < MOST_LOOKED_AT && !halfMade.isEmpty(); i++) {
      Guard guard = halfMade.removeFirst();
      if (guard.attachment().isPresent()) {
        waiting.add(guard);
        any = true;
      }
    }
    return any;
  }

  /** The kernel knows the addresses: before, a frame from there would be dropped as unknown. */
  void look(Collection<Guard> all) {
    waiting.removeIf(guard -> {
      boolean now = !Attaching.isJoining(guard);
      if (now) {
        noteEvasions(guard, all);
      }
      return now;
    });
  }

  /**
   * What its processes can do to get around their cgroup, but for what is closed at its interfaces:
   * all that it was granted, and what its first process has. One process at one moment may have
   * given up what another keeps, so nothing that was found once is ever forgotten in a run. Not in
   * the hook: there the process still has the runtime's capabilities.
   */
  private void noteEvasions(Guard guard, Collection<Guard> all) {
    if (guard.attachment().isEmpty() || guard.observed().pid() == 0) {
      return;
    }
    // Its engine may know better than its hook which runtime it has.
    attaching.askNobodyIn(guard);
    try {
      SortedSet<String> found = Evasions.ofProcess(guard.observed().pid());
      found.addAll(granted(guard));
      spaces.readRoutes(guard.attachment().get().space());
      guard.found(found, guardOf(guard, all, true));
      Neighbours.weigh(spaces, guard.attachment().get().space(), all);
    } catch (IOException e) {
      log.log(Level.DEBUG, "container " + guard.observed().name() + " has ended", e);
    }
  }

  /** By its spec if it came by the hook, else by its engine's book. */
  Set<String> granted(Guard guard) {
    return grants
        .of(guard.observed().id())
        .<Set<String>>map(TreeSet::new)
        .orElseGet(() -> guard.observed().capabilities());
  }

  /**
   * Guards those that a container has by now. True if that was all, and all are guarded.
   *
   * @param runs whether somebody may be sending there
   */
  boolean guardOf(Guard guard, Collection<Guard> known, boolean runs) {
    Optional<Space> space = guard.attachment().map(Attachment::space);
    Resolvers resolvers = new Resolvers(Path.of("/"));
    space.ifPresent(in -> BelievedResolvers.weigh(in, known, resolvers, this::granted));
    boolean all =
        space
            .map(in -> spaces.guardInterfaces(in, resolvers.of(guard.observed()), runs))
            .orElse(false);
    if (space.map(spaces::isHalfMade).orElse(false)) {
      halfMade.add(guard);
    }
    return all;
  }
}
