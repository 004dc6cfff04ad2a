package dev.drawbridge.daemon.view;

import dev.drawbridge.api.AgentView;
import dev.drawbridge.api.Caller;
import dev.drawbridge.api.FlowFilter;
import dev.drawbridge.api.FlowReader;
import dev.drawbridge.api.VerdictResult;
import dev.drawbridge.api.report.EndpointReport;
import dev.drawbridge.api.report.FlowReport;
import dev.drawbridge.api.report.NameReport;
import dev.drawbridge.api.report.ProblemReport;
import dev.drawbridge.api.report.StatusReport;
import dev.drawbridge.api.report.StatusReport.Component;
import dev.drawbridge.api.report.StatusReport.Health;
import dev.drawbridge.control.EngineKind;
import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.daemon.config.Config;
import dev.drawbridge.daemon.flow.FlowRecorder;
import dev.drawbridge.daemon.kernel.LearnedAddresses;
import dev.drawbridge.daemon.node.NodeState;
import dev.drawbridge.daemon.node.Problems;
import dev.drawbridge.l7.EngineStats;
import dev.drawbridge.policy.Direction;
import dev.drawbridge.policy.Member;
import dev.drawbridge.policy.Peers;
import dev.drawbridge.policy.ask.Asked;
import dev.drawbridge.policy.ask.Inquiry;
import dev.drawbridge.policy.ask.Known;
import dev.drawbridge.policy.labels.Workload;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.net.InetAddress;
import java.time.Instant;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** The agent as the API shows it; reads snapshots only. */
public final class LocalView implements AgentView {

  private final String version;
  private final Instant startedAt;
  private final Supplier<NodeState> state;
  private final FlowRecorder recorder;
  private final Supplier<EngineStats> engine;
  private final LongSupplier lostEvents;
  private final BooleanSupplier readingEvents;
  private final PrometheusRegistry registry;
  private final Supplier<List<ProblemReport>> down;
  private final ApiCallers callers;
  private final Supplier<Config> configured;

  /** Of what no reload changes. */
  private final Config config;

  private final Supplier<List<StatusReport.Drops>> drops;
  private final IntFunction<List<LearnedAddresses.Known>> learned;

  public LocalView(
      String version,
      Instant startedAt,
      Supplier<NodeState> state,
      FlowRecorder recorder,
      Supplier<EngineStats> engine,
      LongSupplier lostEvents,
      BooleanSupplier readingEvents,
      PrometheusRegistry registry,
      Supplier<List<ProblemReport>> down,
      Supplier<Config> configured,
      Supplier<List<StatusReport.Drops>> drops,
      IntFunction<List<LearnedAddresses.Known>> learned) {
    this.version = version;
    this.startedAt = startedAt;
    this.state = state;
    this.recorder = recorder;
    this.engine = engine;
    this.lostEvents = lostEvents;
    this.readingEvents = readingEvents;
    this.registry = registry;
    this.down = down;
    this.configured = configured;
    this.config = configured.get();
    this.drops = drops;
    this.learned = learned;
    this.callers = new ApiCallers(state);
  }

  @Override
  public StatusReport status() {
    NodeState now = state.get();
    List<String> unattached = new ArrayList<>();
    int attached = 0;
    for (NodeState.Container container : now.containers().values()) {
      if (container.attached().isPresent()) {
        attached++;
      } else if (container.observed().running()) {
        unattached.add(container.observed().name());
      }
    }
    unattached.sort(Comparator.naturalOrder());
    return new StatusReport(
        version,
        startedAt,
        now.policy().generation() > 0,
        now.policy().generation(),
        components(now),
        attached,
        unattached,
        exempt(now),
        problems(now).size(),
        drops.get());
  }

  private static List<StatusReport.Exempt> exempt(NodeState now) {
    return now.exempt().stream()
        .map(
            one -> new StatusReport.Exempt(one.observed().id(), one.observed().name(), one.entry()))
        .sorted(Comparator.comparing(StatusReport.Exempt::name))
        .toList();
  }

  private List<Component> components(NodeState now) {
    long lost = lostEvents.getAsLong();
    EngineStats stats = engine.get();
    List<Component> components = new ArrayList<>();
    components.add(kernel(readingEvents.getAsBoolean(), lost, closedByKernel(now)));
    components.add(new Component("hook", Health.OK, config.hookSocket().toString()));
    components.add(new Component("engine", Health.OK, engine(stats, recorder.flows().lost())));
    if (config.engines().isEmpty()) {
      components.add(new Component("events", Health.OK, "no container engine is configured"));
    }
    for (EngineKind kind : config.engines()) {
      String version = now.engines().get(kind);
      components.add(
          version == null
              ? new Component("events", Health.DEGRADED, silent(kind))
              : new Component("events", Health.OK, version));
    }
    return components;
  }

  private String silent(EngineKind kind) {
    return config.placeOf(kind)
        + switch (kind) {
          case DOCKER -> " does not answer; the hook works without it";
          case CONTAINERD -> " does not answer; the hook starts none of its containers meanwhile";
          case PODMAN -> " has no state of Podman that can be read; the hook looks again each time";
        };
  }

  private static String engine(EngineStats stats, long lost) {
    String text = stats.connections() + " connections, " + stats.requests() + " requests";
    if (stats.limited() > 0) {
      text += ", " + stats.limited() + " connections ended by a limit";
    }
    return lost == 0 ? text : text + "; " + lost + " records lost to a spent budget";
  }

  private static long closedByKernel(NodeState now) {
    return now.containers().values().stream()
        .filter(container ->
            container.problems().stream().anyMatch(p -> p.code().equals(Problems.PARTLY_WRITTEN)))
        .count();
  }

  static Component kernel(boolean reading, long lost, long closed) {
    if (!reading) {
      return new Component(
          "kernel",
          Health.FAILED,
          "programs enforce, but their records are no longer read; restart the agent");
    }
    if (closed > 0) {
      return new Component(
          "kernel",
          Health.DEGRADED,
          closed
              + " containers are closed, because the kernel took only a part of their rules; see"
              + " drawbridge problems");
    }
    return new Component(
        "kernel",
        Health.OK,
        lost == 0
            ? "programs loaded and pinned"
            : "programs loaded and pinned; "
                + lost
                + " records lost to a full ring or a spent budget");
  }

  @Override
  public List<EndpointReport> endpoints() {
    NodeState now = state.get();
    List<NodeState.Container> containers =
        now.containers().values().stream()
            .filter(container -> container.observed().running() || container.attached().isPresent())
            .sorted(Comparator.comparingInt(NodeState.Container::endpoint))
            .toList();
    return new AbstractList<>() {
      @Override
      public EndpointReport get(int index) {
        return report(now, containers.get(index));
      }

      @Override
      public int size() {
        return containers.size();
      }
    };
  }

  private EndpointReport report(NodeState now, NodeState.Container container) {
    ObservedContainer observed = container.observed();
    int number = container.endpoint();
    List<String> closed = new ArrayList<>();
    for (Direction direction : Direction.values()) {
      if (!container.declared().ok() || now.policy().closed(number, direction)) {
        closed.add(direction.name().toLowerCase(Locale.ROOT));
      }
    }
    EndpointReport.Attachment attachment =
        container
            .attached()
            .map(how ->
                switch (how) {
                  case HOOK -> EndpointReport.Attachment.HOOK;
                  case LISTENER -> EndpointReport.Attachment.LISTENER;
                  case ADOPTED -> EndpointReport.Attachment.ADOPTED;
                })
            .orElse(EndpointReport.Attachment.NONE);
    return new EndpointReport(
        number,
        observed.id(),
        observed.name(),
        container.engine().map(EngineKind::display).orElse(""),
        observed.runtimeName(),
        Workload.of(observed.name(), observed.labels()).labels(),
        observed.imageLabels(),
        observed.addresses().stream()
            .sorted(Comparator.comparingInt(address -> address.getAddress().length))
            .map(InetAddress::getHostAddress)
            .toList(),
        now.policy().mode(number).name().toLowerCase(Locale.ROOT),
        attachment,
        closed,
        container.declared().value().rules().size(),
        recorder.denied(number),
        Stream.concat(
                container.problems().stream(), recorder.wireProblems().of(now, number).stream())
            .toList());
  }

  @Override
  public VerdictResult verdict(Asked asked) {
    return VerdictResult.of(
        new Inquiry(
                known(state.get(), configured.get().defaultDeny()).with(new LearnedOfAll(learned)))
            .answer(asked));
  }

  /** What kernel and engine judge by, as one asks about it. */
  public static Known known(NodeState now, boolean defaultDeny) {
    return new Known(
        now.policy(),
        now.containers().values().stream()
            .filter(container -> container.attached().isPresent())
            .sorted(Comparator.comparingInt(NodeState.Container::endpoint))
            .map(LocalView::known)
            .toList(),
        now.addresses(),
        now.hostPolicy(),
        defaultDeny,
        now.exempt().stream().map(exempt -> outsider(exempt.observed())).toList(),
        false);
  }

  /** In the host's network it is whoever the host is. */
  private static Known.Outsider outsider(ObservedContainer exempt) {
    return new Known.Outsider(
        exempt.networkMode().equals("host") ? Peers.HOST : Peers.EXEMPT,
        exempt.id(),
        exempt.name());
  }

  private static Known.Container known(NodeState.Container container) {
    ObservedContainer observed = container.observed();
    return new Known.Container(
        new Member(
            container.endpoint(),
            Workload.of(observed.name(), observed.labels()),
            container.declared().value()),
        observed.id(),
        observed.name(),
        container.network(),
        container.rewritten(),
        container.late());
  }

  @Override
  public List<FlowReport> flows(FlowFilter filter, int last) {
    return recorder.flows().last(filter, last);
  }

  @Override
  public FlowReader reader(FlowFilter filter, int last) {
    return recorder.flows().reader(filter, last);
  }

  @Override
  public Subscription follow(Consumer<FlowReport> sink) {
    return recorder.flows().follow(sink);
  }

  @Override
  public List<ProblemReport> problems() {
    return problems(state.get());
  }

  @Override
  public List<NameReport> names(String container) {
    return state.get().containers().values().stream()
        .filter(one -> container.isEmpty() || container.equals(one.observed().name()))
        .sorted(Comparator.comparingInt(NodeState.Container::endpoint))
        .flatMap(one -> LearnedReports.of(one, learned.apply(one.endpoint())).stream())
        .toList();
  }

  private List<ProblemReport> problems(NodeState now) {
    return Stream.of(now.problems(), recorder.wireProblems().of(now), down.get())
        .flatMap(List::stream)
        .toList();
  }

  @Override
  public boolean admits(Caller caller) {
    return callers.admits(caller);
  }

  @Override
  public MetricSnapshots metrics() {
    return registry.scrape();
  }
}
