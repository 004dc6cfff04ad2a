package dev.drawbridge.daemon.flow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.api.FlowFilter;
import dev.drawbridge.api.report.FlowReport;
import dev.drawbridge.api.report.ProblemReport;
import dev.drawbridge.daemon.config.Config;
import dev.drawbridge.daemon.node.Names;
import dev.drawbridge.daemon.node.NodeState;
import dev.drawbridge.daemon.node.VerdictAnswersTest;
import dev.drawbridge.daemon.view.LocalView;
import dev.drawbridge.l7.AccessRecord;
import dev.drawbridge.l7.EngineStats;
import dev.drawbridge.l7.tls.AskedTls;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.Verdict;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TlsUnderHttpTest {
  private static final int API = 256;
  private static final int DB = 257;
  private static final EngineStats IDLE = new EngineStats(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

  private volatile NodeState state = rules("app=api may GET /users");
  private FlowRecorder recorder;
  private LocalView view;

  @BeforeEach
  void start() throws Exception {
    PrometheusRegistry registry = new PrometheusRegistry();
    Config defaults = Config.defaults();
    recorder = new FlowRecorder(new Names(() -> state), 100, registry);
    view =
        new LocalView(
            "0",
            Instant.EPOCH,
            () -> state,
            recorder,
            () -> IDLE,
            () -> 0,
            () -> true,
            registry,
            List::of,
            () -> defaults,
            List::of,
            _ -> List.of());
  }

  private static NodeState rules(String onDb) {
    return VerdictAnswersTest.state(
        Map.of("api", Map.of("app", "api"), "db", Map.of("app", "db", "drawbridge.policy.a", onDb)),
        "");
  }

  private static AccessRecord seen(int callee, int port, Reason reason) throws Exception {
    InetAddress address = InetAddress.ofLiteral("10.0.0.7");
    return new AccessRecord(
        "",
        Instant.EPOCH,
        0,
        API,
        callee,
        new InetSocketAddress(address, 40_000),
        new InetSocketAddress(address, port),
        new AskedTls("db.internal", List.of()),
        0,
        0,
        new Verdict(Decision.DENY, reason, 5, 0, false),
        Ending.COMPLETED);
  }

  private void record(int callee, int port, Reason reason) throws Exception {
    recorder.record(seen(callee, port, reason));
  }

  @Test
  void isAProblemOfTheCalleeOnceForAPort() throws Exception {
    for (int i = 0; i < 3; i++) {
      record(DB, 8443, Reason.TLS_UNDER_HTTP_RULE);
      record(DB, 443, Reason.TLS_UNDER_HTTP_RULE);
    }
    List<ProblemReport> problems = view.problems();
    assertEquals(2, problems.size(), problems::toString);
    ProblemReport first = problems.getFirst();
    assertEquals("DB0511", first.code());
    assertEquals("db", first.container());
    assertTrue(first.message().contains("at port 443,"), first::message);
    assertEquals(2, view.status().problems());
    assertEquals(List.of(), view.endpoints().get(0).problems());
    assertEquals(problems, view.endpoints().get(1).problems());
  }

  @Test
  void otherRefusalsAreNone() throws Exception {
    record(DB, 443, Reason.NO_RULE);
    record(DB, 443, Reason.TLS_NO_NAME);
    record(DB, 443, Reason.NOT_TLS);
    assertEquals(List.of(), view.problems());
  }

  @Test
  void goesWhenTheRulesOrTheContainerDo() throws Exception {
    record(DB, 443, Reason.TLS_UNDER_HTTP_RULE);
    NodeState before = state;
    assertEquals(1, view.problems().size());
    state = rules("app=api may open tls to *.internal port 443");
    assertEquals(List.of(), view.problems());
    state = VerdictAnswersTest.state(Map.of("api", Map.of("app", "api")), "");
    assertEquals(List.of(), view.problems());
    state = before;
    assertEquals(1, view.problems().size());
  }

  @Test
  void keepsOnlySoManyAndForgetsContainersThatAreGone() throws Exception {
    WireProblems kept = new WireProblems(() -> Set.of(API, DB));
    for (int port = 1; port <= WireProblems.MOST; port++) {
      kept.record(seen(300, port, Reason.TLS_UNDER_HTTP_RULE));
    }
    for (int port = 1; port <= WireProblems.MOST + 50; port++) {
      kept.record(seen(DB, port, Reason.TLS_UNDER_HTTP_RULE));
    }
    assertEquals(WireProblems.MOST, kept.of(state).size());
  }

  @Test
  void flowsSayTls() throws Exception {
    record(DB, 443, Reason.TLS_UNDER_HTTP_RULE);
    FlowReport flow = view.flows(FlowFilter.ALL, 1).getFirst();
    assertEquals("tls", flow.protocol());
    assertEquals("db.internal", flow.asked().orElseThrow().fields().get("serverName"));
  }
}
