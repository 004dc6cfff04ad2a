package dev.drawbridge.daemon.kernel;

import dev.drawbridge.api.report.StatusReport;
import dev.drawbridge.bpf.abi.Drop;
import dev.drawbridge.policy.Reason;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The kernel's counts of refusals in the words of the API. */
public final class DropCounts {
  private static final String REPEATED = "repeated";

  private DropCounts() {}

  /** The most frequent first. */
  public static List<StatusReport.Drops> of(Map<Drop, Long> counts) {
    return counts.entrySet().stream()
        .map(one ->
            new StatusReport.Drops(
                reason(one.getKey().reason()),
                one.getKey().hook().name().toLowerCase(Locale.ROOT),
                one.getKey().line().toString(),
                one.getValue()))
        .sorted(
            Comparator.comparingLong(StatusReport.Drops::count)
                .reversed()
                .thenComparing(StatusReport.Drops::line)
                .thenComparing(StatusReport.Drops::hook)
                .thenComparing(StatusReport.Drops::reason))
        .toList();
  }

  private static String reason(int code) {
    return code == 0 ? REPEATED : Reason.of(code).map(Reason::slug).orElse("reason-" + code);
  }
}
