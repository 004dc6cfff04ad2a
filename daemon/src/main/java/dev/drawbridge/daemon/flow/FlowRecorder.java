package dev.drawbridge.daemon.flow;

import dev.drawbridge.api.FlowLog;
import dev.drawbridge.api.report.FlowReport;
import dev.drawbridge.bpf.abi.Event;
import dev.drawbridge.bpf.abi.KernelDirection;
import dev.drawbridge.bpf.abi.KernelHook;
import dev.drawbridge.bpf.abi.KernelVerdict;
import dev.drawbridge.bpf.abi.SourceLine;
import dev.drawbridge.bpf.linux.OpenSocket;
import dev.drawbridge.daemon.node.Names;
import dev.drawbridge.l7.AccessLog;
import dev.drawbridge.l7.AccessRecord;
import dev.drawbridge.l7.Asked;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Peers;
import dev.drawbridge.policy.Reason;
import io.prometheus.metrics.core.datapoints.CounterDataPoint;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Where kernel and engine leave their records: one a verdict. Safe for any thread. */
public final class FlowRecorder implements AccessLog {

  /** Bytes that a record takes, with texts as long as they may be, and one that is not shared. */
  static final int RECORD_BYTES = 1024;

  /** Of the heap, what records may take: one part in so many. */
  private static final int PART_OF_HEAP = 16;

  /** Counts kept before those of containers that are gone are dropped. */
  private static final int COUNTED_LIMIT = 4_096;

  private static final List<String> VERDICTS = List.of("allow", "deny", "audit");

  /** What is counted of what an engine read: of both words there are a few only. */
  private record Spoken(String protocol, String verb, String verdict) {}

  private final Names names;
  private final FlowLog<FlowRecord> flows;
  private final Counter verdicts;
  private final AtomicReferenceArray<@Nullable CounterDataPoint> counters =
      new AtomicReferenceArray<>(256 * VERDICTS.size() * 2);
  private final Counter endings;
  private final ConcurrentHashMap<String, ConcurrentHashMap<Ending, CounterDataPoint>> ended =
      new ConcurrentHashMap<>();
  private final Counter verbs;
  private final ConcurrentHashMap<Spoken, CounterDataPoint> spoken = new ConcurrentHashMap<>();
  private final WireProblems wireProblems;
  private volatile @Nullable Consumer<FlowReport> told;
  private final ConcurrentHashMap<Integer, LongAdder> denied = new ConcurrentHashMap<>();

  public FlowRecorder(Names names, int capacity, PrometheusRegistry registry) {
    this.names = names;
    this.wireProblems = new WireProblems(names::endpoints);
    this.flows =
        new FlowLog<>(
            capacity(capacity, Runtime.getRuntime().maxMemory()),
            (sequence, record) -> record.report(sequence));
    this.verdicts =
        Counter.builder()
            .name("drawbridge_verdicts_total")
            .help("Verdicts given on the wire, by who decided and why.")
            .labelNames("by", "verdict", "reason")
            .register(registry);
    this.endings =
        Counter.builder()
            .name("drawbridge_endings_total")
            .help("How that ended which the engine read or carried, whatever the verdict was.")
            .labelNames("protocol", "ending")
            .register(registry);
    this.verbs = verbs(registry);
  }

  private static Counter verbs(PrometheusRegistry registry) {
    return Counter.builder()
        .name("drawbridge_verbs_total")
        .help("Records of what the engine read, by what rules call it: Kafka's.")
        .labelNames("protocol", "verb", "verdict")
        .register(registry);
  }

  /** How many records are kept: as many as were asked for, if the heap is large enough for them. */
  static int capacity(int wanted, long heapBytes) {
    return Math.clamp(heapBytes / PART_OF_HEAP / RECORD_BYTES, 1, wanted);
  }

  public FlowLog<FlowRecord> flows() {
    return flows;
  }

  /** Denials with this endpoint on either side since the agent started. */
  public long denied(int endpoint) {
    LongAdder count = denied.get(endpoint);
    return count == null ? 0 : count.sum();
  }

  /** From now on what is recorded is told there, too. */
  public void tell(Consumer<FlowReport> other) {
    told = other;
  }

  /** A record of an agent before this one, of what it carried to its end. */
  public void record(FlowReport report) {
    append("engine", new FlowRecord.Former(report));
    Ending.of(report.ending()).ifPresent(how -> ended(report.protocol(), how).inc());
  }

  /** A decision of the kernel. */
  public void record(Event event) {
    boolean outgoing = event.direction() == KernelDirection.EGRESS;
    int from = outgoing ? event.owner() : event.peer();
    int to = outgoing ? event.peer() : event.owner();
    // CLOCK_MONOTONIC on both sides: bpf_ktime_get_ns and, on Linux, System.nanoTime.
    Instant at = Instant.now().minusNanos(Math.max(0, System.nanoTime() - event.timeNanos()));
    append(
        "kernel",
        new FlowRecord.Kernel(
            event,
            at,
            names.peer(from),
            names.callee(from, to, event.destination()),
            names.rule(event.generation(), event.rule())));
  }

  /** A connection was reset because it is older than the programs of its container. */
  public void older(int endpoint, OpenSocket socket) {
    record(
        new Event(
            System.nanoTime(),
            endpoint,
            names.peerAt(socket.remote().getAddress()),
            0,
            names.generation(),
            Reason.UNJUDGED_SOCKET.code(),
            KernelVerdict.DENY,
            KernelDirection.EGRESS,
            socket.protocol().number(),
            KernelHook.UNKNOWN,
            Event.Side.NONE,
            socket.local().getAddress(),
            socket.local().getPort(),
            socket.remote().getAddress(),
            socket.remote().getPort(),
            SourceLine.NONE));
  }

  /** What was seen on the wire that an operator should know of. */
  public WireProblems wireProblems() {
    return wireProblems;
  }

  @Override
  public void record(AccessRecord access) {
    wireProblems.record(access);
    var record =
        new FlowRecord.Request(
            access,
            names.peer(access.caller()),
            names.callee(access.caller(), access.callee(), access.destination().getAddress()),
            names.rule(access.verdict().generation(), access.verdict().rule()));
    append("engine", record);
    ended(access.asked().protocol(), access.ending()).inc();
    if (!access.asked().verb().isEmpty()) {
      spoken(access.asked(), VERDICTS.get(verdict(record))).inc();
    }
  }

  private CounterDataPoint spoken(Asked asked, String verdict) {
    return spoken.computeIfAbsent(
        new Spoken(asked.protocol(), asked.verb(), verdict),
        of -> verbs.labelValues(of.protocol(), of.verb(), of.verdict()));
  }

  private static int verdict(FlowRecord record) {
    return record.denied() ? 1 : record.audited() ? 2 : 0;
  }

  private CounterDataPoint ended(String protocol, Ending how) {
    return ended
        .computeIfAbsent(protocol, _ -> new ConcurrentHashMap<>())
        .computeIfAbsent(how, _ -> endings.labelValues(protocol, how.slug()));
  }

  private void append(String by, FlowRecord record) {
    Consumer<FlowReport> other = told;
    if (other != null) {
      other.accept(record.report(0));
    }
    // Whoever began it is who can make many of them.
    flows.append(owner(record.from().endpoint()), record);
    counter(by, record).inc();
    if (record.denied()) {
      count(record.from().endpoint());
      count(record.to().endpoint());
    }
  }

  /** The series of a record, looked up without making its labels anew. */
  private CounterDataPoint counter(String by, FlowRecord record) {
    int reason =
        switch (record) {
          case FlowRecord.Kernel kernel -> kernel.event().reason() & 0xff;
          case FlowRecord.Request request -> request.access().reason().code();
          case FlowRecord.Former former -> former.said().reasonCode() & 0xff;
        };
    int verdict = verdict(record);
    int series = (reason * VERDICTS.size() + verdict) * 2 + (by.equals("engine") ? 1 : 0);
    CounterDataPoint known = counters.get(series);
    if (known == null) {
      String slug = Reason.of(reason).map(Reason::slug).orElse("reason-" + reason);
      known = verdicts.labelValues(by, VERDICTS.get(verdict), slug);
      counters.set(series, known);
    }
    return known;
  }

  /** Address ranges that rules name are parts of the world. */
  private static int owner(int peer) {
    return Peers.isNetwork(peer) ? Peers.WORLD : peer;
  }

  private void count(int endpoint) {
    if (endpoint >= Peers.FIRST_ENDPOINT) {
      if (denied.size() > COUNTED_LIMIT) {
        denied.keySet().retainAll(names.endpoints());
      }
      denied.computeIfAbsent(endpoint, _ -> new LongAdder()).increment();
    }
  }
}
