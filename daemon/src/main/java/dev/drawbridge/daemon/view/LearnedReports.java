package dev.drawbridge.daemon.view;

import dev.drawbridge.api.report.NameReport;
import dev.drawbridge.daemon.kernel.LearnedAddresses;
import dev.drawbridge.daemon.node.NodeState;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** What a container has learned of addresses by names, as one reads it. */
final class LearnedReports {
  private static final long SECOND = 1_000_000_000L;

  private LearnedReports() {}

  /** A row for each name of each address, by names and addresses. */
  static List<NameReport> of(NodeState.Container container, List<LearnedAddresses.Known> known) {
    long now = System.nanoTime();
    List<NameReport> rows = new ArrayList<>();
    for (LearnedAddresses.Known one : known) {
      one.untilNanos()
          .forEach((name, until) ->
              rows.add(
                  new NameReport(
                      container.observed().name(),
                      container.endpoint(),
                      name,
                      one.address().getHostAddress(),
                      Math.max(0, Math.ceilDiv(until - now, SECOND)),
                      one.opens())));
    }
    rows.sort(Comparator.comparing(NameReport::name).thenComparing(NameReport::address));
    return rows;
  }
}
