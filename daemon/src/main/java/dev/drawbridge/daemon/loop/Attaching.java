package dev.drawbridge.daemon.loop;

import dev.drawbridge.bpf.failure.BpfException;
import dev.drawbridge.bpf.linux.Cgroups;
import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.daemon.attach.Attachments;
import dev.drawbridge.daemon.attach.ParentGuard;
import dev.drawbridge.daemon.container.AdmissionTimes;
import dev.drawbridge.daemon.container.AdmissionTimes.Stage;
import dev.drawbridge.daemon.container.How;
import dev.drawbridge.daemon.container.Latecomers;
import dev.drawbridge.daemon.host.OwnCgroup;
import dev.drawbridge.daemon.kernel.Datapath;
import dev.drawbridge.daemon.network.Opening;
import dev.drawbridge.daemon.network.Spaces;
import dev.drawbridge.daemon.network.Spaces.Space;
import dev.drawbridge.daemon.node.Guard;
import dev.drawbridge.daemon.node.Guard.Attachment;
import dev.drawbridge.daemon.node.Problems;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Optional;

/**
 * Hangs programs on a container's cgroup, has the engine listen in its namespace, tells the
 * programs whom they work for, and takes all of it off. Used by the control loop's thread alone.
 */
final class Attaching {

  private static final System.Logger log = System.getLogger(Attaching.class.getName());

  private final Datapath datapath;
  private final Attachments attachments;
  private final ParentGuard parents;
  private final Spaces spaces;
  private final Latecomers latecomers;
  private final AdmissionTimes times;
  private final Adoptions adoptions;

  Attaching(
      Datapath datapath,
      Attachments attachments,
      ParentGuard parents,
      Spaces spaces,
      Latecomers latecomers,
      AdmissionTimes times) {
    this.datapath = datapath;
    this.attachments = attachments;
    this.parents = parents;
    this.spaces = spaces;
    this.latecomers = latecomers;
    this.times = times;
    this.adoptions = new Adoptions(datapath, attachments, parents, spaces);
  }

  /**
   * All at once. Its programs deny until {@link #name}.
   *
   * @param opening its network namespace; used up where this succeeds
   * @param attached is told when its programs deny
   * @throws IOException or BpfException when it cannot be guarded; of one that came by the hook
   *     nothing is left then
   */
  void attach(Guard guard, How how, Opening opening, Runnable attached) throws IOException {
    ObservedContainer container = guard.observed();
    Path cgroup = ownCgroup(container);
    long began = System.nanoTime();
    try {
      attachments.attach(container.id(), cgroup);
      times.took(Stage.ATTACH, began);
      began = System.nanoTime();
      long cgroupId = parents.admit(cgroup, guard.endpoint());
      attached.run();
      Space space = spaces.enter(opening, guard.endpoint(), how);
      times.took(Stage.NAMESPACE, began);
      guard.attached(new Attachment(how, cgroup, cgroupId, space));
      askNobodyIn(guard);
    } catch (IOException | RuntimeException e) {
      if (how == How.HOOK) {
        attachments.detach(container.id());
      }
      throw e;
    }
  }

  private static Path ownCgroup(ObservedContainer container) throws IOException {
    Path cgroup = Cgroups.ofPid(container.pid());
    if (!OwnCgroup.names(cgroup, container.id())) {
      // The number may be another process's by now, or the runtime made no cgroup of its own.
      throw new IOException(
          "process " + container.pid() + " is in cgroup " + cgroup + ", which is not its own");
    }
    return cgroup;
  }

  /**
   * One that runs already: taken over from an agent before, at once, or to be attached when the
   * maps hold its rules. Why it cannot be guarded, if it cannot, is the guard's to tell.
   *
   * @param settles whether what its rules deny passes for a moment
   */
  void adopt(Guard guard, boolean settles) {
    ObservedContainer container = guard.observed();
    boolean pinned = attachments.pinned(container.id());
    try (Opening opening = spaces.open(container.pid())) {
      How how = pinned ? How.ADOPTED : How.LISTENER;
      Path cgroup = ownCgroup(container);
      if (!pinned) {
        latecomers.note(container.id());
      }
      guard.late(!pinned || latecomers.has(container.id()));
      if (pinned && datapath.endpointOf(cgroup).isPresent()) {
        attach(guard, how, opening, () -> {});
      } else {
        long cgroupId = Cgroups.id(cgroup);
        Space space = spaces.enter(opening, guard.endpoint(), how);
        guard.joins(new Attachment(how, cgroup, cgroupId, space), settles);
        askNobodyIn(guard);
      }
      if (pinned) {
        log.log(
            Level.INFO, "container " + container.name() + " is taken over from the agent before");
      } else {
        log.log(
            Level.WARNING,
            "container "
                + container.name()
                + " was started without the hook (runtime "
                + container.runtimeName()
                + "); attached now, connections that last are cut where its rules close it");
      }
    } catch (BpfException | IOException e) {
      String why = String.valueOf(e.getMessage());
      boolean said = guard.failure().equals(Optional.of(why));
      guard.failed(why);
      log.log(
          said ? Level.DEBUG : Level.WARNING,
          "container " + container.name() + " is not guarded; it is tried again",
          e);
    }
  }

  /** Takes everything off; only for a container whose cgroup is gone, or that never started. */
  void release(Guard guard) {
    if (guard.attachment().isEmpty()) {
      return;
    }
    Attachment was = guard.attachment().get();
    guard.released();
    try {
      parents.forget(was.cgroupId());
      attachments.detach(guard.observed().id());
    } finally {
      spaces.leave(was.space(), guard.endpoint());
    }
  }

  /** Whether others are, or were, in the network namespace where it is attached. */
  boolean sharesNamespace(Guard guard) {
    return guard.attachment().map(to -> spaces.isShared(to.space())).orElse(false);
  }

  /** What listens in a network stack of a container's own is no socket of this kernel's. */
  void askNobodyIn(Guard guard) {
    if (Problems.ownStack(guard.observed()).isPresent()) {
      guard.attachment().ifPresent(to -> spaces.cannotBeAsked(to.space()));
    }
  }

  /**
   * Tells the programs of freshly attached containers whom they work for; from then on they judge
   * by rules rather than deny. A container that has died meanwhile needs no name.
   */
  void name(Collection<Guard> all) {
    for (Guard guard : all) {
      if (guard.attachment().isPresent() && !guard.named() && !isJoining(guard)) {
        try {
          datapath.name(guard.attachment().get().cgroup(), guard.endpoint());
          guard.named(true);
        } catch (BpfException e) {
          if (guard.alive()) {
            throw e;
          }
        }
      }
    }
  }

  static boolean isJoining(Guard guard) {
    return guard.progress() == Guard.Progress.JOINING;
  }

  /**
   * Attaches to those that run and whose rules the maps hold by now.
   *
   * @return whether there were any: their addresses are to be written
   */
  boolean attachJoining(Collection<Guard> all) {
    boolean any = adoptions.attach(all);
    parents.guardKnown();
    return any;
  }

  /** Whether the rules of some are to decide from now on that were attached a moment ago. */
  boolean settled() {
    return adoptions.settled();
  }
}
