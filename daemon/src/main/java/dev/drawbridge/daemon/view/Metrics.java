package dev.drawbridge.daemon.view;

import dev.drawbridge.api.report.StatusReport;
import dev.drawbridge.bpf.EventRing;
import dev.drawbridge.daemon.flow.WireProblems;
import dev.drawbridge.daemon.node.NodeState;
import dev.drawbridge.l7.EngineStats;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.Collection;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** What is read from elsewhere when somebody scrapes. */
public final class Metrics {

  private Metrics() {}

  public static void register(
      PrometheusRegistry registry,
      Supplier<NodeState> state,
      Supplier<EngineStats> engine,
      WireProblems wireProblems,
      Supplier<? extends Collection<?>> down,
      LongSupplier recordsLost,
      EventRing ring,
      Supplier<List<StatusReport.Drops>> drops) {
    GaugeWithCallback.builder()
        .name("drawbridge_policy_generation")
        .help("Policy generation in force.")
        .callback(callback -> callback.call((double) state.get().policy().generation()))
        .register(registry);
    GaugeWithCallback.builder()
        .name("drawbridge_endpoints")
        .help("Containers known, by whether they are attached.")
        .labelNames("attached")
        .callback(callback -> {
          long all = state.get().containers().size();
          long attached =
              state.get().containers().values().stream()
                  .filter(container -> container.attached().isPresent())
                  .count();
          callback.call((double) attached, "true");
          callback.call((double) (all - attached), "false");
        })
        .register(registry);
    GaugeWithCallback.builder()
        .name("drawbridge_problems")
        .help("Problems that an operator should know of now.")
        .callback(callback -> {
          NodeState now = state.get();
          callback.call(
              (double) (now.problems().size() + wireProblems.of(now).size() + down.get().size()));
        })
        .register(registry);
    GaugeWithCallback.builder()
        .name("drawbridge_engine_connections")
        .help("Client connections that the engine holds.")
        .callback(callback -> callback.call((double) engine.get().connections()))
        .register(registry);
    GaugeWithCallback.builder()
        .name("drawbridge_engine_held_bytes")
        .help("What peers make the engine hold, as it counts it against its budget.")
        .callback(callback -> callback.call((double) engine.get().heldBytes()))
        .register(registry);
    CounterWithCallback.builder()
        .name("drawbridge_engine_limited_total")
        .help("Connections refused or ended because of a limit of connections or memory.")
        .callback(callback -> callback.call((double) engine.get().limited()))
        .register(registry);
    CounterWithCallback.builder()
        .name("drawbridge_records_lost_total")
        .help(
            "Records of kernel and engine that went before older ones of others, because their"
                + " sender had more than its part of the log; the verdicts held.")
        .callback(callback -> callback.call((double) recordsLost.getAsLong()))
        .register(registry);
    CounterWithCallback.builder()
        .name("drawbridge_engine_requests_total")
        .help("Requests that the engine read, whatever became of them.")
        .callback(callback -> callback.call((double) engine.get().requests()))
        .register(registry);
    CounterWithCallback.builder()
        .name("drawbridge_engine_bytes_total")
        .help("Bytes of requests read and of responses written by the engine.")
        .labelNames("direction")
        .callback(callback -> {
          callback.call((double) engine.get().requestBytes(), "request");
          callback.call((double) engine.get().responseBytes(), "response");
        })
        .register(registry);
    GaugeWithCallback.builder()
        .name("drawbridge_kernel_records_read")
        .help("1 while the kernel's records are read, 0 after a failure that a restart mends.")
        .callback(callback -> callback.call(ring.reading() ? 1 : 0))
        .register(registry);
    CounterWithCallback.builder()
        .name("drawbridge_kernel_records_lost_total")
        .help(
            "Verdicts of the kernel without a record, because the ring was full or the container's"
                + " budget of records spent; the verdicts held.")
        .callback(callback -> callback.call((double) ring.lost()))
        .register(registry);
    CounterWithCallback.builder()
        .name("drawbridge_kernel_drops_total")
        .help(
            "Packets and calls that the programs refused since the agent's start, recorded or not,"
                + " by reason and by the line that refused.")
        .labelNames("reason", "hook", "line")
        .callback(callback ->
            drops
                .get()
                .forEach(one ->
                    callback.call((double) one.count(), one.reason(), one.hook(), one.line())))
        .register(registry);
  }
}
