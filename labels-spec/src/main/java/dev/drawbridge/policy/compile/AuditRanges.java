package dev.drawbridge.policy.compile;

import dev.drawbridge.policy.Ports;
import dev.drawbridge.policy.kernel.L4Verdict;
import dev.drawbridge.policy.kernel.PortRange;
import dev.drawbridge.policy.kernel.PortTable;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/**
 * A side's judgement as the kernel holds it in audit mode: what all rules allow is allowed, what
 * they deny is let pass and recorded, and where the host's rules alone deny or want the engine,
 * they have their way.
 */
final class AuditRanges {
  private AuditRanges() {}

  /**
   * @param closedByHost whether the host's rules deny what none of them speaks of
   */
  static KernelRanges of(PeerPolicy whole, PeerPolicy host, boolean closedByHost) {
    List<PortRange> ranges = new ArrayList<>();
    for (int protocol : PeerPolicy.PROTOCOLS) {
      int top = protocol == Ports.ICMP || protocol == Ports.ICMPV6 ? 0 : Ports.MAX_PORT;
      var cuts = new TreeSet<Integer>(List.of(0));
      for (PeerPolicy one : List.of(whole, host)) {
        for (JudgedSpan span : one.spans()) {
          if (span.protocol() == protocol) {
            cuts.add(span.low());
            cuts.add(span.high() + 1);
          }
        }
      }
      Integer[] starts = cuts.headSet(top, true).toArray(Integer[]::new);
      for (int i = 0; i < starts.length; i++) {
        int low = starts[i];
        int high = i + 1 < starts.length ? starts[i + 1] - 1 : top;
        JudgedSpan all = whole.find(protocol, low);
        JudgedSpan alone = host.find(protocol, low);
        boolean denied = all.verdict() == L4Verdict.DENY;
        boolean firm = denied && alone.verdict() == L4Verdict.DENY;
        L4Verdict verdict =
            denied && alone.verdict() == L4Verdict.ENGINE ? L4Verdict.ENGINE : all.verdict();
        int rule = firm || verdict != all.verdict() ? alone.rule() : all.rule();
        boolean asUnheld =
            verdict == L4Verdict.DENY && all.rule() == 0 && rule == 0 && firm == closedByHost;
        if (!asUnheld) {
          KernelRanges.add(ranges, new PortRange(protocol, low, high, verdict, rule, firm), false);
        }
      }
    }
    if (ranges.size() <= PortTable.MAX_RANGES) {
      return new KernelRanges(ranges, false, false);
    }
    // Beyond the kernel's room the auditing ends, and the host's denials stay.
    List<PortRange> passing = new ArrayList<>();
    for (PortRange range : ranges) {
      if (range.verdict() != L4Verdict.DENY) {
        KernelRanges.add(passing, range, true);
      }
    }
    return new KernelRanges(
        passing.subList(0, Math.min(passing.size(), PortTable.MAX_RANGES)), true, true);
  }
}
