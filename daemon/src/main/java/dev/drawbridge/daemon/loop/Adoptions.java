package dev.drawbridge.daemon.loop;

import dev.drawbridge.bpf.failure.BpfException;
import dev.drawbridge.daemon.attach.Attachments;
import dev.drawbridge.daemon.attach.ParentGuard;
import dev.drawbridge.daemon.kernel.Datapath;
import dev.drawbridge.daemon.network.OlderConnections;
import dev.drawbridge.daemon.network.Spaces;
import dev.drawbridge.daemon.node.Guard;
import dev.drawbridge.daemon.node.Guard.Attachment;
import dev.drawbridge.daemon.node.Guard.Progress;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Attaches to containers that run, so that nothing is refused of which no rule speaks, and nothing
 * that one allows. All that were found together take each step together:
 *
 * <ol>
 *   <li>the maps hold their rules, but not their addresses: nobody takes what they send for
 *       something that their own programs should have recorded (the control loop does this);
 *   <li>the program that refuses nothing, and with it their names: programs that hang on a cgroup
 *       without a name deny everything;
 *   <li>what judges and records what they send;
 *   <li>what judges what arrives: the records are there;
 *   <li>their addresses (the control loop again);
 *   <li>a moment later their rules decide. What began before step 3 nobody can judge, and most of
 *       it has ended by then; what began since is known by both its ends.
 * </ol>
 *
 * <p>Used by the control loop's thread alone.
 */
final class Adoptions {

  private static final System.Logger log = System.getLogger(Adoptions.class.getName());

  /** How long, in milliseconds, what rules deny still passes after the programs are attached. */
  static final int SETTLE_MILLIS = 1_000;

  private final Datapath datapath;
  private final Attachments attachments;
  private final ParentGuard parents;
  private final Spaces spaces;

  /** Who settles, with the time from which on its rules decide (System.nanoTime). */
  private final Map<Guard, Long> settling = new LinkedHashMap<>();

  Adoptions(Datapath datapath, Attachments attachments, ParentGuard parents, Spaces spaces) {
    this.datapath = datapath;
    this.attachments = attachments;
    this.parents = parents;
    this.spaces = spaces;
  }

  /** Steps 2 to 4. True if there was anybody to attach to. */
  boolean attach(Collection<Guard> all) {
    List<Guard> joining = new ArrayList<>();
    for (Guard guard : all) {
      if (guard.progress() == Progress.JOINING && guard.attachment().isPresent()) {
        joining.add(guard);
      }
    }
    if (joining.isEmpty()) {
      return false;
    }
    each(joining, this::name);
    each(joining, (guard, to) -> attachments.attachSending(guard.observed().id(), to.cgroup()));
    each(joining, (guard, to) -> attachments.attachReceiving(guard.observed().id(), to.cgroup()));
    each(joining, (guard, to) -> parents.know(to.cgroup(), guard.endpoint()));
    long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(SETTLE_MILLIS);
    for (Guard guard : joining) {
      guard.oldNeighbours(true);
      if (guard.settles()) {
        guard.progress(Progress.SETTLING);
        settling.put(guard, until);
      } else {
        guard.progress(Progress.IN_FORCE);
      }
    }
    return true;
  }

  private void name(Guard guard, Attachment to) throws IOException {
    try {
      guard.older(OlderConnections.of(to.space().namespace(), to.cgroup()));
    } catch (BpfException | IOException e) {
      // Its programs cut them at the next packet all the same.
      log.log(Level.WARNING, "older connections of " + guard.observed().name(), e);
    }
    attachments.attachFirst(guard.observed().id(), to.cgroup());
    datapath.name(to.cgroup(), guard.endpoint());
    guard.named(true);
  }

  @FunctionalInterface
  private interface Step {
    void on(Guard guard, Attachment to) throws IOException;
  }

  /** Whom a step fails for does not hold up the others. */
  private void each(List<Guard> joining, Step step) {
    joining.removeIf(guard -> {
      Attachment to = guard.attachment().orElseThrow();
      try {
        step.on(guard, to);
        return false;
      } catch (BpfException | IOException e) {
        if (guard.alive()) {
          giveUp(guard, to, e);
        }
        // Otherwise it has ended, and is let go of when that is noticed.
        return true;
      }
    });
  }

  /** What hangs on it already denies: a part of the programs is no guard. */
  private void giveUp(Guard guard, Attachment to, Exception why) {
    try {
      datapath.unname(to.cgroup());
    } catch (BpfException e) {
      log.log(Level.DEBUG, "nothing hangs on " + guard.observed().name() + " yet", e);
    }
    guard.released();
    spaces.leave(to.space(), guard.endpoint());
    guard.failed(String.valueOf(why.getMessage()));
    log.log(Level.WARNING, "container " + guard.observed().name() + " is not guarded", why);
  }

  /** Step 6. True if it is the time of somebody. */
  boolean settled() {
    long now = System.nanoTime();
    return settling
        .entrySet()
        .removeIf(one -> {
          boolean done = now - one.getValue() >= 0;
          if (done && one.getKey().progress() == Progress.SETTLING) {
            one.getKey().progress(Progress.IN_FORCE);
          }
          return done;
        });
  }
}
