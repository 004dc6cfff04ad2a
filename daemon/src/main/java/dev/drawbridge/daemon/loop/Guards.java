package dev.drawbridge.daemon.loop;

import dev.drawbridge.bpf.failure.BpfException;
import dev.drawbridge.bpf.failure.MapFull;
import dev.drawbridge.bpf.linux.Cgroups;
import dev.drawbridge.bpf.linux.OpenSocket;
import dev.drawbridge.control.EngineKind;
import dev.drawbridge.control.GuardedContainer;
import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.daemon.attach.Attachments;
import dev.drawbridge.daemon.attach.ParentGuard;
import dev.drawbridge.daemon.config.Config;
import dev.drawbridge.daemon.container.Admission;
import dev.drawbridge.daemon.container.AdmissionTimes;
import dev.drawbridge.daemon.container.AdmissionTimes.Stage;
import dev.drawbridge.daemon.container.AdmittedContainers;
import dev.drawbridge.daemon.container.EndpointNumbers;
import dev.drawbridge.daemon.container.Evasions;
import dev.drawbridge.daemon.container.Exemptions;
import dev.drawbridge.daemon.container.Grants;
import dev.drawbridge.daemon.container.How;
import dev.drawbridge.daemon.container.LabelReading;
import dev.drawbridge.daemon.container.Latecomers;
import dev.drawbridge.daemon.host.OwnCgroup;
import dev.drawbridge.daemon.kernel.Datapath;
import dev.drawbridge.daemon.network.Opening;
import dev.drawbridge.daemon.network.Spaces;
import dev.drawbridge.daemon.node.Guard;
import dev.drawbridge.policy.labels.KeptCapabilities;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.IntPredicate;
import java.util.function.Predicate;

/**
 * The containers from their start to their end, as the control loop asks for it: who may start, who
 * has gone, and what a generation that is in force means for each. What hangs on them is {@link
 * Attaching}'s, what engines tell of them {@link EngineReports}'. Owned by the control loop's
 * thread.
 *
 * <p>What is attached is taken off for one reason only: the cgroup it hangs on is gone. No report
 * of an engine, early, late or garbled, takes programs off processes that run.
 */
public final class Guards {

  private static final System.Logger log = System.getLogger(Guards.class.getName());

  /** Of how many containers a turn finds out whether they are gone, without a word of anybody. */
  private static final int LOOKED_AFTER = 128;

  private final Datapath datapath;
  private final Attachments attachments;
  private final ParentGuard parents;
  private final Spaces spaces;
  private final Exemptions exemptions;
  private final Grants grants;
  private final Latecomers latecomers;
  private final AdmittedContainers admitted;
  private final AdmissionTimes times;
  private final KnownContainers known;
  private final ExemptContainers exempt;
  private final Attaching attaching;
  private final Interfaces interfaces;
  private final OlderSockets older;
  private final Starting starting;
  private final StalePins pins;
  private final EngineReports reports;

  private final Rounds rounds = new Rounds(LOOKED_AFTER);

  /** Who may start unguarded, as the operator wrote it. */
  private List<String> listed;

  /**
   * @param files what an engine's files say of a container by its id
   * @param dockers whether Docker keeps files of a container of that id
   * @param recorded told of each connection that was reset because it is older than its container's
   *     programs
   */
  public Guards(
      Datapath datapath,
      Attachments attachments,
      ParentGuard parents,
      Spaces spaces,
      EndpointNumbers numbers,
      Exemptions exemptions,
      LabelReading labels,
      Grants grants,
      Latecomers latecomers,
      AdmittedContainers admitted,
      Function<String, Optional<ObservedContainer>> files,
      Predicate<String> dockers,
      AdmissionTimes times,
      BiConsumer<Guard, OpenSocket> recorded) {
    this.times = times;
    this.datapath = datapath;
    this.attachments = attachments;
    this.parents = parents;
    this.spaces = spaces;
    this.exemptions = exemptions;
    this.listed = exemptions.listed();
    this.grants = grants;
    this.latecomers = latecomers;
    this.admitted = admitted;
    this.known = new KnownContainers(datapath, attachments, numbers);
    this.exempt = new ExemptContainers(exemptions);
    this.attaching = new Attaching(datapath, attachments, parents, spaces, latecomers, times);
    this.interfaces = new Interfaces(spaces, grants, attaching);
    this.starting = new Starting(known, spaces, interfaces, admitted);
    this.older = new OlderSockets(spaces, recorded);
    this.pins = new StalePins(attachments, exemptions, spaces, known);
    this.reports =
        new EngineReports(
            known,
            exempt,
            attaching,
            interfaces,
            pins,
            parents,
            labels,
            grants,
            latecomers,
            admitted,
            files,
            dockers);
  }

  Collection<Guard> all() {
    return known.all();
  }

  /** What control compiles from. */
  List<GuardedContainer> guarded() {
    return known.guarded();
  }

  /** Those that run unguarded by the operator's wish. */
  ExemptContainers exempt() {
    return exempt;
  }

  /**
   * Why a container may not be admitted, before anything of what there is under its id is touched:
   * the process is another's, or the container runs already and is not to be stripped.
   */
  Optional<String> objection(Admission admission) {
    ObservedContainer container = admission.container();
    Optional<String> stranger = OwnCgroup.objection(container.id(), container.pid());
    if (stranger.isPresent()) {
      return stranger;
    }
    Guard guard = known.of(container.id());
    boolean runs = guard != null && guard.alive();
    try {
      long pinned = attachments.pinned(container.id()) ? attachments.target(container.id()) : 0;
      runs |= pinned != 0 && pinned != Cgroups.id(Cgroups.ofPid(container.pid()));
    } catch (BpfException e) {
      log.log(Level.DEBUG, "pins of container " + container.id(), e);
    }
    if (runs) {
      return Optional.of("container " + container.name() + " runs already, and stays guarded");
    }
    return known.heldBeyond(container)
        ? Optional.of(
            "the labels of all containers take more than "
                + (KnownContainers.MAX_LABELS_HELD >> 20)
                + " MiB, with those of container "
                + container.name()
                + "; remove containers, or give them fewer labels")
        : Optional.empty();
  }

  /**
   * Attaches to a container that waits to start, and that {@link #objection} has nothing against.
   * Its programs deny until {@link #name}.
   *
   * @param attached is told as soon as they do
   * @throws IOException or BpfException when it cannot be guarded; nothing is left then
   */
  Guard admit(Admission admission, Opening opening, Runnable attached) throws IOException {
    ObservedContainer container = admission.container();
    // Its last run is over: the runtime makes a cgroup only when there is none of that name.
    Guard before = known.of(container.id());
    if (before != null) {
      attaching.release(before);
    }
    Guard guard = known.observe(container, admission.declared());
    try {
      attaching.attach(guard, How.HOOK, opening, attached);
      long began = System.nanoTime();
      grants.note(container.id(), container.capabilities());
      latecomers.forget(container.id());
      guard.late(false);
      times.took(Stage.KEEP, began);
      if (attaching.sharesNamespace(guard)) {
        // Whoever was there before may have given itself some of what is there.
        guard.observe(container.at(List.of()), admission.declared());
      }
      guard.found(Evasions.among(container.capabilities()), true);
      guard.attachment().ifPresent(to -> Neighbours.weigh(spaces, to.space(), known.all()));
      began = System.nanoTime();
      guard.attachment().ifPresent(to -> spaces.readRoutes(to.space()));
      if (Evasions.rewrites(guard.found()) || KeptCapabilities.netRaw(container.ownLabels())) {
        // Before its first process runs, where the engine has made its interfaces by now.
        boolean _ = interfaces.guardOf(guard, known.all(), false);
      }
      times.took(Stage.INTERFACES, began);
      return guard;
    } catch (IOException | RuntimeException e) {
      forget(container.id());
      throw e;
    }
  }

  /** Those between their hook and their first process. */
  Starting starting() {
    return starting;
  }

  /** As if it had never asked: if it runs after all, the listener finds it. */
  void forget(String id) {
    reports.forget(id);
  }

  /** Takes over a container that an earlier agent guarded. */
  void recover(Admission admission) {
    ObservedContainer container = admission.container();
    if (exemptions.covers(container.name(), container.ownLabels())) {
      return;
    }
    try {
      Guard guard = known.observe(container, admission.declared());
      if (guard.attachment().isEmpty()) {
        attaching.adopt(guard, false);
        interfaces.willLookAt(guard);
      }
    } catch (BpfException | IOException e) {
      log.log(Level.WARNING, "container " + container.name() + " is left as it is", e);
    }
  }

  /** The runtime says that the container's processes are gone. True if anything changed. */
  boolean stopped(String id) {
    Guard guard = known.of(id);
    if (guard == null || guard.attachment().isEmpty() || guard.alive()) {
      // A late word about a run before this one.
      return false;
    }
    attaching.release(guard);
    grants.forget(id);
    latecomers.forget(id);
    admitted.forget(id);
    if (guard.ownerless()) {
      // No engine will tell that it is gone for good, and it comes with a hook if it comes again.
      known.remove(id);
    }
    return true;
  }

  /** Lets go of everything whose cgroup is gone. True if anything changed. */
  boolean sweep() {
    boolean changed = false;
    for (String id : rounds.next(known.ids())) {
      changed |= stopped(id);
    }
    changed |= interfaces.lookAgain();
    changed |= reports.tryAgain(System.nanoTime());
    return changed;
  }

  /** Every container of one engine that exists, as it lists them. */
  void listed(EngineKind engine, List<ObservedContainer> all) {
    reports.listed(engine, all);
  }

  /** One container as its engine reports it. */
  void changed(EngineKind engine, ObservedContainer reported) {
    reports.changed(engine, reported);
  }

  /** The engine knows no such container. */
  void gone(EngineKind engine, String id) {
    reports.gone(engine, id);
  }

  /**
   * The operator has changed his mind about those that start without the hook, or unguarded.
   *
   * @throws BpfException or IOException when that cannot be; then it is as it was
   */
  void reconfigured(Config now) throws IOException {
    List<String> before = listed;
    try {
      list(now.exempt());
      deny(now.unhooked() == Config.Unhooked.DENY);
    } catch (IOException | RuntimeException e) {
      try {
        list(before);
      } catch (IOException | RuntimeException also) {
        e.addSuppressed(also);
      }
      throw e;
    }
  }

  private void list(List<String> exempt) throws IOException {
    if (!exempt.equals(listed)) {
      // First, so that a list that came into force by half is taken back.
      listed = exempt;
      reports.exempt(exempt);
    }
  }

  private void deny(boolean unhooked) {
    Map<Path, Integer> running = new LinkedHashMap<>();
    for (Guard guard : known.all()) {
      guard
          .attachment()
          .filter(_ -> !Attaching.isJoining(guard))
          .ifPresent(to -> running.put(to.cgroup(), guard.endpoint()));
    }
    exempt.cgroups().forEach(cgroup -> running.put(cgroup, 0));
    parents.deny(unhooked, running);
  }

  /** Whether a pinned container that runs is not known here: some engine has yet to tell of it. */
  boolean unaccounted() {
    return pins.remain();
  }

  /** Why {@code unhooked: deny} does not hold for some containers, if it does not. */
  Optional<String> unguardable() {
    return parents.unguardable();
  }

  /** Why connections of some containers cannot ask whether anybody listens, if they cannot. */
  Optional<String> unacquainted() {
    return spaces.unacquainted();
  }

  /**
   * Rules are in force by now: tells the programs of freshly attached containers whom they work
   * for, and looks at interfaces that are to be guarded.
   */
  void name() {
    // Before: the first thing that a container does may be to connect.
    spaces.acquaint(datapath.governed());
    attaching.name(known.all());
    interfaces.look(known.all());
  }

  /**
   * Attaches to those that run and whose rules the maps hold by now.
   *
   * @return whether there were any: their addresses are to be written
   */
  boolean attachJoining() {
    return attaching.attachJoining(known.all());
  }

  /** Whether the rules of some are to decide from now on that were attached a moment ago. */
  boolean settled() {
    return attaching.settled();
  }

  /**
   * Resets what is older than the programs of containers that are closed in some direction.
   *
   * @param closed by endpoint number
   */
  void resetOlder(IntPredicate closed) {
    older.reset(known.all(), closed);
  }

  /** Closes those for which the kernel took only a part, or opens them for another try. */
  void kernelRefused(Map<Integer, BpfException> endpoints) {
    known
        .all()
        .forEach(guard ->
            guard.kernelRefused(
                Optional.ofNullable(endpoints.get(guard.endpoint())).map(Guards::sentence)));
  }

  /** What to do belongs to it: a limit is the operator's own. */
  private static String sentence(BpfException failure) {
    return failure instanceof MapFull full && full.limit().isPresent()
        ? "map "
            + full.limit().get().map()
            + " is full ("
            + full.maxEntries()
            + " entries, limits."
            + full.limit().get().map()
            + ")"
        : String.valueOf(failure.getMessage());
  }
}
