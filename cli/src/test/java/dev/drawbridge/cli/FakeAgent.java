package dev.drawbridge.cli;

import dev.drawbridge.api.AgentView;
import dev.drawbridge.api.ApiConfig;
import dev.drawbridge.api.ApiException;
import dev.drawbridge.api.FlowFilter;
import dev.drawbridge.api.FlowLog;
import dev.drawbridge.api.VerdictResult;
import dev.drawbridge.api.report.EndpointReport;
import dev.drawbridge.api.report.ExplanationReport;
import dev.drawbridge.api.report.FlowReport;
import dev.drawbridge.api.report.NameReport;
import dev.drawbridge.api.report.Outcome;
import dev.drawbridge.api.report.PeerReference;
import dev.drawbridge.api.report.ProblemReport;
import dev.drawbridge.api.report.RuleReference;
import dev.drawbridge.api.report.StatusReport;
import dev.drawbridge.api.report.VerdictReport;
import dev.drawbridge.api.server.ApiServer;
import dev.drawbridge.policy.ask.Asked;
import dev.drawbridge.policy.ask.Who;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * A real API server in front of two containers and one rule, api may GET /users on db.
 *
 * <p>Does not model: policy beyond that one question, attachment, a kernel, or change other than
 * what a test sets.
 */
public final class FakeAgent implements AgentView, AutoCloseable {
  private static final ExplanationReport EXPLANATION =
      new ExplanationReport(
          List.of(
              new ExplanationReport.SideReport(
                  "ingress",
                  "db",
                  "enforce",
                  true,
                  "deny",
                  "no-rule",
                  "the side is closed and no rule allows it",
                  Optional.empty(),
                  List.of(
                      new ExplanationReport.NearMiss(
                          new RuleReference(
                              1, "drawbridge.policy.read", "db", "app=api may GET /users"),
                          "it is about GET")))),
          List.of(
              new ExplanationReport.SuggestedLabel(
                  "db", "drawbridge.policy.allow", "app=api may POST /users")));

  private final ApiServer server;
  public final List<Asked> asked = new CopyOnWriteArrayList<>();
  public final FlowLog<String> log = new FlowLog<>(1024, FakeAgent::flow);
  public volatile List<String> unattached = List.of();
  volatile List<StatusReport.Exempt> exempt = List.of();
  public volatile boolean ready = true;

  /** Which question for its status finds it ready from then on; 0: none. */
  public volatile int readyAtStatus;

  /** How often its status was asked for. */
  public final AtomicInteger statuses = new AtomicInteger();

  public volatile List<ProblemReport> problems = List.of();
  public volatile String dbName = "db";
  public volatile String dbEngine = "docker";
  public volatile boolean audited;

  public FakeAgent(Path socket) throws ApiException {
    server = new ApiServer(new ApiConfig(socket, Optional.empty(), Optional.empty()), this);
    server.start();
  }

  private static PeerReference peer(int number, String name) {
    return new PeerReference(number, name, new TreeMap<>(Map.of("app", name)));
  }

  private static FlowReport flow(long sequence, String path) {
    boolean deny = path.startsWith("/admin");
    return new FlowReport(
        sequence,
        Instant.parse("2026-01-01T10:20:30.456Z"),
        "r" + sequence,
        deny ? Outcome.DENY : Outcome.ALLOW,
        deny ? "no-rule" : "allowed-by-rule",
        deny ? 20 : 1,
        "A sentence.",
        "completed",
        peer(256, "api"),
        peer(257, "db"),
        "172.17.0.2:40000",
        "172.17.0.3:80",
        "http1",
        Optional.of(
            new FlowReport.Asked(
                "GET " + path + " " + (deny ? 403 : 200), Map.of(), 0, 12, 1_500_000)),
        deny
            ? Optional.empty()
            : Optional.of(
                new RuleReference(1, "drawbridge.policy.read", "db", "app=api may GET /users")),
        7,
        false,
        deny ? "skb_egress.bpf.c:286" : "");
  }

  @Override
  public StatusReport status() {
    ready |= statuses.incrementAndGet() == readyAtStatus;
    return new StatusReport(
        "0.1.0",
        Instant.now(),
        ready,
        7,
        List.of(
            new StatusReport.Component("kernel", StatusReport.Health.OK, "programs loaded"),
            new StatusReport.Component("events", StatusReport.Health.DEGRADED, "no engine")),
        2,
        unattached,
        exempt,
        problems.size(),
        List.of(new StatusReport.Drops("fragment", "skb_egress", "skb_egress.bpf.c:286", 5)));
  }

  private EndpointReport endpoint(int number, String name, List<String> closed) {
    return endpoint(number, name, closed, "docker");
  }

  private EndpointReport endpoint(int number, String name, List<String> closed, String engine) {
    return new EndpointReport(
        number,
        name.repeat(20),
        name,
        engine,
        "drawbridge",
        new TreeMap<>(Map.of("app", name)),
        new TreeMap<>(),
        List.of("172.17.0." + (number - 254)),
        "enforce",
        EndpointReport.Attachment.HOOK,
        closed,
        1,
        0,
        List.of());
  }

  @Override
  public List<EndpointReport> endpoints() {
    return List.of(
        endpoint(256, "api", List.of()), endpoint(257, dbName, List.of("ingress"), dbEngine));
  }

  @Override
  public VerdictResult verdict(Asked query) {
    asked.add(query);
    if (query.from().equals(new Who.Container("nobody"))) {
      return new VerdictResult.Unknown(
          "unknown-container", "no container is called \"nobody\"", "api or db");
    }
    String request = query.request().map(r -> r.method() + " " + r.path()).orElse("");
    boolean forbidden = request.startsWith("DELETE");
    boolean allow = request.equals("GET /users") || audited;
    Optional<RuleReference> rule =
        forbidden
            ? Optional.of(new RuleReference(2, "10-all.policy:3", "", "anyone may not DELETE /**"))
            : allow
                ? Optional.of(
                    new RuleReference(1, "drawbridge.policy.read", "db", "app=api may GET /users"))
                : Optional.empty();
    return new VerdictResult.Answered(
        new VerdictReport(
            allow && !forbidden ? Outcome.ALLOW : Outcome.DENY,
            forbidden ? "denied-by-rule" : allow ? "allowed-by-rule" : "no-rule",
            1,
            forbidden ? "a rule forbids it" : "the side is closed and no rule allows it",
            rule,
            peer(256, "api"),
            peer(257, "db"),
            7,
            audited,
            "engine",
            query.explain() ? Optional.of(EXPLANATION) : Optional.empty()));
  }

  @Override
  public List<FlowReport> flows(FlowFilter filter, int last) {
    return log.last(filter, last);
  }

  @Override
  public Subscription follow(Consumer<FlowReport> sink) {
    return log.follow(sink);
  }

  @Override
  public List<NameReport> names(String container) {
    return List.of(
            new NameReport("api", 300, "api.stripe.com", "1.1.1.1", 60, true),
            new NameReport("web", 301, "www.example.com", "2.2.2.2", 0, false))
        .stream()
        .filter(row -> container.isEmpty() || container.equals(row.container()))
        .toList();
  }

  @Override
  public List<ProblemReport> problems() {
    return new ArrayList<>(problems);
  }

  @Override
  public MetricSnapshots metrics() {
    return MetricSnapshots.builder().build();
  }

  @Override
  public void close() {
    server.close();
  }
}
