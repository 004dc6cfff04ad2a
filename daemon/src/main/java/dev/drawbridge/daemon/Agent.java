package dev.drawbridge.daemon;

import dev.drawbridge.api.ApiConfig;
import dev.drawbridge.api.ApiException;
import dev.drawbridge.api.report.FlowReport;
import dev.drawbridge.api.report.ProblemReport;
import dev.drawbridge.api.report.StatusReport;
import dev.drawbridge.api.server.ApiServer;
import dev.drawbridge.bpf.BpfFs;
import dev.drawbridge.bpf.BpfObject;
import dev.drawbridge.bpf.Drops;
import dev.drawbridge.bpf.EventRing;
import dev.drawbridge.bpf.KernelFeatures;
import dev.drawbridge.bpf.Pins;
import dev.drawbridge.bpf.Upgrade;
import dev.drawbridge.bpf.linux.Cgroups;
import dev.drawbridge.bpf.linux.NetworkNamespace;
import dev.drawbridge.bpf.linux.PeerProcess;
import dev.drawbridge.bpf.linux.Supervisor;
import dev.drawbridge.bpf.linux.ThreadTurns;
import dev.drawbridge.control.EngineKind;
import dev.drawbridge.daemon.attach.Attachments;
import dev.drawbridge.daemon.attach.ParentGuard;
import dev.drawbridge.daemon.attach.Slots;
import dev.drawbridge.daemon.attach.VethGuard;
import dev.drawbridge.daemon.config.AgentLog;
import dev.drawbridge.daemon.config.Config;
import dev.drawbridge.daemon.config.HostFile;
import dev.drawbridge.daemon.container.Admission;
import dev.drawbridge.daemon.container.AdmissionTimes;
import dev.drawbridge.daemon.container.AdmittedContainers;
import dev.drawbridge.daemon.container.EndpointNumbers;
import dev.drawbridge.daemon.container.Exemptions;
import dev.drawbridge.daemon.container.Grants;
import dev.drawbridge.daemon.container.LabelReading;
import dev.drawbridge.daemon.container.Latecomers;
import dev.drawbridge.daemon.container.PodmanImages;
import dev.drawbridge.daemon.flow.FlowRecorder;
import dev.drawbridge.daemon.host.OwnCgroup;
import dev.drawbridge.daemon.host.ProcessAge;
import dev.drawbridge.daemon.host.Signals;
import dev.drawbridge.daemon.kernel.Datapath;
import dev.drawbridge.daemon.kernel.DropCounts;
import dev.drawbridge.daemon.kernel.LearnedAddresses;
import dev.drawbridge.daemon.kernel.NamedState;
import dev.drawbridge.daemon.loop.Comebacks;
import dev.drawbridge.daemon.loop.ControlLoop;
import dev.drawbridge.daemon.loop.DockerFiles;
import dev.drawbridge.daemon.loop.Guards;
import dev.drawbridge.daemon.loop.HookAdmission;
import dev.drawbridge.daemon.loop.LoggedHooks;
import dev.drawbridge.daemon.loop.PinnedContainers;
import dev.drawbridge.daemon.loop.PolicyDirectory;
import dev.drawbridge.daemon.network.Acquaintances;
import dev.drawbridge.daemon.network.EngineBindings;
import dev.drawbridge.daemon.network.OwnSources;
import dev.drawbridge.daemon.network.Resets;
import dev.drawbridge.daemon.network.Spaces;
import dev.drawbridge.daemon.node.Names;
import dev.drawbridge.daemon.node.NodeState;
import dev.drawbridge.daemon.node.Problems;
import dev.drawbridge.daemon.succession.Heirs;
import dev.drawbridge.daemon.succession.HeldNames;
import dev.drawbridge.daemon.succession.HostRules;
import dev.drawbridge.daemon.succession.Predecessor;
import dev.drawbridge.daemon.view.ApiCallers;
import dev.drawbridge.daemon.view.GivenResolvers;
import dev.drawbridge.daemon.view.LocalView;
import dev.drawbridge.daemon.view.Metrics;
import dev.drawbridge.hook.HookEntry;
import dev.drawbridge.hook.HookException;
import dev.drawbridge.hook.HookServer;
import dev.drawbridge.l7.EngineLimits;
import dev.drawbridge.l7.L7Engine;
import dev.drawbridge.runtime.ContainerdLookup;
import dev.drawbridge.runtime.EngineFeed;
import dev.drawbridge.runtime.Starter;
import dev.drawbridge.runtime.podman.PodmanContainers;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The agent, from its first line to its last: what is opened in which order, and closed in reverse.
 *
 * <p>Closing it takes nothing off any container. What is pinned goes on enforcing without it.
 */
final class Agent implements AutoCloseable {

  private static final System.Logger log = System.getLogger(Agent.class.getName());

  /** The least that taking over containers may hold up the start, in seconds. */
  private static final int RECOVERY_SECONDS = 10;

  /**
   * Of a loop's thread: the least that Linux takes. The kernel's own is 1.4 ms on two processors,
   * for which anybody's thread runs on while a loop that could run waits.
   */
  private static final Duration LOOP_TURN = Duration.ofNanos(100_000);

  private final Config config;
  private final Supplier<Optional<Path>> file;
  private final Supervisor supervisor;
  private final List<String> arguments;
  private final boolean takesOver;
  private final Kept kept = new Kept();
  private @Nullable Reload reload;

  /** What stops the agent before it is ready; the message says what to do. */
  static final class StartException extends Exception {
    private static final long serialVersionUID = 1L;

    StartException(String message) {
      super(message);
    }

    StartException(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /**
   * @param file where the configuration is to be read again from
   * @param supervisor who supervises this process
   */
  Agent(Config config, Supplier<Optional<Path>> file, Supervisor supervisor) {
    this(config, file, supervisor, List.of(), false);
  }

  /**
   * @param arguments by which a successor is started
   * @param takesOver from the agent that runs, if one does
   */
  Agent(
      Config config,
      Supplier<Optional<Path>> file,
      Supervisor supervisor,
      List<String> arguments,
      boolean takesOver) {
    this.config = config;
    this.file = file;
    this.supervisor = supervisor;
    this.arguments = arguments;
    this.takesOver = takesOver;
  }

  /** Runs until the process is told to end. Returns the exit code. */
  static int run(String[] args, boolean takesOver, PrintStream err) {
    AgentLog.setUp();
    // Channel ids need not be unique beyond this process: spares a search for network hardware.
    System.setProperty("io.netty.machineId", "00:00:00:00:00:00:00:01");
    Optional<Path> named;
    Config config;
    try {
      named = Main.configFile(args);
      Optional<Path> file = Main.fileToRead(named);
      config = file.isPresent() ? Config.load(file.get()) : Config.defaults();
    } catch (Config.ConfigException e) {
      err.println("drawbridge-agent: " + AgentLog.oneLine(String.valueOf(e.getMessage())));
      return 2;
    }
    // From the first moment: to a process that does not listen for it, SIGHUP is the end.
    Semaphore hangUps = new Semaphore(0);
    Signals.on("HUP", hangUps::release);
    Supervisor supervisor = Supervisor.of(System.getenv());
    Agent agent =
        new Agent(config, () -> Main.fileToRead(named), supervisor, List.of(args), takesOver);
    try {
      agent.start();
    } catch (StartException | RuntimeException e) {
      log.log(Level.DEBUG, "start", e);
      err.println("drawbridge-agent: " + AgentLog.oneLine(String.valueOf(e.getMessage())));
      agent.close();
      return 1;
    }
    Runtime.getRuntime()
        .addShutdownHook(
            Thread.ofPlatform()
                .name("shutdown")
                .unstarted(() -> {
                  supervisor.stopping();
                  agent.close();
                }));
    // Hooks are answered: engines that are ordered behind the unit may start.
    supervisor.ready();
    err.println("ready in " + ProcessAge.now().toMillis() + " ms");
    try {
      while (true) {
        hangUps.acquire();
        // Those that came meanwhile mean the file as it is now.
        int _ = hangUps.drainPermits();
        agent.reload();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return 0;
  }

  /** Reads the configuration again; to be called when {@link #start} has returned. */
  void reload() {
    Reload now = reload;
    if (now != null) {
      supervisor.reloading();
      now.now();
      supervisor.ready();
    }
  }

  /** Opens everything. On failure {@link #close} closes what was opened. */
  void start() throws StartException {
    Instant startedAt = Instant.now();
    try {
      Files.createDirectories(config.runDir());
      Files.createDirectories(config.stateDir());
    } catch (IOException e) {
      throw new StartException("directory cannot be made: " + e.getMessage(), e);
    }
    // Who can write there says who is exempt, what was good, and which sockets are ours.
    for (Path ours :
        List.of(config.runDir(), config.stateDir(), config.stateDir().resolve("exempt"))) {
      Optional<String> untrusted = HostFile.untrusted(ours);
      if (untrusted.isPresent()) {
        throw new StartException(untrusted.get() + "; the agent keeps what it trusts there");
      }
    }
    Optional<String> tooOld = KernelFeatures.tooOld(KernelFeatures.kernelRelease());
    if (tooOld.isPresent()) {
      throw new StartException(tooOld.get());
    }
    BpfFs.mount(config.bpffs());
    Pins pins = Pins.below(config.bpffs());
    pins.create();
    AtomicReference<Consumer<FlowReport>> records = new AtomicReference<>(_ -> {});
    Optional<Predecessor> before = predecessor(records);
    // What would stop the start does so while the other one still is what it was.
    Optional<Upgrade> tried = before.isPresent() ? Optional.of(prepare(pins)) : Optional.empty();
    if (before.isPresent()) {
      takeOver(before.get(), tried);
    }
    lock(config.runDir().resolve("agent.lock"), pins);
    // What has to be filled is what the other one has written last.
    Upgrade upgrade =
        tried.isPresent() && tried.get().changes().isEmpty() ? tried.get() : again(tried, pins);
    BpfObject object = kept.keepForConnections(upgrade.object());
    kept.keepForConnections(upgrade);
    boolean changed = !upgrade.changes().isEmpty();
    long generationBefore = changed ? KernelUpgrade.generation(pins.maps()) : 0;
    Attachments attachments = attachAgent(object, pins, changed);
    Datapath datapath = new Datapath(object, generationBefore);
    Drops drops = new Drops(object.map("drops"));
    Supplier<List<StatusReport.Drops>> refusals = () -> DropCounts.of(drops.counts());

    AtomicReference<NodeStateSource> source = new AtomicReference<>(NodeState::empty);
    Names names = new Names(() -> source.get().state());
    PrometheusRegistry registry = new PrometheusRegistry();
    AdmissionTimes times = new AdmissionTimes(registry);
    FlowRecorder recorder = new FlowRecorder(names, config.flowRecords(), registry);
    records.set(recorder::record);
    Resets resets = keep(new Resets(endpoint -> source.get().state().namespaceOf(endpoint)));
    resets.start();
    EventRing ring =
        keep(
            new EventRing(
                object.map("events"),
                object.map("lost"),
                event -> {
                  recorder.record(event);
                  resets.noticed(event);
                }));
    EngineBindings bindings =
        new EngineBindings(object.map("sockets"), () -> source.get().state().policy().generation());
    AtomicReference<Consumer<Consumer<Boolean>>> renew =
        new AtomicReference<>(then -> then.accept(false));
    LearnedAddresses learned =
        new LearnedAddresses(
            object.map("learned"),
            object.map("addresses"),
            config.runDir().resolve("learned"),
            config.names(),
            new GivenResolvers(() -> source.get().state()),
            datapath::hasNamed,
            then -> renew.get().accept(then));
    names.learnedBy(learned::names);
    HeldNames held = new HeldNames(learned);
    L7Engine engine =
        kept.keepForConnections(
            new L7Engine(EngineLimits.defaults(), names, bindings, bindings, recorder, held));
    engine.onEachLoop(() -> {
      if (!ThreadTurns.shorten(LOOP_TURN)) {
        log.log(Level.DEBUG, "the engine's threads wait for a processor as long as any other");
      }
    });

    Exemptions exemptions;
    EndpointNumbers numbers;
    Grants grants;
    Latecomers latecomers;
    AdmittedContainers admitted;
    ParentGuard parents;
    try {
      parents = new ParentGuard(object, attachments, config.unhooked() == Config.Unhooked.DENY);
      grants = new Grants(config.runDir().resolve("granted"));
      latecomers = new Latecomers(config.runDir().resolve("late"));
      if (changed) {
        // Before the programs are exchanged: an agent that ends on the way has said so.
        attachments.pinned().forEach(latecomers::note);
      }
      admitted = new AdmittedContainers(config.runDir().resolve("admitted"));
      exemptions = new Exemptions(config.exempt(), config.stateDir().resolve("exempt"));
      numbers =
          new EndpointNumbers(
              config.runDir().resolve("endpoint-number"), datapath.highestEndpoint());
    } catch (IOException e) {
      throw new StartException("state cannot be read: " + e.getMessage(), e);
    }
    Spaces spaces =
        new Spaces(
            engine,
            attachments,
            object.map("listeners"),
            object.map("namespaces"),
            object.map("datagram_listeners"),
            new Slots(object.map("slots"), before.isPresent()),
            new VethGuard(object, pins),
            new OwnSources(object.map("sources")),
            Acquaintances.of(object.map("neighbours"), object.map("bound")),
            hostNamespace(),
            before.isPresent());
    datapath.listenBy(spaces::listenForDatagrams);
    DockerFiles docker = new DockerFiles(config);
    ControlLoop loop =
        keep(
            new ControlLoop(
                config,
                datapath,
                new Guards(
                    datapath,
                    attachments,
                    parents,
                    spaces,
                    numbers,
                    exemptions,
                    new LabelReading(config),
                    grants,
                    latecomers,
                    admitted,
                    docker::described,
                    docker::keeps,
                    times,
                    (guard, socket) -> recorder.older(guard.endpoint(), socket)),
                engine,
                new PolicyDirectory(
                    config.policyDir(), config.stateDir().resolve("last-good-policy")),
                new NamedState(config.runDir().resolve("named"), learned::lost),
                learned,
                times));
    renew.set(loop::named);
    source.set(loop::state);
    Reload reload =
        new Reload(
            file,
            config,
            wanted -> loop.reconfigure(wanted).thenRun(() -> learned.settings(wanted.names())),
            patience());
    this.reload = reload;
    Comebacks comebacks = keep(new Comebacks(Starter.docker(config.dockerSocket())));
    Supplier<List<ProblemReport>> problems =
        () ->
            Stream.of(
                    reload.problems(),
                    comebacks.problems(),
                    Problems.ofNames(loop.state(), learned.damage(), learned.evicted()))
                .flatMap(List::stream)
                .toList();
    ring.start();
    loop.onEachTurn(supervisor::alive);
    before.ifPresent(former ->
        loop.tell((policy, defaultDeny, files) ->
            former.inForce(policy, new HostRules(defaultDeny, files))));
    loop.start();
    Metrics.register(
        registry,
        loop::state,
        engine::stats,
        recorder.wireProblems(),
        problems,
        recorder.flows()::lost,
        ring,
        refusals);
    recover(attachments, admitted, loop);
    // Only now: the maps of this version hold what the programs are to judge by.
    KernelUpgrade.finish(upgrade);
    attachments.holdBack(false);

    Optional<PodmanContainers> podman = podman();
    ApiCallers callers = new ApiCallers(loop::state);
    HookServer hooks;
    try {
      hooks =
          keep(
              new HookServer(
                  config.hookSocket(),
                  new LoggedHooks(
                      new HookAdmission(
                          config, exemptions, loop, spaces, times, admitted, containerd(), podman)),
                  // A second after the hook has given up.
                  Duration.ofSeconds(config.startSeconds() + HookEntry.LATER_SECONDS + 1),
                  channel -> PeerProcess.holds(channel, callers::admitsProcess)));
      hooks.start();
    } catch (HookException e) {
      throw new StartException(e.getMessage() == null ? e.toString() : e.getMessage(), e);
    }
    LocalView view =
        new LocalView(
            version(),
            startedAt,
            loop::state,
            recorder,
            engine::stats,
            ring::lost,
            ring::reading,
            registry,
            problems,
            loop::config,
            refusals,
            endpoint -> learned.of(endpoint, System.nanoTime()));
    try {
      keep(new ApiServer(ApiListeners.of(config), view)).start();
    } catch (ApiException e) {
      throw new StartException(e.getMessage() == null ? e.toString() : e.getMessage(), e);
    }
    if (!config.dockerSocket().isEmpty()) {
      comebacks.start();
      keep(EngineFeed.docker(
              config.dockerSocket(),
              event -> {
                loop.runtime(EngineKind.DOCKER, event);
                comebacks.on(event);
              }))
          .start();
    }
    if (podman.isPresent()) {
      keep(EngineFeed.podman(
              Path.of(config.podmanRoot()),
              podman.get(),
              event -> loop.runtime(EngineKind.PODMAN, event)))
          .start();
    }
    if (!config.containerdSocket().isEmpty()) {
      keep(EngineFeed.containerd(
              config.containerdSocket(), event -> loop.runtime(EngineKind.CONTAINERD, event)))
          .start();
    }
    AgentPlace place =
        new AgentPlace(
            kept, hooks, engine, held, recorder, loop::state, loop::config, patience(), supervisor);
    try {
      keep(new Heirs(
              config.runDir(),
              place,
              new Launch(arguments),
              channel -> PeerProcess.holds(channel, callers::admitsProcess),
              System::exit))
          .start();
      if (before.isPresent()) {
        before.get().ready();
      }
    } catch (IOException e) {
      throw new StartException("the agent's place cannot be given to another: " + e, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StartException("interrupted", e);
    }
  }

  /** The agent that runs, if this one is to take its place. */
  private Optional<Predecessor> predecessor(AtomicReference<Consumer<FlowReport>> records)
      throws StartException {
    if (!takesOver) {
      return Optional.empty();
    }
    try {
      Optional<Predecessor> found =
          Predecessor.find(config.runDir(), report -> records.get().accept(report));
      found.ifPresent(this::keep);
      return found;
    } catch (IOException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    }
  }

  private Upgrade prepare(Pins pins) throws StartException {
    ApiConfig _ = ApiListeners.of(config);
    return KernelUpgrade.prepare(config.limits(), pins);
  }

  private Upgrade again(Optional<Upgrade> tried, Pins pins) throws StartException {
    tried.ifPresent(Upgrade::close);
    return KernelUpgrade.prepare(config.limits(), pins);
  }

  /** Has the agent that runs give up its place. */
  private void takeOver(Predecessor former, Optional<Upgrade> tried) throws StartException {
    boolean taken = false;
    try {
      former.takeOver(patience().plusSeconds(2 * RECOVERY_SECONDS));
      taken = true;
    } catch (IOException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StartException("interrupted", e);
    } finally {
      if (!taken) {
        tried.ifPresent(Upgrade::close);
      }
    }
  }

  private Optional<PodmanContainers> podman() {
    return config.podmanRoot().isEmpty()
        ? Optional.empty()
        : Optional.of(
            new PodmanContainers(
                Path.of(config.podmanRoot()),
                PodmanImages::labels,
                (id, pid) -> OwnCgroup.objection(id, pid).isEmpty()));
  }

  private Optional<ContainerdLookup> containerd() {
    return config.containerdSocket().isEmpty()
        ? Optional.empty()
        : Optional.of(keep(new ContainerdLookup(config.containerdSocket())));
  }

  private void recover(Attachments attachments, AdmittedContainers admitted, ControlLoop loop)
      throws StartException {
    Optional<Path> dataRoot =
        config.dataRoot().isEmpty() ? Optional.empty() : Optional.of(Path.of(config.dataRoot()));
    List<Admission> running =
        new PinnedContainers(attachments, dataRoot, admitted, new LabelReading(config))
            .stillRunning();
    try {
      loop.recover(running).get(patience().toSeconds(), TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      log.log(
          Level.WARNING, "taking over " + running.size() + " containers goes on in the background");
    } catch (ExecutionException e) {
      throw new StartException("containers cannot be taken over: " + e.getCause(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StartException("interrupted", e);
    }
  }

  /** A machine on which one start takes longer takes longer for all of them too. */
  private Duration patience() {
    return Duration.ofSeconds(Math.max(RECOVERY_SECONDS, config.startSeconds()));
  }

  /** Where the names come from; the loop exists later than those who ask it. */
  @FunctionalInterface
  private interface NodeStateSource {
    NodeState state();
  }

  private Attachments attachAgent(BpfObject object, Pins pins, boolean holdBack) {
    Path cgroup = Cgroups.cgroup2Mount().resolve(config.cgroup());
    Cgroups.create(cgroup);
    Cgroups.enter(cgroup);
    Attachments attachments = new Attachments(object, pins);
    attachments.holdBack(holdBack);
    attachments.attachAgent(cgroup);
    return attachments;
  }

  private void lock(Path file, Pins pins) throws StartException {
    try {
      keep(AgentLock.take(file, pins.root()));
    } catch (IOException e) {
      throw new StartException(e.getMessage() == null ? e.toString() : e.getMessage(), e);
    }
  }

  private static long hostNamespace() {
    try (NetworkNamespace own = NetworkNamespace.ofPath(Path.of("/proc/self/ns/net"))) {
      return own.inode();
    }
  }

  private static String version() {
    String version = Agent.class.getPackage().getImplementationVersion();
    return version == null ? "unpackaged" : version;
  }

  private <T extends AutoCloseable> T keep(T resource) {
    return kept.keep(resource);
  }

  @Override
  public void close() {
    kept.close();
  }
}
