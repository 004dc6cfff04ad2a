package dev.drawbridge.api;

import dev.drawbridge.api.report.EndpointReport;
import dev.drawbridge.api.report.FlowReport;
import dev.drawbridge.api.report.NameReport;
import dev.drawbridge.api.report.ProblemReport;
import dev.drawbridge.api.report.StatusReport;
import dev.drawbridge.policy.ask.Asked;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.List;
import java.util.function.Consumer;

/**
 * What the agent shows of itself: the port that the daemon implements and {@code ApiServer} reads.
 *
 * <p>Every method is called from the server's own worker threads, several at a time. It must answer
 * from a snapshot, without waiting for the kernel, the container engine or a lock that the data
 * path takes. An unchecked exception becomes an answer 500 and a log line.
 */
public interface AgentView {

  StatusReport status();

  /**
   * Every endpoint the agent knows, also the ones it could not attach to, in the order of their
   * numbers. Reports may be made as they are asked for, so that not all exist at once.
   */
  List<EndpointReport> endpoints();

  /** What would happen to this connection or request now, by the policy generation in force. */
  VerdictResult verdict(Asked asked);

  /**
   * The newest {@code last} records that the filter passes, oldest first. {@link FlowLog#last} is
   * this method.
   */
  List<FlowReport> flows(FlowFilter filter, int last);

  /** The same records, read one lot after another. {@link FlowLog#reader} is this method. */
  default FlowReader reader(FlowFilter filter, int last) {
    return FlowReader.of(flows(filter, last));
  }

  /**
   * Every record from now on, until the subscription is closed. The consumer never blocks and never
   * throws. {@link FlowLog#follow} is this method.
   */
  Subscription follow(Consumer<FlowReport> sink);

  List<ProblemReport> problems();

  /**
   * What containers have learned of addresses by names, in the order of containers, names and
   * addresses.
   *
   * @param container that one's alone, by its name; everybody's if it is empty
   */
  List<NameReport> names(String container);

  /** A scrape of the agent's registry: {@code registry.scrape()}. */
  MetricSnapshots metrics();

  /**
   * Whether this caller is answered at all. Asked once a connection, on the server's own thread,
   * and may take a few milliseconds; what it throws is a refusal.
   */
  default boolean admits(Caller caller) {
    return true;
  }

  /** Ends a {@link #follow}. Closing twice is harmless. */
  interface Subscription extends AutoCloseable {
    @Override
    void close();
  }
}
