package dev.drawbridge.api;

import dev.drawbridge.api.report.FlowReport;
import java.util.List;

/**
 * Reads records one lot after another, so that nobody has to hold all of them at once. For one
 * reader at a time; never waits.
 */
@FunctionalInterface
public interface FlowReader {
  /** At most that many of the next records, oldest first; none once there is nothing more. */
  List<FlowReport> next(int most);

  /** Of records that are there already. */
  static FlowReader of(List<FlowReport> flows) {
    return new FlowReader() {
      private int at;

      @Override
      public List<FlowReport> next(int most) {
        int from = at;
        at = Math.min(flows.size(), from + most);
        return List.copyOf(flows.subList(from, at));
      }
    };
  }
}
