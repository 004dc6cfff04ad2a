package dev.drawbridge.daemon.loop;

import dev.drawbridge.bpf.failure.BpfException;
import dev.drawbridge.control.Desired;
import dev.drawbridge.control.EngineKind;
import dev.drawbridge.control.GuardedContainer;
import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.control.RuntimeEvent;
import dev.drawbridge.daemon.config.Config;
import dev.drawbridge.daemon.config.EngineTraces;
import dev.drawbridge.daemon.container.Admission;
import dev.drawbridge.daemon.container.AdmissionTimes;
import dev.drawbridge.daemon.container.AdmissionTimes.Stage;
import dev.drawbridge.daemon.container.Listings;
import dev.drawbridge.daemon.host.HostAddresses;
import dev.drawbridge.daemon.kernel.Datapath;
import dev.drawbridge.daemon.kernel.LearnedAddresses;
import dev.drawbridge.daemon.kernel.NamedState;
import dev.drawbridge.daemon.network.Opening;
import dev.drawbridge.daemon.node.Guard;
import dev.drawbridge.daemon.node.NodeState;
import dev.drawbridge.daemon.node.Problems;
import dev.drawbridge.hook.HookReply;
import dev.drawbridge.l7.L7Engine;
import dev.drawbridge.policy.Cidr;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.Problem;
import dev.drawbridge.policy.language.HostPolicy;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.SortedMap;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The one thread that owns what the agent knows. Everything that happens outside becomes a step in
 * its queue; after each step that changed something the desired state is compiled, the difference
 * planned, executed, and a new {@link NodeState} published.
 *
 * <p>Kernel first, then the engine: a request is never judged by a generation whose connections the
 * kernel does not yet know.
 */
public final class ControlLoop implements AutoCloseable {

  private static final System.Logger log = System.getLogger(ControlLoop.class.getName());

  /** Steps that may wait. Beyond, an admission is refused and a runtime event waits its turn. */
  static final int QUEUE_LIMIT = 4096;

  /** How often, in milliseconds, addresses, files and cgroups are looked at again. */
  static final int TICK_MILLIS = 250;

  /** Pause, in milliseconds, before what the kernel refused is tried again. */
  static final int RETRY_MILLIS = 1_000;

  private volatile Config config;
  private volatile Config applied;
  private final Enforcement enforcement;
  private final Guards guards;
  private final L7Engine engine;
  private final PolicyDirectory policyFiles;
  private final NamedState named;
  private final AdmissionTimes times;
  private final AtomicReference<NodeState> published = new AtomicReference<>(NodeState.empty());
  private final BlockingQueue<Runnable> queue = new ArrayBlockingQueue<>(QUEUE_LIMIT);
  private final Thread thread;
  private final LearnedAddresses learned;

  /** Who waits for the pairs of new numbers. */
  private final Queue<Consumer<Boolean>> renewals = new ConcurrentLinkedQueue<>();

  private final AtomicBoolean renewing = new AtomicBoolean();
  private volatile boolean stopping;
  private Runnable turn = () -> {};

  // Owned by the thread.
  private Set<Cidr> hostRanges = Set.of();
  private Policy policy = Policy.empty();
  private final Map<EngineKind, String> engines = new EnumMap<>(EngineKind.class);
  private final Listings listings;
  private Optional<String> lastFailure = Optional.empty();
  private boolean dirty = true;
  private boolean recovered;
  private @Nullable Inputs lastInputs;
  private Told told = (_, _, _) -> {};

  public ControlLoop(
      Config config,
      Datapath datapath,
      Guards guards,
      L7Engine engine,
      PolicyDirectory policyFiles,
      NamedState named,
      LearnedAddresses learned,
      AdmissionTimes times) {
    this.named = named;
    this.learned = learned;
    this.times = times;
    this.config = config;
    this.applied = config;
    this.enforcement = new Enforcement(datapath);
    this.guards = guards;
    this.engine = engine;
    this.policyFiles = policyFiles;
    this.listings =
        new Listings(
            config.engines(),
            engineKind -> EngineTraces.of(config, engineKind) || guards.unaccounted());
    this.policy = Policy.resuming(enforcement.networks(), enforcement.named(named.read()));
    this.thread = Thread.ofPlatform().name("control").unstarted(this::run);
    this.thread.setUncaughtExceptionHandler((_, error) -> {
      // Without this thread nothing starts and nothing changes: what is pinned enforces, and
      // whoever supervises the process starts another.
      log.log(Level.ERROR, "the control thread ended; the agent ends with it", error);
      Runtime.getRuntime().halt(3);
    });
  }

  /**
   * To be called before {@link #start}.
   *
   * @param sign is run each time that the loop has come round: at least four times a second, unless
   *     one step takes longer, and never again if one does not end
   */
  public void onEachTurn(Runnable sign) {
    turn = sign;
  }

  /** Whoever else judges by what this host declares. */
  @FunctionalInterface
  public interface Told {
    /**
     * A policy is in the kernel and with the engine. What follows waits.
     *
     * @param files what is in force of the host's policy files, by name
     */
    void inForce(Policy policy, boolean defaultDeny, SortedMap<String, String> files);
  }

  /** To be called before {@link #start}. */
  public void tell(Told other) {
    told = other;
  }

  public void start() {
    thread.start();
  }

  /** What was last applied; from any thread. */
  public NodeState state() {
    return published.get();
  }

  /** The configuration by which that was applied; from any thread. */
  public Config config() {
    return applied;
  }

  /**
   * The operator has changed his mind. Completes when it is in force; where it cannot be, what was
   * before stays, and a change that the kernel takes only in part is tried again as any.
   */
  public CompletableFuture<Void> reconfigure(Config now) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    enqueue(() -> {
      try {
        guards.reconfigured(now);
      } catch (IOException | RuntimeException e) {
        dirty = true;
        done.completeExceptionally(e);
        return;
      }
      config = now;
      lastInputs = null;
      dirty = true;
      try {
        converge();
        done.complete(null);
      } catch (RuntimeException e) {
        done.completeExceptionally(e);
        throw e;
      }
    });
    return done;
  }

  /**
   * A container wants to start. The reply says go only when its rules are in the kernel, or its
   * programs deny everything until they are. A reply that was cancelled before its turn came is not
   * worked on.
   *
   * @param opening its network namespace; closed or used up whatever the answer is
   * @param startIsAsked whether {@link #starts} is asked before anything of it runs: then its
   *     runtime need not wait for the rules
   */
  CompletableFuture<HookReply> admit(Admission admission, Opening opening, boolean startIsAsked) {
    CompletableFuture<HookReply> reply = new CompletableFuture<>();
    long asked = System.nanoTime();
    Runnable step =
        () -> {
          try (opening) {
            if (!reply.isDone()) {
              times.took(Stage.QUEUE, asked);
              Runnable attached =
                  startIsAsked
                      ? () -> {
                        boolean _ = reply.complete(HookReply.go());
                      }
                      : () -> {};
              HookReply last = admitNow(admission, opening, attached, startIsAsked);
              if (!reply.complete(last) && last instanceof HookReply.Refuse(String sentence)) {
                guards.starting().fail(admission.container().id(), sentence);
              }
            }
          }
        };
    if (stopping || !queue.offer(step)) {
      opening.close();
      reply.complete(HookReply.refuse("the agent is stopping or has too much to do; try again"));
    }
    return reply;
  }

  /**
   * Containers that an earlier agent guarded and that still run. Completes when their programs are
   * this agent's and the engine listens for them again.
   */
  public CompletableFuture<Void> recover(List<Admission> running) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    enqueue(() -> {
      try {
        for (Admission admission : running) {
          guards.recover(admission);
          // However many there are, each is progress.
          turn.run();
        }
        recovered = true;
        converge();
        done.complete(null);
      } catch (RuntimeException e) {
        done.completeExceptionally(e);
        throw e;
      }
    });
    return done;
  }

  /**
   * A container's first process is about to run. The reply says go only when the interfaces that it
   * has by now are guarded.
   */
  CompletableFuture<HookReply> starts(String id) {
    CompletableFuture<HookReply> reply = new CompletableFuture<>();
    Runnable step =
        () -> {
          if (!reply.isDone()) {
            reply.complete(startsNow(id));
          }
        };
    if (stopping || !queue.offer(step)) {
      reply.complete(HookReply.refuse("the agent is stopping or has too much to do; try again"));
    }
    return reply;
  }

  private HookReply startsNow(String id) {
    try {
      Starting.Answer answer = guards.starting().starts(id);
      if (answer.news()) {
        converge();
      }
      return answer.objection().map(HookReply::refuse).orElseGet(HookReply::go);
    } catch (RuntimeException e) {
      log.log(Level.WARNING, "starting " + id, e);
      lastInputs = null;
      dirty = true;
      return HookReply.refuse("container " + id + " cannot be guarded: " + e.getMessage());
    }
  }

  /**
   * Containers have learned of addresses by names that they had not yet: writes what the policy
   * says of those.
   *
   * @param then is told, on the loop's thread, whether the kernel has it
   */
  public void named(Consumer<Boolean> then) {
    renewals.add(then);
    // One step is for all who wait by then.
    if (renewing.compareAndSet(false, true) && (stopping || !queue.offer(this::renew))) {
      renewing.set(false);
      answerRenewals(false);
    }
  }

  private void renew() {
    renewing.set(false);
    List<Consumer<Boolean>> waiting = new ArrayList<>();
    for (Consumer<Boolean> one = renewals.poll(); one != null; one = renewals.poll()) {
      waiting.add(one);
    }
    lastInputs = null;
    boolean done = attempt("what was learned of names", this::converge);
    dirty |= !done;
    boolean written = done && lastFailure.isEmpty();
    waiting.forEach(one -> one.accept(written));
  }

  private void answerRenewals(boolean written) {
    for (Consumer<Boolean> one = renewals.poll(); one != null; one = renewals.poll()) {
      one.accept(written);
    }
  }

  /** The operator lets a container run unguarded that asked to start. */
  void exempt(ObservedContainer container) {
    enqueue(() -> {
      guards.exempt().starts(container);
      dirty = true;
    });
  }

  /** The container's processes are gone. */
  void stopped(String id) {
    enqueue(() -> dirty |= guards.stopped(id));
  }

  /** News from a container engine. */
  public void runtime(EngineKind engine, RuntimeEvent event) {
    enqueue(() -> on(engine, event));
  }

  /** Whether every engine that is there has told of all its containers. */
  private boolean allListed() {
    return listings.complete();
  }

  private void enqueue(Runnable step) {
    try {
      while (!stopping && !queue.offer(step, 1, TimeUnit.SECONDS)) {
        log.log(Level.WARNING, "the control queue is full; waiting");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    long nextTick = System.nanoTime();
    long notBefore = nextTick;
    while (!stopping) {
      turn.run();
      long now = System.nanoTime();
      boolean failed = false;
      if (now - nextTick >= 0) {
        nextTick = now + TimeUnit.MILLISECONDS.toNanos(TICK_MILLIS);
        failed = !attempt("looking around", this::tick);
      }
      if (dirty && now - notBefore >= 0) {
        failed |= !attempt("converging", this::converge);
      }
      if (failed || dirty) {
        dirty = true;
        notBefore = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(RETRY_MILLIS);
      }
      try {
        Runnable step = queue.poll(TICK_MILLIS, TimeUnit.MILLISECONDS);
        while (step != null && !stopping) {
          Runnable current = step;
          if (!attempt("a step", current)) {
            lastInputs = null;
            dirty = true;
          } else if (dirty) {
            notBefore = System.nanoTime();
          }
          // Not on and on: what is to be looked at is looked at while there is much to do.
          step = System.nanoTime() - nextTick >= 0 ? null : queue.poll();
        }
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  /** True if it went well. What fails is said in problems, and tried again. */
  private boolean attempt(String what, Runnable step) {
    try {
      step.run();
      return true;
    } catch (RuntimeException e) {
      lastFailure = Optional.of(what + ": " + e);
      lastInputs = null;
      log.log(Level.ERROR, what + " failed; it is tried again", e);
      return false;
    }
  }

  private void tick() {
    // A start that failed after its hook, and a stop whose hook never came, leave no other trace.
    dirty |= guards.sweep();
    dirty |= guards.settled();
    policyFiles.watch(() -> enqueue(() -> dirty |= policyFiles.takeComplete()));
    dirty |= policyFiles.refresh();
    if (recovered) {
      // Before, who runs is not known.
      Set<Integer> alive = guards.all().stream().map(Guard::endpoint).collect(Collectors.toSet());
      renumbersLearned(learned.sweep(alive::contains));
    }
    try {
      Set<Cidr> now = HostAddresses.ranges();
      if (!now.equals(hostRanges)) {
        hostRanges = now;
        dirty = true;
      }
    } catch (IOException | BpfException e) {
      log.log(Level.WARNING, "the host's addresses cannot be read; the last known stay", e);
    }
  }

  private void renumbersLearned(boolean lacking) {
    if (lacking) {
      lastInputs = null;
      dirty = true;
    }
  }

  private HookReply admitNow(
      Admission admission, Opening opening, Runnable attached, boolean startIsAsked) {
    ObservedContainer container = admission.container();
    // First, because what is undone below is what was done for this admission.
    Optional<String> objection = guards.objection(admission);
    if (objection.isPresent()) {
      return HookReply.refuse(objection.get());
    }
    try {
      Guard guard = guards.admit(admission, opening, attached);
      if (startIsAsked) {
        guards.starting().prepare(guard);
      }
      long began = System.nanoTime();
      converge();
      times.took(Stage.CONVERGE, began);
      Optional<String> refused = guard.kernelRefused();
      if (refused.isEmpty()) {
        return HookReply.go();
      }
      undo(container.id());
      return HookReply.refuse(
          "container "
              + container.name()
              + " cannot be guarded: the kernel took only a part of its rules: "
              + refused.get());
    } catch (RuntimeException | IOException e) {
      log.log(Level.WARNING, "admitting " + container.name(), e);
      undo(container.id());
      return HookReply.refuse(
          "container " + container.name() + " cannot be guarded: " + e.getMessage());
    }
  }

  private void undo(String id) {
    guards.forget(id);
    lastInputs = null;
    dirty = true;
  }

  private void on(EngineKind engine, RuntimeEvent event) {
    switch (event) {
      case RuntimeEvent.Connected(String name) -> {
        engines.put(engine, name);
        listings.answers(engine);
      }
      case RuntimeEvent.Lost(String why) -> {
        engines.remove(engine);
        log.log(Level.WARNING, engine.display() + " does not answer: " + why);
      }
      case RuntimeEvent.Listed(List<ObservedContainer> all) -> {
        guards.listed(engine, all);
        listings.listed(engine);
      }
      case RuntimeEvent.Changed(ObservedContainer container) -> guards.changed(engine, container);
      case RuntimeEvent.Gone(String id) -> guards.gone(engine, id);
    }
    dirty = true;
  }

  /** All that a generation is compiled from: equal inputs need no new one. */
  private record Inputs(
      List<GuardedContainer> guarded,
      HostPolicy hostPolicy,
      Set<Cidr> hostRanges,
      Set<InetAddress> exemptAddresses,
      boolean listed) {}

  private void converge() {
    // Whose time it is, whatever else is going on: no generation prolongs it.
    boolean _ = guards.settled();
    bringInForce();
    if (guards.attachJoining()) {
      // Who records what he sends by now is known by his addresses, too.
      bringInForce();
    }
  }

  private void bringInForce() {
    dirty = false;
    HostPolicy hostPolicy = policyFiles.policy();
    Inputs inputs =
        new Inputs(
            guards.guarded(), hostPolicy, hostRanges, guards.exempt().addresses(), allListed());
    if (inputs.equals(lastInputs)) {
      guards.name();
      publish(published.get().policy(), published.get().addresses(), hostPolicy);
      return;
    }
    guards.kernelRefused(Map.of());
    // Twice at most: those for whom the kernel takes only a part are closed by the second plan.
    for (int round = 0; round < 2; round++) {
      Desired desired =
          Desired.of(
              policy,
              enforcement.nextGeneration(),
              guards.guarded(),
              hostPolicy,
              hostRanges,
              inputs.exemptAddresses(),
              config.defaultDeny(),
              learned::numbered);
      // Before the kernel has a pair of a number: it must not mean another thing to the next agent.
      named.write(desired.policy().named());
      List<BpfException> failures = new ArrayList<>();
      Map<Integer, BpfException> refused =
          enforcement.apply(
              desired, allListed(), failures, () -> learned.inForce(desired.policy()));
      boolean lacking = learned.lacksPairs();
      policy = desired.policy();
      guards.name();
      if (recovered) {
        // Before, it would turn away those whose containers are not known yet: they wait.
        engine.publish(policy);
        told.inForce(policy, config.defaultDeny(), policyFiles.texts());
      }
      guards.resetOlder(endpoint -> Enforcement.closes(desired, endpoint));
      lastFailure = failures.stream().findFirst().map(Throwable::getMessage);
      publish(policy, desired.addresses(), hostPolicy);
      lastInputs = inputs;
      if (!failures.isEmpty()) {
        lastInputs = null;
        dirty = true;
      }
      renumbersLearned(lacking);
      if (refused.isEmpty()) {
        return;
      }
      guards.kernelRefused(refused);
    }
  }

  private void publish(Policy policy, Map<Cidr, Integer> addresses, HostPolicy hostPolicy) {
    Map<Integer, NodeState.Container> containers = new LinkedHashMap<>();
    guards.all().forEach(guard -> containers.put(guard.endpoint(), guard.view()));
    // Values as they are now: the problems are made from them when somebody asks.
    List<NodeState.Container> views = List.copyOf(containers.values());
    List<Problem> ofFiles = policyFiles.problems();
    List<String> unreadable = policyFiles.unreadable();
    List<String> refused = policyFiles.refused();
    Optional<String> failure = lastFailure;
    Map<EngineKind, String> answering = Map.copyOf(engines);
    Optional<String> unguardable = guards.unguardable();
    Optional<String> unacquainted = guards.unacquainted();
    Config by = config;
    applied = by;
    published.set(
        new NodeState(
            policy,
            containers,
            addresses,
            hostPolicy,
            new NodeState.Known(() ->
                Problems.of(
                    views,
                    policy,
                    ofFiles,
                    unreadable,
                    refused,
                    failure,
                    answering,
                    unguardable,
                    unacquainted,
                    by)),
            allListed(),
            answering,
            guards.exempt().all()));
  }

  @Override
  public void close() {
    stopping = true;
    thread.interrupt();
    try {
      thread.join(TimeUnit.SECONDS.toMillis(5));
      policyFiles.close();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
