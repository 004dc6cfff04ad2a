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
import dev.drawbridge.daemon.host.Resolvers;
import dev.drawbridge.daemon.kernel.Datapath;
import dev.drawbridge.daemon.network.OlderConnections;
import dev.drawbridge.daemon.network.Spaces;
import dev.drawbridge.daemon.network.Spaces.Space;
import dev.drawbridge.daemon.node.Guard;
import dev.drawbridge.daemon.node.Guard.Attachment;
import dev.drawbridge.daemon.node.Problems;
import dev.drawbridge.hook.DockerContainerFiles;
import dev.drawbridge.policy.Parsed;
import dev.drawbridge.policy.labels.KeptCapabilities;
import dev.drawbridge.policy.language.ContainerPolicy;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.IntPredicate;
import java.util.function.Predicate;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Every container the agent knows, and what hangs on it. Owned by the control loop's thread.
 *
 * <p>What is attached is taken off for one reason only: the cgroup it hangs on is gone. No report
 * of an engine, early, late or garbled, takes programs off processes that run.
 */
public final class Guards {

  /** Each time the loop looks around. */
  private static final int MOST_LOOKED_AT = 8;

  private static final Logger log = Logger.getLogger(Guards.class.getName());

  /** What all containers' labels may take that the agent holds, in UTF-16 units. */
  private static final int MAX_LABELS_HELD = 8 << 20;

  /** Labels of this size start whatever the others hold. */
  private static final int FREE_LABELS = 4 << 10;

  private final Datapath datapath;
  private final Attachments attachments;
  private final ParentGuard parents;
  private final Spaces spaces;
  private final EndpointNumbers numbers;
  private final Exemptions exemptions;
  private final LabelReading labels;
  private final Grants grants;
  private final Latecomers latecomers;
  private final AdmittedContainers admitted;
  private final Function<String, Optional<ObservedContainer>> files;
  private final Predicate<String> dockers;
  private final AdmissionTimes times;
  private final BiConsumer<Guard, OpenSocket> recorded;
  private final Resolvers resolvers = new Resolvers(Path.of("/"));
  private final Map<String, Guard> byId = new LinkedHashMap<>();
  private final ExemptContainers exempt;
  private final Adoptions adoptions;

  /** Whose interfaces are to be guarded as soon as the kernel knows their addresses. */
  private final Set<Guard> lookedAt = new LinkedHashSet<>();

  /** Who has an interface that was not up when it was looked at, in the order of looking again. */
  private final LinkedHashSet<Guard> halfMade = new LinkedHashSet<>();

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
    this.recorded = recorded;
    this.datapath = datapath;
    this.attachments = attachments;
    this.parents = parents;
    this.spaces = spaces;
    this.numbers = numbers;
    this.exemptions = exemptions;
    this.exempt = new ExemptContainers(exemptions);
    this.labels = labels;
    this.grants = grants;
    this.latecomers = latecomers;
    this.admitted = admitted;
    this.files = files;
    this.dockers = dockers;
    this.adoptions = new Adoptions(datapath, attachments, parents, spaces);
  }

  Collection<Guard> all() {
    return byId.values();
  }

  /** What control compiles from. */
  List<GuardedContainer> guarded() {
    List<GuardedContainer> guarded = new ArrayList<>();
    byId.values().forEach(guard -> guard.guarded().ifPresent(guarded::add));
    return guarded;
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
    Guard guard = byId.get(container.id());
    boolean runs = guard != null && guard.alive();
    try {
      long pinned = attachments.pinned(container.id()) ? attachments.target(container.id()) : 0;
      runs |= pinned != 0 && pinned != Cgroups.id(Cgroups.ofPid(container.pid()));
    } catch (BpfException e) {
      log.log(Level.FINE, "pins of container " + container.id(), e);
    }
    if (runs) {
      return Optional.of("container " + container.name() + " runs already, and stays guarded");
    }
    return heldBeyond(container)
        ? Optional.of(
            "the labels of all containers take more than "
                + (MAX_LABELS_HELD >> 20)
                + " MiB, with those of container "
                + container.name()
                + "; remove containers, or give them fewer labels")
        : Optional.empty();
  }

  private boolean heldBeyond(ObservedContainer fresh) {
    long held = DockerContainerFiles.size(fresh.labels());
    for (Guard guard : byId.values()) {
      held += guard.labelBytes();
    }
    return held > MAX_LABELS_HELD && DockerContainerFiles.size(fresh.labels()) > FREE_LABELS;
  }

  /**
   * Attaches to a container that waits to start, and that {@link #objection} has nothing against.
   * Its programs deny until {@link #name}.
   *
   * @throws IOException or BpfException when it cannot be guarded; nothing is left then
   */
  Guard admit(Admission admission, Spaces.Opening opening) throws IOException {
    ObservedContainer container = admission.container();
    // Its last run is over: the runtime makes a cgroup only when there is none of that name.
    release(container.id());
    Guard guard = known(container, admission.declared());
    try {
      attach(guard, How.HOOK, opening);
      long began = System.nanoTime();
      grants.note(container.id(), container.capabilities());
      latecomers.forget(container.id());
      guard.late(false);
      times.took(Stage.KEEP, began);
      if (guard.attachment().map(to -> spaces.isShared(to.space())).orElse(false)) {
        // Whoever was there before may have given itself some of what is there.
        guard.observe(container.at(List.of()), admission.declared());
      }
      guard.found(Evasions.among(container.capabilities()), true);
      guard.attachment().ifPresent(to -> Neighbours.weigh(spaces, to.space(), byId.values()));
      began = System.nanoTime();
      guard.attachment().ifPresent(to -> spaces.readRoutes(to.space()));
      if (Evasions.rewrites(guard.found()) || keepsNetRaw(container)) {
        // Before its first process runs, where the engine has made its interfaces by now.
        boolean _ = guardInterfaces(guard);
      }
      times.took(Stage.INTERFACES, began);
      return guard;
    } catch (IOException | RuntimeException e) {
      forget(container.id());
      throw e;
    }
  }

  /**
   * Its first process is about to run: an engine that makes interfaces after the hooks has made
   * them. Their host's ends are guarded, and the addresses are whose they are, before it does.
   *
   * @return why it may not run; empty if it may
   */
  Optional<String> starts(String id) {
    Guard guard = byId.get(id);
    if (guard == null || !guard.alive()) {
      return Optional.of(
          "container "
              + id
              + " was not announced by its hook, or the agent has started since; start it again");
    }
    ObservedContainer container = guard.observed();
    Space space = guard.attachment().orElseThrow().space();
    // A listener may have seen the interfaces half made; Docker keeps a book of them.
    boolean unsettled = container.addresses().isEmpty() || admitted.of(id).isPresent();
    if (unsettled && !spaces.isShared(space)) {
      List<InetAddress> now = HookAdmission.addressesOf(container.pid(), container.networkMode());
      if (!now.isEmpty()) {
        guard.observe(container.at(now), guard.declared());
        admitted.at(id, now);
      }
    }
    spaces.readRoutes(space);
    boolean _ = guardInterfaces(guard);
    return Optional.empty();
  }

  /** As if it had never asked: if it runs after all, the listener finds it. */
  void forget(String id) {
    release(id);
    admitted.forget(id);
    byId.remove(id);
  }

  /** Takes over a container that an earlier agent guarded. */
  void recover(Admission admission) {
    ObservedContainer container = admission.container();
    if (exemptions.covers(container.name(), container.ownLabels())) {
      return;
    }
    try {
      Guard guard = known(container, admission.declared());
      if (guard.attachment().isEmpty()) {
        adopt(guard, false);
        lookedAt.add(guard);
      }
    } catch (BpfException | IOException e) {
      log.log(Level.WARNING, "container " + container.name() + " is left as it is", e);
    }
  }

  private Guard known(ObservedContainer container, Parsed<ContainerPolicy> declared)
      throws IOException {
    Guard known = byId.get(container.id());
    if (known != null) {
      known.observe(container, declared);
      return known;
    }
    Guard fresh = new Guard(numberFor(container), container, declared);
    byId.put(container.id(), fresh);
    return fresh;
  }

  /**
   * A container that was guarded by an agent before this one keeps its number: its sockets and flow
   * records carry it.
   */
  private int numberFor(ObservedContainer container) throws IOException {
    if (container.running() && container.pid() > 0 && attachments.pinned(container.id())) {
      Optional<Integer> before = datapath.endpointOf(Cgroups.ofPid(container.pid()));
      if (before.isPresent()) {
        return before.get();
      }
    }
    return numbers.take();
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

  private void attach(Guard guard, How how, Spaces.Opening opening) throws IOException {
    ObservedContainer container = guard.observed();
    Path cgroup = ownCgroup(container);
    long began = System.nanoTime();
    try {
      attachments.attach(container.id(), cgroup);
      times.took(Stage.ATTACH, began);
      began = System.nanoTime();
      long cgroupId = parents.admit(cgroup, guard.endpoint());
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

  /** Takes everything off; only for a container whose cgroup is gone, or that never started. */
  private void release(String id) {
    Guard guard = byId.get(id);
    if (guard == null || guard.attachment().isEmpty()) {
      return;
    }
    Attachment was = guard.attachment().get();
    guard.released();
    try {
      parents.forget(was.cgroupId());
      attachments.detach(id);
    } finally {
      spaces.leave(was.space(), guard.endpoint());
    }
  }

  /** The runtime says that the container's processes are gone. True if anything changed. */
  boolean stopped(String id) {
    Guard guard = byId.get(id);
    if (guard == null || guard.attachment().isEmpty() || guard.alive()) {
      // A late word about a run before this one.
      return false;
    }
    release(id);
    grants.forget(id);
    latecomers.forget(id);
    admitted.forget(id);
    if (guard.ownerless()) {
      // No engine will tell that it is gone for good, and it comes with a hook if it comes again.
      byId.remove(id);
    }
    return true;
  }

  /** Lets go of everything whose cgroup is gone. True if anything changed. */
  boolean sweep() {
    boolean changed = false;
    for (Guard guard : List.copyOf(byId.values())) {
      changed |= stopped(guard.observed().id());
    }
    // An engine may be about to finish an interface, and tells nobody when it has.
    for (int i = 0; i < MOST_LOOKED_AT && !halfMade.isEmpty(); i++) {
      Guard guard = halfMade.removeFirst();
      if (guard.attachment().isPresent()) {
        lookedAt.add(guard);
        changed = true;
      }
    }
    return changed;
  }

  /** Every container of one engine that exists, as it lists them. */
  void listed(EngineKind engine, List<ObservedContainer> all) {
    Set<String> ids = new HashSet<>();
    all.forEach(container -> ids.add(container.id()));
    for (String id : List.copyOf(byId.keySet())) {
      if (!ids.contains(id)) {
        gone(engine, id);
      }
    }
    exempt.retain(engine, ids);
    // Who lives here already is in the midst of talking; but not where nobody may without a hook.
    all.forEach(container -> changed(engine, container, !parents.denies()));
    for (String id : attachments.pinned()) {
      Guard guard = byId.get(id);
      if (guard == null || guard.attachment().isEmpty()) {
        dropStalePins(id);
      }
    }
    try {
      for (int number : attachments.pinnedNamespaces()) {
        if (!spaces.has(number)) {
          attachments.detachNamespace(number);
        }
      }
      spaces.tidyInterfaces();
    } catch (BpfException e) {
      log.log(Level.WARNING, "namespace pins cannot be tidied", e);
    }
    parents.tidy();
  }

  /** Pins of a container that this engine does not know may be another engine's, and enforcing. */
  private void dropStalePins(String id) {
    try {
      if (attachments.target(id) == 0 || exemptions.noted(id)) {
        attachments.detach(id);
      }
    } catch (BpfException e) {
      log.log(Level.WARNING, "pins of container " + id + " stay", e);
    }
  }

  /** Whether a pinned container that runs is not known here: some engine has yet to tell of it. */
  boolean unaccounted() {
    for (String id : attachments.pinned()) {
      Guard guard = byId.get(id);
      try {
        if ((guard == null || guard.attachment().isEmpty()) && attachments.target(id) != 0) {
          return true;
        }
      } catch (BpfException e) {
        log.log(Level.FINE, "pins of container " + id, e);
        return true;
      }
    }
    return false;
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
    Guard guard = byId.get(id);
    Optional<EngineKind> teller = guard == null ? exempt.teller(id) : guard.engine();
    return teller.equals(Optional.of(EngineKind.DOCKER))
        || dockers.test(id)
        // Whom Docker's files described when its hook ran, wherever those are.
        || (guard != null
            && teller.isEmpty()
            && guard.attachment().map(to -> to.how() == How.HOOK).orElse(false)
            && admitted.of(id).isEmpty());
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
    Optional<ObservedContainer> before = known(reported.id());
    Guard known = byId.get(reported.id());
    boolean alive = known != null && known.alive();
    if (known != null && alive && reported.pid() > 0 && !known.holds(reported.pid())) {
      log.warning(
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
                : placed(reported, Optional.ofNullable(alive ? known : null)),
            before);
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
      Guard guard = known(container, read.declared());
      guard.reportedBy(engine);
      if (alive && !engine.keepsAddresses()) {
        admitted.labelled(reported);
      }
      if (!container.running()) {
        release(container.id());
        guard.cleared();
        return;
      }
      if (!alive) {
        release(container.id());
        if (container.pid() > 0) {
          adopt(guard, settles);
          if (guard.attachment().map(to -> spaces.isShared(to.space())).orElse(false)
              && !engine.keepsAddresses()) {
            // They are those of whoever was there first.
            guard.observe(guard.observed().at(List.of()), guard.declared());
          }
        } else {
          guard.failed(engine.display() + " does not say whether it runs, and as which process");
        }
      }
      lookedAt.add(guard);
    } catch (BpfException | IOException e) {
      log.log(Level.WARNING, "container " + container.name(), e);
    }
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
        reported.in(HookAdmission.networkOf(reported.pid(), reported.networkMode()));
    List<InetAddress> before = alive.map(guard -> guard.observed().addresses()).orElse(List.of());
    if (!before.isEmpty()) {
      return container.at(before);
    }
    boolean others =
        alive.flatMap(Guard::attachment).map(to -> spaces.isShared(to.space())).orElse(false);
    boolean itsOwnWork =
        Evasions.rewrites(alive.map(this::granted).orElse(container.capabilities()));
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

  private static boolean keepsNetRaw(ObservedContainer container) {
    return KeptCapabilities.netRaw(container.ownLabels());
  }

  /**
   * What was learnt of it before: by an earlier report, or, of one that started without the hook,
   * from the files of its engine, which know its image better than the engine's API does.
   */
  private Optional<ObservedContainer> known(String id) {
    Optional<ObservedContainer> before = Optional.ofNullable(byId.get(id)).map(Guard::observed);
    if (before.isPresent()) {
      return before;
    }
    return exempt.observed(id).or(() -> files.apply(id));
  }

  /** By its spec if it came by the hook, else by its engine's book. */
  private Set<String> granted(Guard guard) {
    return grants
        .of(guard.observed().id())
        .<Set<String>>map(TreeSet::new)
        .orElseGet(() -> guard.observed().capabilities());
  }

  /**
   * What its processes can do to get around their cgroup, but for what is closed at its interfaces:
   * all that it was granted, and what its first process has. One process at one moment may have
   * given up what another keeps, so nothing that was found once is ever forgotten in a run. Not in
   * the hook: there the process still has the runtime's capabilities.
   */
  private void noteEvasions(Guard guard) {
    if (guard.attachment().isEmpty() || guard.observed().pid() == 0) {
      return;
    }
    // Its engine may know better than its hook which runtime it has.
    askNobodyIn(guard);
    try {
      SortedSet<String> found = Evasions.ofProcess(guard.observed().pid());
      found.addAll(granted(guard));
      spaces.readRoutes(guard.attachment().get().space());
      guard.found(found, guardInterfaces(guard));
      Neighbours.weigh(spaces, guard.attachment().get().space(), byId.values());
    } catch (IOException e) {
      log.log(Level.FINE, "container " + guard.observed().name() + " has ended", e);
    }
  }

  private boolean guardInterfaces(Guard guard) {
    Optional<Space> space = guard.attachment().map(Attachment::space);
    space.ifPresent(in -> BelievedResolvers.weigh(in, byId.values(), resolvers, this::granted));
    boolean all =
        space.map(in -> spaces.guardInterfaces(in, resolvers.of(guard.observed()))).orElse(false);
    if (space.map(spaces::isHalfMade).orElse(false)) {
      halfMade.add(guard);
    }
    return all;
  }

  /** Why {@code unhooked: deny} does not hold for some containers, if it does not. */
  Optional<String> unguardable() {
    return parents.unguardable();
  }

  /** Why connections of some containers cannot ask whether anybody listens, if they cannot. */
  Optional<String> unacquainted() {
    return spaces.unacquainted();
  }

  private void adopt(Guard guard, boolean settles) {
    ObservedContainer container = guard.observed();
    boolean pinned = attachments.pinned(container.id());
    try (Spaces.Opening opening = spaces.open(container.pid())) {
      How how = pinned ? How.ADOPTED : How.LISTENER;
      Path cgroup = ownCgroup(container);
      if (!pinned) {
        latecomers.note(container.id());
      }
      guard.late(!pinned || latecomers.has(container.id()));
      if (pinned && datapath.endpointOf(cgroup).isPresent()) {
        attach(guard, how, opening);
      } else {
        Space space = spaces.enter(opening, guard.endpoint(), how);
        guard.joins(new Attachment(how, cgroup, Cgroups.id(cgroup), space), settles);
        askNobodyIn(guard);
      }
      if (pinned) {
        log.info("container " + container.name() + " is taken over from the agent before");
      } else {
        log.warning(
            "container "
                + container.name()
                + " was started without the hook (runtime "
                + container.runtimeName()
                + "); attached now, connections that last are cut where its rules close it");
      }
    } catch (BpfException | IOException e) {
      guard.failed(String.valueOf(e.getMessage()));
      log.log(Level.WARNING, "container " + container.name() + " is not guarded", e);
    }
  }

  /** The engine knows no such container. */
  void gone(EngineKind engine, String id) {
    Guard guard = byId.get(id);
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

  /**
   * Tells the programs of freshly attached containers whom they work for; from then on they judge
   * by rules rather than deny. A container that has died meanwhile needs no name.
   */
  void name() {
    // Before: the first thing that a container does may be to connect.
    spaces.acquaint(datapath.governed());
    for (Guard guard : byId.values()) {
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
    // Not before: a frame whose source nobody knows yet would be dropped.
    lookedAt.removeIf(guard -> {
      boolean now = !isJoining(guard);
      if (now) {
        noteEvasions(guard);
      }
      return now;
    });
  }

  private static boolean isJoining(Guard guard) {
    return guard.progress() == Guard.Progress.JOINING;
  }

  /**
   * Attaches to those that run and whose rules the maps hold by now.
   *
   * @return whether there were any: their addresses are to be written
   */
  boolean attachJoining() {
    boolean any = adoptions.attach(byId.values());
    parents.guardKnown();
    return any;
  }

  /** Whether the rules of some are to decide from now on that were attached a moment ago. */
  boolean settled() {
    return adoptions.settled();
  }

  /** What listens in a network stack of a container's own is no socket of this kernel's. */
  private void askNobodyIn(Guard guard) {
    if (Problems.ownStack(guard.observed()).isPresent()) {
      guard.attachment().ifPresent(to -> spaces.cannotBeAsked(to.space()));
    }
  }

  /**
   * Resets what is older than the programs of containers that are closed in some direction: there
   * the kernel cuts it anyway. In an open one it goes on, as any connection would.
   *
   * @param closed by endpoint number
   */
  void resetOlder(IntPredicate closed) {
    for (Guard guard : byId.values()) {
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
          older.addAll(withNeighbours(guard));
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
  private List<OpenSocket> withNeighbours(Guard guard) throws IOException {
    Attachment to = guard.attachment().orElseThrow();
    if (!spaces.isShared(to.space())) {
      return List.of();
    }
    List<Path> others = new ArrayList<>();
    for (Guard other : byId.values()) {
      if (!other.equals(guard) && other.lives(to.space()) && other.alive()) {
        others.add(other.attachment().orElseThrow().cgroup());
      }
    }
    return OlderConnections.between(to.space().namespace(), to.cgroup(), others);
  }

  /** Closes those for which the kernel took only a part, or opens them for another try. */
  void kernelRefused(Map<Integer, BpfException> endpoints) {
    byId.values()
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
