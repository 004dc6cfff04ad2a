package dev.drawbridge.daemon.loop;

import dev.drawbridge.bpf.failure.BpfException;
import dev.drawbridge.bpf.linux.OpenSocket;
import dev.drawbridge.daemon.network.OlderConnections;
import dev.drawbridge.daemon.network.Spaces;
import dev.drawbridge.daemon.node.Guard;
import dev.drawbridge.daemon.node.Guard.Attachment;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.IntPredicate;

/**
 * What is older than the programs of containers that are closed in some direction is reset: there
 * the kernel cuts it anyway. In an open one it goes on, as any connection would. Used by the
 * control loop's thread alone.
 */
final class OlderSockets {

  private static final System.Logger log = System.getLogger(OlderSockets.class.getName());

  private final Spaces spaces;
  private final BiConsumer<Guard, OpenSocket> recorded;

  /**
   * @param recorded told of each connection that was reset
   */
  OlderSockets(Spaces spaces, BiConsumer<Guard, OpenSocket> recorded) {
    this.spaces = spaces;
    this.recorded = recorded;
  }

  /**
   * Of those whose rules decide by now, each once.
   *
   * @param closed by endpoint number
   */
  void reset(Collection<Guard> all, IntPredicate closed) {
    for (Guard guard : all) {
      if ((guard.older().isEmpty() && !guard.hasOldNeighbours())
          || guard.progress() != Guard.Progress.IN_FORCE) {
        continue;
      }
      List<OpenSocket> older = new ArrayList<>(guard.older());
      boolean neighbours = guard.hasOldNeighbours();
      guard.older(List.of());
      guard.oldNeighbours(false);
      if (guard.attachment().isEmpty() || !closed.test(guard.endpoint())) {
        continue;
      }
      try {
        if (neighbours) {
          older.addAll(withNeighbours(guard, all));
        }
        if (older.isEmpty()) {
          continue;
        }
        guard.reset(OlderConnections.reset(guard.attachment().get().space().namespace(), older));
        older.forEach(socket -> recorded.accept(guard, socket));
      } catch (BpfException | IOException e) {
        log.log(Level.WARNING, "older connections of " + guard.observed().name(), e);
      }
    }
  }

  /** By now their first packets are judged by rules: what is there began before. */
  private List<OpenSocket> withNeighbours(Guard guard, Collection<Guard> all) throws IOException {
    Attachment to = guard.attachment().orElseThrow();
    if (!spaces.isShared(to.space())) {
      return List.of();
    }
    List<Path> others = new ArrayList<>();
    for (Guard other : all) {
      if (!other.equals(guard) && other.lives(to.space()) && other.alive()) {
        others.add(other.attachment().orElseThrow().cgroup());
      }
    }
    return OlderConnections.between(to.space().namespace(), to.cgroup(), others);
  }
}
