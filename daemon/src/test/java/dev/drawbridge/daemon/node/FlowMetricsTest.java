package dev.drawbridge.daemon.node;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drawbridge.bpf.abi.Event;
import dev.drawbridge.bpf.abi.KernelDirection;
import dev.drawbridge.bpf.abi.KernelHook;
import dev.drawbridge.bpf.abi.KernelVerdict;
import dev.drawbridge.bpf.abi.SourceLine;
import dev.drawbridge.daemon.flow.FlowRecorder;
import dev.drawbridge.l7.AccessRecord;
import dev.drawbridge.l7.kafka.AskedKafka;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.Verdict;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** What verdicts count as in metrics. */
class FlowMetricsTest {
  private static Event event(KernelVerdict verdict) throws Exception {
    return new Event(
        System.nanoTime(),
        256,
        257,
        0,
        1,
        Reason.NO_RULE.code(),
        verdict,
        KernelDirection.EGRESS,
        6,
        KernelHook.UNKNOWN,
        Event.Side.NONE,
        InetAddress.getByName("10.0.0.1"),
        1,
        InetAddress.getByName("10.0.0.2"),
        2,
        SourceLine.NONE);
  }

  @Test
  void auditCountsAsAudit() throws Exception {
    var registry = new PrometheusRegistry();
    var recorder = new FlowRecorder(new Names(NodeState::empty), 100, registry);
    for (KernelVerdict verdict : KernelVerdict.values()) {
      recorder.record(event(verdict));
      recorder.record(event(verdict));
    }
    Map<String, Double> counts = new TreeMap<>();
    registry.scrape().stream()
        .filter(snapshot -> snapshot.getMetadata().getName().equals("drawbridge_verdicts"))
        .map(CounterSnapshot.class::cast)
        .flatMap(snapshot -> snapshot.getDataPoints().stream())
        .forEach(point ->
            counts.put(String.valueOf(point.getLabels().get("verdict")), point.getValue()));
    assertEquals(Map.of("allow", 4.0, "deny", 2.0, "audit", 2.0), counts);
  }

  private static AccessRecord kafka(String verb, Verdict verdict) throws Exception {
    InetAddress address = InetAddress.ofLiteral("10.0.0.7");
    return new AccessRecord(
        "",
        Instant.EPOCH,
        0,
        256,
        257,
        new InetSocketAddress(address, 40_000),
        new InetSocketAddress(address, 9092),
        new AskedKafka(verb, "Produce", 13, List.of("incoming"), List.of(), "", ""),
        0,
        0,
        verdict,
        Ending.COMPLETED);
  }

  @Test
  void kafkaCountsByVerb() throws Exception {
    var registry = new PrometheusRegistry();
    var recorder = new FlowRecorder(new Names(NodeState::empty), 100, registry);
    var allowed = new Verdict(Decision.ALLOW, Reason.RULE_ALLOWS, 5, 1, false);
    var audited = new Verdict(Decision.ALLOW, Reason.NO_RULE, 5, 0, true);
    var denied = new Verdict(Decision.DENY, Reason.NO_RULE, 5, 0, false);
    recorder.record(kafka("produce", allowed));
    recorder.record(kafka("produce", allowed));
    recorder.record(kafka("produce", denied));
    recorder.record(kafka("consume", audited));
    Map<String, Double> counts = new TreeMap<>();
    registry.scrape().stream()
        .filter(snapshot -> snapshot.getMetadata().getName().equals("drawbridge_verbs"))
        .map(CounterSnapshot.class::cast)
        .flatMap(snapshot -> snapshot.getDataPoints().stream())
        .forEach(point ->
            counts.put(
                point.getLabels().get("protocol")
                    + " "
                    + point.getLabels().get("verb")
                    + " "
                    + point.getLabels().get("verdict"),
                point.getValue()));
    assertEquals(
        Map.of("kafka produce allow", 2.0, "kafka produce deny", 1.0, "kafka consume audit", 1.0),
        counts);
  }
}
