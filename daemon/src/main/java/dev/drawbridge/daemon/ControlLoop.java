package dev.drawbridge.daemon;

import dev.drawbridge.bpf.BpfException;
import dev.drawbridge.bpf.Cgroups;
import dev.drawbridge.control.Action;
import dev.drawbridge.control.Desired;
import dev.drawbridge.control.GuardedContainer;
import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.control.Planner;
import dev.drawbridge.control.RuntimeEvent;
import dev.drawbridge.daemon.Guard.Attachment;
import dev.drawbridge.daemon.Guard.How;
import dev.drawbridge.daemon.Spaces.Space;
import dev.drawbridge.hook.HookReply;
import dev.drawbridge.l7.L7Engine;
import dev.drawbridge.policy.Cidr;
import dev.drawbridge.policy.ContainerPolicy;
import dev.drawbridge.policy.HostPolicy;
import dev.drawbridge.policy.LabelParser;
import dev.drawbridge.policy.Parsed;
import dev.drawbridge.policy.Policy;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The one thread that owns what the agent knows. Everything that happens outside becomes a step in
 * its queue; after each step that changed something the desired state is compiled, the difference
 * planned, executed, and a new {@link NodeState} published.
 *
 * <p>Kernel first, then the engine: a request is never judged by a generation whose connections the
 * kernel does not yet know.
 */
final class ControlLoop implements AutoCloseable {

  private static final Logger log = Logger.getLogger(ControlLoop.class.getName());

  /** Steps that may wait. Beyond, an admission is refused and a runtime event waits its turn. */
  static final int QUEUE_LIMIT = 4096;

  /** How often, in milliseconds, host addresses and policy files are looked at again. */
  static final int TICK_MILLIS = 250;

  private final Config config;
  private final Datapath datapath;
  private final Attachments attachments;
  private final Spaces spaces;
  private final L7Engine engine;
  private final EndpointNumbers numbers;
  private final Exemptions exemptions;
  private final PolicyDirectory policyFiles;
  private final AtomicReference<NodeState> published = new AtomicReference<>(NodeState.empty());
  private final BlockingQueue<Runnable> queue = new ArrayBlockingQueue<>(QUEUE_LIMIT);
  private final Thread thread;
  private volatile boolean stopping;

  // Owned by the thread.
  private final Map<String, Guard> guards = new LinkedHashMap<>();
  private Set<InetAddress> hostAddresses = Set.of();
  private long generation;
  private boolean listed;
  private Optional<String> runtime = Optional.empty();
  private Optional<String> lastFailure = Optional.empty();
  private boolean dirty = true;
  private @Nullable Inputs lastInputs;

  ControlLoop(
      Config config,
      Datapath datapath,
      Attachments attachments,
      Spaces spaces,
      L7Engine engine,
      EndpointNumbers numbers,
      Exemptions exemptions) {
    this.config = config;
    this.datapath = datapath;
    this.attachments = attachments;
    this.spaces = spaces;
    this.engine = engine;
    this.numbers = numbers;
    this.exemptions = exemptions;
    this.policyFiles = new PolicyDirectory(config.policyDir());
    this.generation = datapath.applied().generation();
    this.thread = Thread.ofPlatform().name("control").unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  /** What was last applied; from any thread. */
  NodeState state() {
    return published.get();
  }

  /** A container wants to start. The reply says go only when its rules are in the kernel. */
  CompletableFuture<HookReply> admit(Admission admission) {
    CompletableFuture<HookReply> reply = new CompletableFuture<>();
    Runnable step = () -> reply.complete(admitNow(admission));
    if (stopping || !queue.offer(step)) {
      reply.complete(HookReply.refuse("the agent is stopping or has too much to do; try again"));
    }
    return reply;
  }

  /**
   * Containers that an earlier agent guarded and that still run. Completes when their programs are
   * this agent's and the engine listens for them again.
   */
  CompletableFuture<Void> recover(List<Admission> running) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    enqueue(() -> {
      for (Admission admission : running) {
        recoverNow(admission);
      }
      converge();
      done.complete(null);
    });
    return done;
  }

  /** The container's processes are gone. */
  void stopped(String id) {
    enqueue(() -> release(id));
  }

  /** News from the container engine. */
  void runtime(RuntimeEvent event) {
    enqueue(() -> on(event));
  }

  private void enqueue(Runnable step) {
    try {
      while (!stopping && !queue.offer(step, 1, TimeUnit.SECONDS)) {
        log.warning("the control queue is full; waiting");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    long nextTick = 0;
    while (!stopping) {
      try {
        long now = System.nanoTime();
        if (nextTick == 0 || now - nextTick >= 0) {
          tick();
          nextTick = now + TimeUnit.MILLISECONDS.toNanos(TICK_MILLIS);
        }
        if (dirty) {
          converge();
        }
        Runnable step = queue.poll(TICK_MILLIS, TimeUnit.MILLISECONDS);
        while (step != null) {
          step.run();
          step = queue.poll();
        }
      } catch (InterruptedException e) {
        return;
      } catch (RuntimeException e) {
        lastFailure = Optional.of(e.toString());
        lastInputs = null;
        dirty = true;
        log.log(Level.SEVERE, "a step of the control loop failed; it is tried again", e);
      }
    }
  }

  private void tick() {
    // A start that failed after its hook, and a stop whose hook never came, leave no other trace.
    for (Guard guard : List.copyOf(guards.values())) {
      if (guard.attachment().isPresent() && !guard.alive()) {
        release(guard.observed().id());
      }
    }
    if (policyFiles.refresh()) {
      dirty = true;
    }
    try {
      Set<InetAddress> now = HostAddresses.read();
      if (!now.equals(hostAddresses)) {
        hostAddresses = now;
        dirty = true;
      }
    } catch (IOException e) {
      log.log(Level.WARNING, "the host's addresses cannot be read; the last known stay", e);
    }
  }

  private HookReply admitNow(Admission admission) {
    ObservedContainer container = admission.container();
    Guard guard;
    try {
      release(container.id());
      guard = guardOf(container, admission.declared());
      attach(guard, How.HOOK);
      converge();
    } catch (BpfException | IOException e) {
      log.log(Level.WARNING, "admitting " + container.name(), e);
      forget(container.id());
      return HookReply.refuse(
          "container " + container.name() + " cannot be guarded: " + e.getMessage());
    }
    if (guard.kernelRefused()) {
      forget(container.id());
      return HookReply.refuse(
          "container "
              + container.name()
              + " cannot be guarded: the kernel took only a part of its rules; see drawbridge"
              + " problems");
    }
    return HookReply.go();
  }

  /** As if it had never asked: if it starts after all, the listener finds it. */
  private void forget(String id) {
    release(id);
    guards.remove(id);
    dirty = true;
  }

  private void recoverNow(Admission admission) {
    ObservedContainer container = admission.container();
    try {
      if (exemptions.covers(container.name(), container.labels())) {
        return;
      }
      Guard guard = guardOf(container, admission.declared());
      if (guard.attachment().isEmpty()) {
        adopt(guard);
      }
    } catch (IOException e) {
      log.log(Level.WARNING, "container " + container.name() + " is left as it is", e);
    }
  }

  private Guard guardOf(ObservedContainer container, Parsed<ContainerPolicy> declared)
      throws IOException {
    Guard known = guards.get(container.id());
    if (known != null) {
      known.observe(container, declared);
      return known;
    }
    Guard fresh = new Guard(numberFor(container), container, declared);
    guards.put(container.id(), fresh);
    return fresh;
  }

  /**
   * A container that was guarded by an agent before this one keeps its number: its sockets and flow
   * records carry it.
   */
  private int numberFor(ObservedContainer container) throws IOException {
    if (container.running()
        && container.pid() > 0
        && attachments.pinned().contains(container.id())) {
      Optional<Integer> before = datapath.endpointOf(Cgroups.ofPid(container.pid()));
      if (before.isPresent()) {
        return before.get();
      }
    }
    return numbers.take();
  }

  /**
   * Hangs the programs on the container's cgroup. Until the endpoint is named they deny; the naming
   * comes with {@link #converge}, when its rules are in place.
   */
  private void attach(Guard guard, How how) throws IOException {
    ObservedContainer container = guard.observed();
    Path cgroup = Cgroups.ofPid(container.pid());
    if (cgroup.equals(Cgroups.cgroup2Mount())) {
      throw new IOException(
          "its process is in the root of the cgroup2 tree, where containers cannot be told apart");
    }
    Space space = spaces.enter(container.pid());
    try {
      attachments.attach(container.id(), cgroup);
    } catch (RuntimeException e) {
      spaces.leave(space);
      throw e;
    }
    guard.attached(new Attachment(how, cgroup, space));
    dirty = true;
  }

  private void release(String id) {
    Guard guard = guards.get(id);
    if (guard == null || guard.attachment().isEmpty()) {
      return;
    }
    Attachment was = guard.attachment().get();
    guard.released();
    dirty = true;
    attachments.detach(id);
    spaces.leave(was.space());
  }

  private void on(RuntimeEvent event) {
    switch (event) {
      case RuntimeEvent.Connected(String name) -> runtime = Optional.of(name);
      case RuntimeEvent.Lost(String why) -> {
        runtime = Optional.empty();
        log.warning("the container engine does not answer: " + why);
      }
      case RuntimeEvent.Listed(List<ObservedContainer> all) -> listed(all);
      case RuntimeEvent.Changed(ObservedContainer container) -> changed(container);
      case RuntimeEvent.Gone(String id) -> gone(id);
    }
    dirty = true;
  }

  private void listed(List<ObservedContainer> all) {
    Map<String, ObservedContainer> byId = new LinkedHashMap<>();
    all.forEach(container -> byId.put(container.id(), container));
    for (String id : List.copyOf(guards.keySet())) {
      if (!byId.containsKey(id)) {
        gone(id);
      }
    }
    all.forEach(this::changed);
    for (String id : attachments.pinned()) {
      Guard guard = guards.get(id);
      if (guard == null || guard.attachment().isEmpty()) {
        attachments.detach(id);
      }
    }
    try {
      for (int number : attachments.pinnedNamespaces()) {
        if (!spaces.has(number)) {
          attachments.detachNamespace(number);
        }
      }
    } catch (IOException e) {
      log.log(Level.WARNING, "namespace pins cannot be listed", e);
    }
    listed = true;
  }

  private void changed(ObservedContainer container) {
    try {
      boolean exempt = exemptions.covers(container.name(), container.labels());
      exemptions.note(container.id(), exempt);
      if (exempt) {
        gone(container.id());
        return;
      }
      Guard known = guards.get(container.id());
      if (known != null && known.alive() && !container.running()) {
        // Between its hook and its start the engine still calls it created.
        return;
      }
      Parsed<ContainerPolicy> declared = LabelParser.parse(container.labels());
      Guard guard = guardOf(container, declared);
      if (!container.running() || container.pid() == 0) {
        release(container.id());
        guard.cleared();
        return;
      }
      if (guard.attachment().isPresent() && !guard.alive()) {
        release(container.id());
      }
      if (guard.attachment().isEmpty()) {
        adopt(guard);
      }
    } catch (IOException e) {
      log.log(Level.WARNING, "container " + container.name(), e);
      lastFailure = Optional.of("container " + container.name() + ": " + e.getMessage());
    }
  }

  private void adopt(Guard guard) {
    ObservedContainer container = guard.observed();
    boolean pinned = attachments.pinned().contains(container.id());
    try {
      attach(guard, pinned ? How.ADOPTED : How.LISTENER);
      if (!pinned) {
        log.warning(
            "container "
                + container.name()
                + " was started without the hook (runtime "
                + container.runtimeName()
                + "); attached now, its older connections are cut");
      }
    } catch (BpfException | IOException e) {
      guard.failed(String.valueOf(e.getMessage()));
      log.log(Level.WARNING, "container " + container.name() + " is not guarded", e);
    }
  }

  private void gone(String id) {
    Guard guard = guards.get(id);
    if (guard == null || guard.alive()) {
      // A list that was made before the container was admitted does not name it.
      return;
    }
    release(id);
    guards.remove(id);
    dirty = true;
  }

  /** All that a generation is compiled from: equal inputs need no new one. */
  private record Inputs(
      List<GuardedContainer> guarded,
      HostPolicy hostPolicy,
      Set<InetAddress> hostAddresses,
      boolean listed) {}

  private void converge() {
    // Twice at most: what the kernel refuses is closed by the second plan.
    for (int round = 0; round < 2; round++) {
      dirty = false;
      List<GuardedContainer> guarded = new ArrayList<>();
      guards.values().forEach(guard -> guard.guarded().ifPresent(guarded::add));
      HostPolicy hostPolicy = policyFiles.policy();
      Inputs inputs = new Inputs(guarded, hostPolicy, hostAddresses, listed);
      if (inputs.equals(lastInputs)) {
        publish(published.get().policy(), published.get().addresses(), hostPolicy);
        return;
      }
      long next = nextGeneration();
      Desired desired =
          Desired.of(
              published.get().policy(),
              next,
              guarded,
              hostPolicy,
              hostAddresses,
              config.defaultDeny());
      List<Action> plan = Planner.plan(desired, datapath.applied(), listed);
      List<BpfException> failures = new ArrayList<>();
      Set<Integer> refused = datapath.apply(plan, failures);
      generation = next;
      nameEndpoints();
      engine.publish(desired.policy());
      lastFailure = failures.stream().findFirst().map(Throwable::getMessage);
      publish(desired.policy(), desired.addresses(), hostPolicy);
      if (refused.isEmpty()) {
        lastInputs = failures.isEmpty() ? inputs : null;
        return;
      }
      guards.values().stream()
          .filter(guard -> refused.contains(guard.endpoint()))
          .forEach(guard -> guard.kernelRefused(true));
    }
  }

  /**
   * Tells the programs of freshly attached containers whom they work for; from then on they judge
   * by rules rather than deny. A container that has died meanwhile needs no name.
   */
  private void nameEndpoints() {
    for (Guard guard : guards.values()) {
      if (guard.attachment().isPresent() && !guard.named()) {
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

  /** Generations are the kernel's 32 bits; 0 means none. */
  private long nextGeneration() {
    return generation >= 0xffff_ffffL ? 1 : generation + 1;
  }

  private void publish(Policy policy, Map<Cidr, Integer> addresses, HostPolicy hostPolicy) {
    Map<Integer, NodeState.Container> containers = new LinkedHashMap<>();
    for (Guard guard : guards.values()) {
      containers.put(
          guard.endpoint(),
          new NodeState.Container(
              guard.endpoint(),
              guard.observed(),
              guard.declared(),
              guard.attachment().map(Attachment::how),
              guard.failure(),
              Problems.of(guard)));
    }
    published.set(
        new NodeState(
            policy,
            containers,
            addresses,
            hostPolicy,
            Problems.of(guards.values(), policy, policyFiles, lastFailure, runtime, config),
            listed,
            runtime));
  }

  @Override
  public void close() {
    stopping = true;
    thread.interrupt();
    try {
      thread.join(TimeUnit.SECONDS.toMillis(5));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
