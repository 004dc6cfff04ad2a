package dev.drawbridge.daemon.node;

import dev.drawbridge.bpf.failure.BpfException;
import dev.drawbridge.bpf.linux.Cgroups;
import dev.drawbridge.bpf.linux.OpenSocket;
import dev.drawbridge.control.EngineKind;
import dev.drawbridge.control.GuardedContainer;
import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.daemon.container.Evasions;
import dev.drawbridge.daemon.container.How;
import dev.drawbridge.daemon.network.Spaces.Space;
import dev.drawbridge.hook.DockerContainerFiles;
import dev.drawbridge.policy.Mode;
import dev.drawbridge.policy.Parsed;
import dev.drawbridge.policy.language.ContainerPolicy;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * One container that the agent knows, with what is attached to it. Owned by the control loop's
 * thread; others see {@link NodeState}.
 */
public final class Guard {

  /** How far it is on its way to being guarded. */
  public enum Progress {
    /** It runs, and the maps are told of it; nothing hangs on it yet. */
    JOINING,
    /** Its programs see all that begins; what rules deny passes for a moment more. */
    SETTLING,
    /** Its rules decide. */
    IN_FORCE
  }

  /** What hangs on a running container. */
  public record Attachment(How how, Path cgroup, long cgroupId, Space space) {}

  /** How many that share its network namespace, or did, are told of by name. */
  private static final int MOST_NEIGHBOURS = 8;

  private final int endpoint;
  private ObservedContainer observed;
  private Parsed<ContainerPolicy> declared;
  private int labelBytes;
  private Optional<Attachment> attachment = Optional.empty();
  private Optional<String> failure = Optional.empty();
  private Optional<String> kernelRefused = Optional.empty();
  private boolean named;
  private Progress progress = Progress.IN_FORCE;
  private boolean settles;
  private SortedSet<String> found = new TreeSet<>();
  private boolean interfacesGuarded = true;
  private SortedSet<String> evasions = new TreeSet<>();
  private SortedMap<String, SortedSet<String>> neighbours = new TreeMap<>();
  private Optional<EngineKind> engine = Optional.empty();
  private boolean disowned;
  private boolean oldNeighbours;
  private boolean late;
  private Set<InetAddress> resolvers = Set.of();

  /** Until it was looked at. */
  private boolean forged = true;

  private List<OpenSocket> older = List.of();
  private int reset;

  // Made again after every change: most steps change one container of many.
  private @Nullable GuardedContainer guarded;
  private NodeState.@Nullable Container view;

  public Guard(int endpoint, ObservedContainer observed, Parsed<ContainerPolicy> declared) {
    this.endpoint = endpoint;
    this.observed = observed;
    this.declared = declared;
    this.labelBytes = DockerContainerFiles.size(observed.labels());
  }

  public int endpoint() {
    return endpoint;
  }

  public ObservedContainer observed() {
    return observed;
  }

  public void observe(ObservedContainer now, Parsed<ContainerPolicy> declaredNow) {
    changed();
    this.observed = now;
    this.declared = declaredNow;
    this.labelBytes = DockerContainerFiles.size(now.labels());
  }

  /** What its labels take, as {@link DockerContainerFiles#size} counts. */
  public int labelBytes() {
    return labelBytes;
  }

  public Parsed<ContainerPolicy> declared() {
    return declared;
  }

  public Optional<Attachment> attachment() {
    return attachment;
  }

  /** Whether that is the namespace it was attached in. */
  @SuppressWarnings("ReferenceEquality") // there is one object for each
  public boolean lives(Space where) {
    return attachment.isPresent() && attachment.get().space() == where;
  }

  public void attached(Attachment to) {
    progress(Progress.IN_FORCE);
    settles = false;
    attachment = Optional.of(to);
    named = false;
    failure = Optional.empty();
  }

  /**
   * It runs already, and is attached when the maps hold its rules.
   *
   * @param settling whether what they deny passes for a moment then
   */
  public void joins(Attachment to, boolean settling) {
    attached(to);
    progress(Progress.JOINING);
    settles = settling;
  }

  public Progress progress() {
    return progress;
  }

  public void progress(Progress now) {
    changed();
    progress = now;
  }

  /** Whether it is to settle, or does. */
  public boolean settles() {
    return settles && progress != Progress.IN_FORCE;
  }

  public void released() {
    changed();
    attachment = Optional.empty();
    kernelRefused = Optional.empty();
    late = false;
    oldNeighbours = false;
    resolvers = Set.of();
    forged = true;
    progress = Progress.IN_FORCE;
    settles = false;
    named = false;
    found = new TreeSet<>();
    interfacesGuarded = true;
    evasions = new TreeSet<>();
    neighbours = new TreeMap<>();
    older = List.of();
    reset = 0;
  }

  /**
   * Which container engine has told of it; one that no listener tells of is known by its hook
   * alone.
   */
  public Optional<EngineKind> engine() {
    return engine;
  }

  /** Its engine knows it no more. */
  public void disown() {
    disowned = true;
  }

  /** Whether some of its listeners may be older than the programs that note whose they are. */
  public void late(boolean now) {
    changed();
    late = now;
  }

  /** Whether no engine will tell of its end. */
  public boolean ownerless() {
    return engine.isEmpty() || disowned;
  }

  public void reportedBy(EngineKind kind) {
    disowned = false;
    if (!engine.equals(Optional.of(kind))) {
      changed();
      engine = Optional.of(kind);
    }
  }

  /** Every capability of {@link Evasions} that it was granted or was seen with in this run. */
  public SortedSet<String> found() {
    return found;
  }

  /** Whether what {@link Evasions#AT_INTERFACES} names is closed there, as far as is known. */
  public boolean interfacesGuarded() {
    return interfacesGuarded;
  }

  /** Nothing that was found once is forgotten in a run. */
  public void found(SortedSet<String> now, boolean guarded) {
    found.addAll(now);
    interfacesGuarded = guarded;
  }

  /** Capabilities with which its processes get around what hangs on its cgroup. */
  SortedSet<String> evasions() {
    return evasions;
  }

  /**
   * Those that others in its network namespace have, by their names: what they do there is done to
   * its packets too, and stays done when they have gone.
   */
  SortedMap<String, SortedSet<String>> neighbours() {
    return neighbours;
  }

  public void evasions(SortedSet<String> own, SortedMap<String, SortedSet<String>> ofNeighbours) {
    SortedMap<String, SortedSet<String>> all = new TreeMap<>();
    for (SortedMap<String, SortedSet<String>> some : List.of(ofNeighbours, neighbours)) {
      for (Map.Entry<String, SortedSet<String>> one : some.entrySet()) {
        if (all.size() < MOST_NEIGHBOURS) {
          all.putIfAbsent(one.getKey(), one.getValue());
        }
      }
    }
    if (!own.equals(evasions) || !all.equals(neighbours)) {
      changed();
      evasions = own;
      neighbours = all;
    }
  }

  /**
   * Whose answers say to it what names mean: those that it was given, none where somebody in its
   * network namespace could answer in their place.
   *
   * @param forgedThere whether somebody could
   */
  public void believes(Set<InetAddress> given, boolean forgedThere) {
    if (!given.equals(resolvers) || forged != forgedThere) {
      changed();
      resolvers = Set.copyOf(given);
      forged = forgedThere;
    }
  }

  /** Whether its connections with neighbours began before its rules decided, and are to be cut. */
  public boolean hasOldNeighbours() {
    return oldNeighbours;
  }

  public void oldNeighbours(boolean now) {
    oldNeighbours = now;
  }

  /** Connections that were there before its programs, until they are dealt with. */
  public List<OpenSocket> older() {
    return older;
  }

  public void older(List<OpenSocket> found) {
    older = found;
  }

  /** How many connections were reset because they were older than its programs. */
  int reset() {
    return reset;
  }

  public void reset(int count) {
    changed();
    reset = count;
    older = List.of();
  }

  /** Whether the kernel was told which endpoint its programs work for. */
  public boolean named() {
    return named;
  }

  public void named(boolean now) {
    named = now;
  }

  /** Why it runs without being guarded, if it does. */
  public Optional<String> failure() {
    return failure;
  }

  public void failed(String why) {
    changed();
    failure = Optional.of(why);
  }

  public void cleared() {
    changed();
    failure = Optional.empty();
  }

  /** Why the kernel did not take a part of its rules: closed until a plan succeeds. */
  public Optional<String> kernelRefused() {
    return kernelRefused;
  }

  public void kernelRefused(Optional<String> why) {
    if (!why.equals(kernelRefused)) {
      changed();
      this.kernelRefused = why;
    }
  }

  private void changed() {
    guarded = null;
    view = null;
  }

  /**
   * Whether the cgroup it was attached to is still there. A container that was started again has
   * one of the same name, but not the same.
   */
  public boolean alive() {
    if (attachment.isEmpty()) {
      return false;
    }
    try {
      return Cgroups.id(attachment.get().cgroup()) == attachment.get().cgroupId();
    } catch (BpfException e) {
      // It is gone.
      return false;
    }
  }

  /**
   * Whether a process is this container's by its cgroup, as far as can be seen: engines may have
   * several containers of one id.
   */
  public boolean holds(int pid) {
    try {
      return attachment.isEmpty() || Cgroups.ofPid(pid).startsWith(attachment.get().cgroup());
    } catch (BpfException e) {
      // It has ended, so whose it was makes no difference.
      return true;
    }
  }

  /** What control compiles from; only for attached ones. */
  public Optional<GuardedContainer> guarded() {
    GuardedContainer known = guarded;
    if (known != null || attachment.isEmpty()) {
      return Optional.ofNullable(known);
    }
    Space space = attachment.get().space();
    known =
        new GuardedContainer(
            endpoint,
            // Until its own programs say what it sends, its addresses are who they were before.
            progress == Progress.JOINING ? observed.at(List.of()) : observed,
            declared.value(),
            // In the other modes its own rules close nothing, whether they can be read or not.
            kernelRefused.isPresent()
                || (!declared.ok() && declared.value().mode() == Mode.ENFORCE),
            space.number(),
            space.port4(),
            space.port6(),
            settles());
    guarded = known;
    return Optional.of(known);
  }

  /** What everybody else sees of it. */
  public NodeState.Container view() {
    NodeState.Container known = view;
    if (known == null) {
      known =
          new NodeState.Container(
              endpoint,
              Names.reference(endpoint, observed),
              observed,
              engine,
              declared,
              attachment.filter(_ -> progress == Progress.IN_FORCE).map(Attachment::how),
              attachment.map(to -> to.space().number()).orElse(0),
              attachment.map(to -> to.space().rewritten()).orElse(false),
              late,
              forged,
              resolvers,
              failure,
              Problems.of(this));
      view = known;
    }
    return known;
  }
}
