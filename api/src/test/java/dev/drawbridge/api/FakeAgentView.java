package dev.drawbridge.api;

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
import dev.drawbridge.policy.ask.Asked;
import dev.drawbridge.policy.ask.Who;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/**
 * An agent with two containers and one rule, api may GET /users on db.
 *
 * <p>Does not model: policy (one hard-wired question is allowed), generations, attachment,
 * addresses, a kernel, or any change over time other than the flows that a test appends.
 */
public final class FakeAgentView implements AgentView {
  public static final String DB_ID = "d".repeat(64);

  public static final ExplanationReport EXPLANATION =
      new ExplanationReport(
          List.of(
              new ExplanationReport.SideReport(
                  "ingress",
                  "db",
                  "enforce",
                  true,
                  "deny",
                  "no-rule",
                  "A sentence.",
                  Optional.empty(),
                  List.of(
                      new ExplanationReport.NearMiss(
                          new RuleReference(
                              1, "drawbridge.policy.read", "db", "app=api may GET /users"),
                          "it is about GET")))),
          List.of(
              new ExplanationReport.SuggestedLabel(
                  "db", "drawbridge.policy.allow", "app=api may POST /users")));

  public final FlowLog<String> log = new FlowLog<>(8192, (sequence, text) -> flow(sequence, text));
  public final List<Asked> asked = new CopyOnWriteArrayList<>();
  final PrometheusRegistry registry = new PrometheusRegistry();
  public volatile boolean broken;

  public FakeAgentView() {
    Counter.builder()
        .name("drawbridge_verdicts_total")
        .help("Verdicts.")
        .labelNames("verdict")
        .register(registry)
        .labelValues("deny")
        .inc(3);
  }

  public static SortedMap<String, String> labels(String app) {
    return Collections.unmodifiableSortedMap(new TreeMap<>(Map.of("app", app)));
  }

  /** {@code text} is "deny /path" or "allow /path". */
  public static FlowReport flow(long sequence, String text) {
    boolean deny = text.startsWith("deny");
    return new FlowReport(
        sequence,
        Instant.parse("2026-01-01T00:00:00Z").plusMillis(sequence),
        "r" + sequence,
        deny ? Outcome.DENY : Outcome.ALLOW,
        deny ? "no-matching-rule" : "allowed-by-rule",
        deny ? 20 : 1,
        "A sentence.",
        "completed",
        new PeerReference(256, "api", labels("api")),
        new PeerReference(257, "db", labels("db")),
        "172.17.0.2:40000",
        "172.17.0.3:80",
        "http1",
        Optional.of(
            new FlowReport.Asked(
                "GET " + text.substring(text.indexOf(' ') + 1),
                Map.of("path", text.substring(text.indexOf(' ') + 1), "status", deny ? 403L : 200L),
                0,
                12,
                1000)),
        Optional.empty(),
        7,
        false,
        deny ? "skb_egress.bpf.c:286" : "");
  }

  public volatile java.util.function.Predicate<Caller> admitted = caller -> true;

  @Override
  public boolean admits(Caller caller) {
    return admitted.test(caller);
  }

  @Override
  public StatusReport status() {
    if (broken) {
      throw new IllegalStateException("broken on purpose");
    }
    return new StatusReport(
        "0.1.0",
        Instant.parse("2026-01-01T00:00:00Z"),
        true,
        7,
        List.of(
            new StatusReport.Component("kernel", StatusReport.Health.OK, "11 programs loaded.")),
        2,
        List.of(),
        List.of(new StatusReport.Exempt("ab", "infra-1", "infra-*")),
        0,
        List.of(new StatusReport.Drops("fragment", "skb_egress", "skb_egress.bpf.c:286", 5)));
  }

  @Override
  public List<EndpointReport> endpoints() {
    return List.of(
        new EndpointReport(
            256,
            "a".repeat(64),
            "api",
            "docker",
            "drawbridge",
            labels("api"),
            new TreeMap<>(),
            List.of("172.17.0.2"),
            "enforce",
            EndpointReport.Attachment.HOOK,
            List.of(),
            0,
            1,
            List.of()),
        new EndpointReport(
            257,
            DB_ID,
            "db",
            "docker",
            "drawbridge",
            labels("db"),
            labels("db"),
            List.of("172.17.0.3"),
            "enforce",
            EndpointReport.Attachment.HOOK,
            List.of("ingress"),
            1,
            1,
            List.of()));
  }

  @Override
  public VerdictResult verdict(Asked query) {
    asked.add(query);
    if (query.from() instanceof Who.Container(String name)
        && !List.of("api", "db").contains(name)) {
      return new VerdictResult.Unknown(
          "unknown-container", "no container is called \"" + name + "\"", "api or db");
    }
    boolean allow =
        query
            .request()
            .map(r -> r.method().equals("GET") && r.path().equals("/users"))
            .orElse(false);
    return new VerdictResult.Answered(
        new VerdictReport(
            allow ? Outcome.ALLOW : Outcome.DENY,
            allow ? "allowed-by-rule" : "no-matching-rule",
            allow ? 1 : 20,
            allow ? "A rule allows it." : "No rule allows it.",
            allow
                ? Optional.of(
                    new RuleReference(1, "drawbridge.policy.read", "db", "app=api may GET /users"))
                : Optional.empty(),
            new PeerReference(256, "api", labels("api")),
            new PeerReference(257, "db", labels("db")),
            7,
            false,
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
    return new ArrayList<>(
        List.of(
            new ProblemReport(
                "DB0103",
                "error",
                "db",
                "drawbridge.policy.read",
                9,
                "unknown word",
                "may",
                Optional.of("may"))));
  }

  @Override
  public MetricSnapshots metrics() {
    return registry.scrape();
  }
}
