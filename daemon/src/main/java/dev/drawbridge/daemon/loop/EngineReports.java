package dev.drawbridge.daemon.loop;

import dev.drawbridge.bpf.failure.BpfException;
import dev.drawbridge.bpf.linux.Cgroups;
import dev.drawbridge.control.EngineKind;
import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.daemon.attach.ParentGuard;
import dev.drawbridge.daemon.container.Admission;
import dev.drawbridge.daemon.container.AdmittedContainers;
import dev.drawbridge.daemon.container.Evasions;
import dev.drawbridge.daemon.container.Grants;
import dev.drawbridge.daemon.container.How;
import dev.drawbridge.daemon.container.LabelReading;
import dev.drawbridge.daemon.container.Latecomers;
import dev.drawbridge.daemon.node.Guard;
import dev.drawbridge.daemon.node.NodeState;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * What container engines tell of their containers, one by one and in lists. It can be early, late
 * or garbled: a container that runs under guard stays so whatever is said of it. Used by the
 * control loop's thread alone.
 */
final class EngineReports {

  private static final System.Logger log = System.getLogger(EngineReports.class.getName());

  private final KnownContainers known;
  private final ExemptContainers exempt;
  private final Attaching attaching;
  private final Interfaces interfaces;
  private final StalePins pins;
  private final ParentGuard parents;
  private final LabelReading labels;
  private final Grants grants;
  private final Latecomers latecomers;
  private final AdmittedContainers admitted;
  private final Function<String, Optional<ObservedContainer>> files;
  private final Predicate<String> dockers;
  private final Retries retries = new Retries();

  /**
   * @param files what an engine's files say of a container by its id
   * @param dockers whether Docker keeps files of a container of that id
   */
  EngineReports(
      KnownContainers known,
      ExemptContainers exempt,
      Attaching attaching,
      Interfaces interfaces,
      StalePins pins,
      ParentGuard parents,
      LabelReading labels,
      Grants grants,
      Latecomers latecomers,
      AdmittedContainers admitted,
      Function<String, Optional<ObservedContainer>> files,
      Predicate<String> dockers) {
    this.known = known;
    this.exempt = exempt;
    this.attaching = attaching;
    this.interfaces = interfaces;
    this.pins = pins;
    this.parents = parents;
    this.labels = labels;
    this.grants = grants;
    this.latecomers = latecomers;
    this.admitted = admitted;
    this.files = files;
    this.dockers = dockers;
  }

  /** Every container of one engine that exists, as it lists them. */
  void listed(EngineKind engine, List<ObservedContainer> all) {
    Set<String> ids = new HashSet<>();
    all.forEach(container -> ids.add(container.id()));
    for (String id : known.ids()) {
      if (!ids.contains(id)) {
        gone(engine, id);
      }
    }
    exempt.retain(engine, ids);
    // Who lives here already is in the midst of talking; but not where nobody may without a hook.
    all.forEach(container -> changed(engine, container, !parents.denies()));
    pins.tidy();
    parents.tidy();
  }

  /** One container as its engine reports it. */
  void changed(EngineKind engine, ObservedContainer reported) {
    changed(engine, reported, false);
  }

  private void changed(EngineKind engine, ObservedContainer reported, boolean settles) {
    if (isDockers(engine, reported.id())) {
      return;
    }
    boolean unseen = reported.running() && reported.pid() == 0;
    if (unseen && exempt.observed(reported.id()).isPresent()) {
      return;
    }
    Guard before = known.of(reported.id());
    boolean alive = before != null && before.alive();
    if (before != null && alive && reported.pid() > 0 && !before.holds(reported.pid())) {
      log.log(
          Level.WARNING,
          "container "
              + reported.name()
              + " of "
              + engine.display()
              + " has the id of another one that runs, and is not guarded");
      return;
    }
    Admission read =
        labels.read(
            engine,
            engine.keepsAddresses()
                ? reported
                : placed(reported, Optional.ofNullable(alive ? before : null)),
            described(reported.id()));
    ObservedContainer container = read.container();
    try {
      if (exempt.reported(engine, container, alive)) {
        if (!alive) {
          forget(container.id());
          if (container.running() && container.pid() > 0) {
            long _ = parents.exempt(Cgroups.ofPid(container.pid()));
          }
        }
        return;
      }
      if (alive && (!container.running() || container.pid() == 0)) {
        // Created by the engine's book and started by the runtime's, or too busy to be inspected.
        return;
      }
      Guard guard = known.observe(container, read.declared());
      guard.reportedBy(engine);
      if (alive && !engine.keepsAddresses()) {
        admitted.labelled(reported);
      }
      if (!container.running()) {
        attaching.release(guard);
        guard.cleared();
        return;
      }
      if (!alive) {
        comesToRun(engine, guard, settles);
      }
      interfaces.willLookAt(guard);
    } catch (BpfException | IOException e) {
      log.log(Level.WARNING, "container " + container.name(), e);
    }
  }

  private void comesToRun(EngineKind engine, Guard guard, boolean settles) {
    attaching.release(guard);
    if (guard.observed().pid() == 0) {
      guard.failed(engine.display() + " does not say whether it runs, and as which process");
      return;
    }
    attaching.adopt(guard, settles);
    if (attaching.sharesNamespace(guard) && !engine.keepsAddresses()) {
      // They are those of whoever was there first.
      guard.observe(guard.observed().at(List.of()), guard.declared());
    }
  }

  /**
   * The operator's list of exempt containers is another one now. Those that run and are no longer
   * in it are adopted; who is guarded and runs stays so.
   */
  void exempt(List<String> list) throws IOException {
    for (NodeState.Exempt one : exempt.list(list, this::described)) {
      // Until it is adopted, and if it cannot be, it is as whoever started without the hook.
      ExemptContainers.cgroup(one).ifPresent(parents::forget);
      Optional<EngineKind> teller = exempt.teller(one.observed().id());
      if (teller.isPresent()) {
        changed(teller.get(), one.observed(), !parents.denies());
      }
    }
    for (Guard guard : List.copyOf(known.all())) {
      if (!guard.alive() && guard.engine().isPresent()) {
        changed(guard.engine().get(), guard.observed(), false);
      }
    }
  }

  /**
   * What was learnt of it before: by an earlier report, or, of one that started without the hook,
   * from the files of its engine, which know its image better than the engine's API does.
   */
  private Optional<ObservedContainer> described(String id) {
    Optional<ObservedContainer> before = Optional.ofNullable(known.of(id)).map(Guard::observed);
    return before.or(() -> exempt.observed(id)).or(() -> files.apply(id));
  }

  /**
   * Whether an engine tells of what is Docker's, whose containers are containerd's too, in whatever
   * namespace. Their labels are not in its records; and no label says whose one is, because images
   * can bear any.
   */
  private boolean isDockers(EngineKind engine, String id) {
    if (engine == EngineKind.DOCKER) {
      return false;
    }
    Guard guard = known.of(id);
    Optional<EngineKind> teller = guard == null ? exempt.teller(id) : guard.engine();
    return teller.equals(Optional.of(EngineKind.DOCKER))
        || dockers.test(id)
        // Whom Docker's files described when its hook ran, wherever those are.
        || (guard != null
            && teller.isEmpty()
            && guard.attachment().map(to -> to.how() == How.HOOK).orElse(false)
            && admitted.of(id).isEmpty());
  }

  /**
   * Where a container is whose engine does not know: where it was seen before its first process
   * ran, else what its namespace has, unless its processes may have given themselves that, or that
   * namespace.
   */
  private ObservedContainer placed(ObservedContainer reported, Optional<Guard> alive) {
    if (reported.pid() == 0) {
      return reported;
    }
    ObservedContainer container =
        reported.in(OwnNetwork.mode(reported.pid(), reported.networkMode()));
    List<InetAddress> before = alive.map(guard -> guard.observed().addresses()).orElse(List.of());
    if (!before.isEmpty()) {
      return container.at(before);
    }
    boolean others = alive.map(attaching::sharesNamespace).orElse(false);
    boolean itsOwnWork =
        Evasions.rewrites(alive.map(interfaces::granted).orElse(container.capabilities()));
    if (others || itsOwnWork) {
      return container;
    }
    OptionalLong begun =
        alive
            .flatMap(Guard::attachment)
            .filter(to -> to.how() == How.HOOK)
            .map(to -> OptionalLong.of(to.space().namespace().inode()))
            .orElseGet(OptionalLong::empty);
    List<InetAddress> now = OwnNetwork.addresses(container.pid(), container.networkMode(), begun);
    if (alive.isPresent() && !now.isEmpty()) {
      admitted.at(container.id(), now);
    }
    return container.at(now);
  }

  /**
   * Tries again to guard those that run and could not be: what was in the way may have gone, or
   * whoever lives there may have put it there.
   *
   * @return whether anything changed
   */
  boolean tryAgain(long nowNanos) {
    boolean changed = false;
    retries.tidy(known.all());
    for (Guard guard : List.copyOf(known.all())) {
      Optional<EngineKind> engine = guard.engine();
      if (guard.failure().isEmpty()
          || guard.attachment().isPresent()
          || engine.isEmpty()
          || !guard.observed().running()
          || guard.observed().pid() == 0
          || !retries.isDue(guard.observed().id(), nowNanos)) {
        continue;
      }
      Optional<String> before = guard.failure();
      try {
        comesToRun(engine.get(), guard, false);
      } catch (RuntimeException e) {
        guard.failed(String.valueOf(e.getMessage()));
        log.log(Level.WARNING, "container " + guard.observed().name() + " is not guarded", e);
      }
      changed |= !guard.failure().equals(before);
      interfaces.willLookAt(guard);
    }
    return changed;
  }

  /** The engine knows no such container. */
  void gone(EngineKind engine, String id) {
    Guard guard = known.of(id);
    if (isDockers(engine, id)
        || (guard != null && guard.engine().map(other -> other != engine).orElse(false))) {
      // Another engine's.
      return;
    }
    if (guard != null && guard.alive()) {
      // A list that was made before the container was admitted does not name it, and one that ends
      // may have been removed before.
      guard.disown();
      return;
    }
    forget(id);
    exempt.gone(id);
    grants.forget(id);
    latecomers.forget(id);
    parents.tidy();
  }

  /** As if it had never been known: if it runs after all, it is told of again. */
  void forget(String id) {
    Guard guard = known.of(id);
    if (guard != null) {
      attaching.release(guard);
    }
    admitted.forget(id);
    known.remove(id);
  }
}
